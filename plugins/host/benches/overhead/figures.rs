//! Threads, memory, and what happens once: read from `/proc`, and printed.

#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use explainer_core::ports::IssueSource as _;
use explainer_plugin_host::PluginSource;
use futures::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::{allowed, load};

/// How often what happens once is made to happen; the median counts.
const TIMES: usize = 15;

/// Measures and prints.
pub(crate) fn print() {
    let runtime = Runtime::new().unwrap();
    println!("1000 calls of 50 ms in flight at once, and what they take beside that:");
    in_flight(&runtime, "in the host", false);
    in_flight(&runtime, "in a child", true);
    let size = fs::metadata(allowed().path).unwrap().len() >> 10;
    println!("\nonce, the median of {TIMES}:");
    let loaded = median(|| _ = load(&runtime, false));
    println!(
        "  {loaded:>10.1?}  to load a library of {size} KiB: hash, sealed copy, open, manifest"
    );
    replaced(&runtime);
    println!();
}

fn in_flight(runtime: &Runtime, name: &str, in_child: bool) {
    let (others, nothing_open) = (children(), Standing::of(&[std::process::id()]));
    let source = open(runtime, in_child, 50);
    // Those of this process, and of the child that the source has to itself.
    let mut processes: Vec<u32> = children().difference(&others).copied().collect();
    processes.push(std::process::id());
    let most = Most::default();
    let (mut took, mut before) = (Duration::MAX, Standing::default());
    thread::scope(|scope| {
        let (tell, first) = mpsc::channel();
        let (most, processes) = (&most, &processes);
        scope.spawn(move || most.watch(processes, &tell));
        // The thread that watches is counted too, here as in all that follows.
        before = first.recv().unwrap();
        for _ in 0..5 {
            let start = Instant::now();
            let calls = (0..1000).map(|_| source.projects());
            let answers = runtime.block_on(join_all(calls));
            assert!(answers.iter().all(Result::is_ok));
            took = took.min(start.elapsed());
        }
        most.over.store(true, Ordering::Relaxed);
    });
    let (threads, kib) = (
        most.threads.load(Ordering::Relaxed) - 1,
        most.kib.load(Ordering::Relaxed),
    );
    println!(
        "  {took:>10.1?}  {name}: {} threads before the source was opened, {} before the calls, \
         {threads} at most; {} KiB of memory more than before the calls",
        nothing_open.threads,
        before.threads - 1,
        kib.saturating_sub(before.kib)
    );
}

/// A child is killed, and the next call is answered by another one.
fn replaced(runtime: &Runtime) {
    let others = children();
    let source = open(runtime, true, 0);
    let mut kib = 0;
    let took = median(|| {
        let child = *children().difference(&others).next().unwrap();
        kib = Standing::of(&[child]).kib;
        let child = Pid::from_raw(child.cast_signed()).unwrap();
        kill_process(child, Signal::KILL).unwrap();
        // The calls that are inside when it dies are lost.
        while runtime.block_on(source.projects()).is_err() {}
    });
    println!("  {took:>10.1?}  to replace a child that was killed, which takes {kib} KiB");
}

/// The rogue with good manners, opened and asked once.
fn open(runtime: &Runtime, in_child: bool, delay_ms: u64) -> PluginSource {
    let source = load(runtime, in_child).source(&json!({ "delay_ms": delay_ms }));
    runtime.block_on(source.projects()).unwrap();
    source
}

fn median(mut deed: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..TIMES)
        .map(|_| {
            let start = Instant::now();
            deed();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[TIMES / 2]
}

/// What processes have at a moment.
#[derive(Debug, Default, Clone, Copy)]
struct Standing {
    threads: u64,
    kib: u64,
}

impl Standing {
    fn of(processes: &[u32]) -> Self {
        let mut all = Self::default();
        for process in processes {
            // One that has just ended has nothing.
            let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            let figure = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                let figure = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
                figure.unwrap_or(0)
            };
            all.threads += figure("Threads:");
            all.kib += figure("VmRSS:");
        }
        all
    }
}

/// The most there was while it was watched.
#[derive(Default)]
struct Most {
    threads: AtomicU64,
    kib: AtomicU64,
    over: AtomicBool,
}

impl Most {
    fn watch(&self, processes: &[u32], tell: &mpsc::Sender<Standing>) {
        tell.send(Standing::of(processes)).unwrap();
        while !self.over.load(Ordering::Relaxed) {
            let now = Standing::of(processes);
            self.threads.fetch_max(now.threads, Ordering::Relaxed);
            self.kib.fetch_max(now.kib, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The processes that this one has started and that have not ended.
fn children() -> BTreeSet<u32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // After the name, in which anything may stand: the state and the parent.
        let mut rest = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let state = rest.next();
        let parent = rest.next().and_then(|it| it.parse().ok());
        state != Some("Z") && parent == Some(std::process::id())
    };
    processes.filter(is_child).collect()
}
