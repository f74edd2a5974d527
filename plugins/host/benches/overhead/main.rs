//! What the boundary costs, beside the same answer from a source in the program itself, and beside
//! a bare hop to another runtime and back.
//!
//! `cargo bench -p explainer-plugin-host` measures them in one run; what counts is the ratio. Single
//! calls are measured on one core: to wake a core that sleeps takes longer than all the rest, and
//! differs from machine to machine. Before them come figures that no ratio is made of: threads,
//! memory, and what happens once (`figures`).
//! This program is its own child: started as `… plugin run`, it runs the plugin.

#![expect(
    clippy::unwrap_used,
    reason = "a bench may stop at what it did not expect"
)]

mod figures;

use std::{env, process::ExitCode, sync::Arc, thread, time::Duration};

use async_trait::async_trait;
use criterion::{BatchSize, Criterion};
use explainer_core::{
    Result,
    domain::{Event, Issue, IssueQuery, Page, Project},
    ports::{IssueSource, SourceStatus},
};
use explainer_plugin_host::{
    Allowed, ChildProgram, Isolation, Options, Plugin, PluginSource, child, digest_of,
};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::json;
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

/// The sizes of an event, in bytes.
const SIZES: [usize; 2] = [2_000, 100_000];

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().collect();
    if let [_, plugin, run, digest, level, library] = &arguments[..]
        && (plugin.as_str(), run.as_str()) == ("plugin", "run")
    {
        return child::run(child::Arguments {
            digest: digest.parse().unwrap(),
            level: level.parse().unwrap(),
            library: library.into(),
        });
    }
    // First: what has run before leaves threads.
    figures::print();
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    on_one_core(|| {
        bare_hop(&mut criterion);
        one_call(&mut criterion);
    });
    many_calls(&mut criterion);
    opening(&mut criterion);
    criterion.final_summary();
    ExitCode::SUCCESS
}

/// A source in the program, with the event that the plugin has.
#[derive(Debug)]
struct Direct(Vec<Event>);

#[async_trait]
impl IssueSource for Direct {
    async fn check(&self) -> Result<SourceStatus> {
        Ok(SourceStatus::default())
    }

    async fn projects(&self) -> Result<Vec<Project>> {
        Ok(Vec::new())
    }

    async fn issues(&self, _: &IssueQuery) -> Result<Page<Issue>> {
        Ok(Page {
            items: Vec::new(),
            next: None,
            prev: None,
        })
    }

    async fn issue(&self, _: &str) -> Result<Option<Issue>> {
        Ok(None)
    }

    async fn events(&self, _: &str, _: u16) -> Result<Vec<Event>> {
        Ok(self.0.clone())
    }
}

/// The rogue with good manners: it has an event of the size it is told.
fn allowed() -> Allowed {
    let path = env::current_exe().unwrap();
    let path = path.with_file_name("libexplainer_plugin_rogue.so");
    let path = env::var_os("BENCH_PLUGIN").map_or(path, Into::into);
    Allowed {
        digest: digest_of(&path).unwrap(),
        path,
    }
}

fn load(runtime: &Runtime, in_child: bool) -> Arc<Plugin> {
    let isolation = if in_child {
        Isolation::Process(ChildProgram {
            path: env::current_exe().unwrap(),
            arguments: ["plugin", "run"].map(str::to_owned).into(),
        })
    } else {
        Isolation::InProcess
    };
    let options = Options {
        isolation,
        call_timeout: Duration::from_secs(30),
        http: None,
    };
    runtime.block_on(Plugin::load(allowed(), options)).unwrap()
}

fn open(runtime: &Runtime, size: usize, in_child: bool) -> PluginSource {
    let source = load(runtime, in_child).source(&json!({ "size": size }));
    runtime.block_on(source.events("1", 1)).unwrap();
    source
}

/// Lets this thread, and the threads and children it starts, run on one core only.
fn on_one_core(measure: impl FnOnce()) {
    let all = sched_getaffinity(None).unwrap();
    let first = (0..CpuSet::MAX_CPU).find(|core| all.is_set(*core)).unwrap();
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).unwrap();
    measure();
    sched_setaffinity(None, &all).unwrap();
}

/// To a runtime of one thread and back, with nothing to do there: what no call over a boundary of
/// two runtimes is quicker than.
fn bare_hop(criterion: &mut Criterion) {
    let here = Runtime::new().unwrap();
    let there = Builder::new_current_thread().build().unwrap();
    let handle = there.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = thread::spawn(move || there.block_on(stopped));
    criterion.bench_function("a bare hop to another runtime and back", |bench| {
        bench.iter(|| {
            let (tell, told) = oneshot::channel();
            handle.spawn(async { tell.send(()).unwrap() });
            here.block_on(told).unwrap();
        });
    });
    stop.send(()).unwrap();
    thread.join().unwrap().unwrap();
}

fn one_call(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    for size in SIZES {
        let here = open(&runtime, size, false);
        let there = open(&runtime, size, true);
        let direct = Direct(runtime.block_on(here.events("1", 1)).unwrap());
        let mut group = criterion.benchmark_group(format!("an event of {} KB", size / 1000));
        let mut measure = |name: &str, source: &dyn IssueSource| {
            group.bench_function(name, |bench| {
                bench.iter(|| runtime.block_on(source.events("1", 1)).unwrap());
            });
        };
        measure("direct", &direct);
        measure("in the host", &here);
        measure("in a child", &there);
        let mut raw = |name: &str, source: &PluginSource| {
            let payload = br#"{"issue":"1","limit":1}"#;
            group.bench_function(name, |bench| {
                bench.iter(|| {
                    runtime
                        .block_on(source.call("events", payload.to_vec()))
                        .unwrap()
                });
            });
        };
        raw("in the host, bytes alone", &here);
        raw("in a child, bytes alone", &there);
        group.finish();
    }
}

fn many_calls(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("1000 calls of 50 ms");
    group.sample_size(10);
    group.bench_function("a timer", |bench| {
        bench.iter(|| {
            runtime.block_on(async { tokio::time::sleep(Duration::from_millis(50)).await });
        });
    });
    for (name, in_child) in [("in the host", false), ("in a child", true)] {
        let source = load(&runtime, in_child).source(&json!({"delay_ms": 50}));
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let calls = (0..1000).map(|_| source.projects());
                let answers = runtime.block_on(futures::future::join_all(calls));
                assert!(answers.iter().all(Result::is_ok));
            });
        });
    }
    group.finish();
}

/// From nothing to the first answer, as after a crash.
fn opening(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("opening a source");
    group.sample_size(10);
    for (name, in_child) in [("in the host", false), ("in a child", true)] {
        let plugin = load(&runtime, in_child);
        let mut number = 0;
        group.bench_function(name, |bench| {
            bench.iter_batched(
                || {
                    number += 1;
                    plugin.source(&json!({ "number": number }))
                },
                |source| runtime.block_on(source.check()).unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}
