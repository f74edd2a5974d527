//! What can only be seen from inside the process that a plugin runs in.
//!
//! A probe loads the library, does one thing with it, and says what is wrong in a file: both
//! standard streams may be the plugin's.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use explainer_plugin_sdk::abi;

use crate::{
    allow::{Allowed, Digest},
    calls::next_id,
    engine::{Caller, Engine},
    frames::{Command, Report},
    registry::Sink,
};

/// How long anything may take that ought to be quick.
const PATIENCE: Duration = Duration::from_secs(20);
/// How much memory may be gained in a hundred openings, in KiB: allocators keep some.
const MAX_GROWTH: u64 = 4096;

/// One thing to try.
pub(super) struct Probe {
    pub name: &'static str,
    pub words: &'static str,
    run: fn(&Inside) -> Result<(), String>,
}

pub(super) const PROBES: &[Probe] = &[
    Probe {
        name: "once",
        words: "every call ends exactly once, also one that was cancelled",
        run: once,
    },
    Probe {
        name: "threads",
        words: "closing a source ends its threads",
        run: threads,
    },
    Probe {
        name: "leaks",
        words: "opening and closing again and again keeps no memory and no files",
        run: leaks,
    },
    Probe {
        name: "signals",
        words: "signal handlers stay as they were",
        run: signals,
    },
    Probe {
        name: "exit",
        words: "the process can end with calls in flight",
        run: exit,
    },
];

/// What a probe is told.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// Which probe.
    pub name: String,
    /// What the library must contain.
    pub digest: Digest,
    /// Where to write what is wrong.
    pub reason: PathBuf,
    /// The settings, as JSON.
    pub settings: String,
    /// The library.
    pub library: PathBuf,
}

/// Runs a probe.
pub fn run(arguments: &Arguments) -> ExitCode {
    let outcome = PROBES
        .iter()
        .find(|probe| probe.name == arguments.name)
        .ok_or_else(|| "there is no such probe".to_owned())
        .and_then(|probe| (probe.run)(&Inside::load(arguments)?));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = fs::write(&arguments.reason, why);
            ExitCode::FAILURE
        }
    }
}

/// A library in this process, and what it has said.
struct Inside {
    engine: Engine,
    ends: Arc<Ends>,
    settings: Vec<u8>,
    signals_before: Vec<String>,
}

/// The statuses each call ended with.
#[derive(Default)]
struct Ends {
    by_id: Mutex<HashMap<u64, Vec<i32>>>,
    bell: Condvar,
}

impl Ends {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Vec<i32>>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Recorder(Arc<Ends>);

impl Sink for Recorder {
    fn take(&self, report: Report) {
        if let Report::Complete { id, status, .. } = report {
            self.0.lock().entry(id).or_default().push(status);
            self.0.bell.notify_all();
        }
    }

    fn log_enabled(&self, _: i32) -> bool {
        false
    }

    fn has_http(&self) -> bool {
        false
    }
}

impl Inside {
    fn load(arguments: &Arguments) -> Result<Self, String> {
        let signals_before = signal_masks();
        let ends = Arc::<Ends>::default();
        let allowed = Allowed {
            digest: arguments.digest,
            path: arguments.library.clone(),
        };
        let engine = Engine::load(&allowed, Caller::Thread, Recorder(ends.clone()));
        Ok(Self {
            engine: engine.map_err(|error| error.to_string())?,
            ends,
            settings: arguments.settings.clone().into_bytes(),
            signals_before,
        })
    }

    fn open(&self, instance: u64) -> Result<(), String> {
        let id = next_id();
        self.engine.run(Command::Create {
            id,
            instance,
            settings: self.settings.clone(),
        });
        match self.wait(id)? {
            abi::EXPLAINER_OK => Ok(()),
            status => Err(format!("it cannot be opened: status {status}")),
        }
    }

    fn begin(&self, instance: u64, method: &str) -> u64 {
        let id = next_id();
        self.engine.run(Command::Call {
            id,
            instance,
            method: method.to_owned(),
            timeout_ms: 10_000,
            payload: br#"{"query":"","limit":1,"id":"1","issue":"1"}"#.to_vec(),
        });
        id
    }

    fn close(&self, instance: u64) {
        self.engine.run(Command::Destroy { instance });
        self.engine.wait_idle(PATIENCE);
    }

    /// The status that a call ends with.
    fn wait(&self, id: u64) -> Result<i32, String> {
        let end = Instant::now() + PATIENCE;
        let mut ends = self.ends.lock();
        loop {
            if let Some(status) = ends.get(&id).and_then(|it| it.first()) {
                return Ok(*status);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!(
                    "a call did not end within {} s",
                    PATIENCE.as_secs()
                ));
            }
            let waited = self.ends.bell.wait_timeout(ends, left);
            ends = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

fn once(inside: &Inside) -> Result<(), String> {
    inside.open(1)?;
    let mut ids = Vec::new();
    for round in 0..64 {
        for method in ["check", "issues", "issue", "events", "no-such-method"] {
            let id = inside.begin(1, method);
            if round % 2 == 1 {
                inside.engine.run(Command::Cancel { id, instance: 1 });
            }
            ids.push(id);
        }
    }
    for id in &ids {
        inside.wait(*id)?;
    }
    inside.close(1);
    match inside.engine.strays() {
        0 => Ok(()),
        strays => Err(format!(
            "it ended {strays} calls that it does not owe, such as one twice"
        )),
    }
}

fn threads(inside: &Inside) -> Result<(), String> {
    let before = threads_of_others();
    inside.open(1)?;
    inside.open(2)?;
    let call = inside.begin(1, "issues");
    inside.wait(call)?;
    inside.close(1);
    inside.close(2);
    let end = Instant::now() + Duration::from_secs(2);
    loop {
        let after = threads_of_others();
        if after.len() <= before.len() {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!(
                "these threads are left: {after:?}; before: {before:?}"
            ));
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn leaks(inside: &Inside) -> Result<(), String> {
    let rounds = |count| -> Result<(u64, usize), String> {
        for _ in 0..count {
            inside.open(1)?;
            let call = inside.begin(1, "issues");
            inside.wait(call)?;
            inside.close(1);
        }
        Ok((resident_kib(), open_files()))
    };
    let (memory_before, files_before) = rounds(50)?;
    let (memory, files) = rounds(100)?;
    let growth = memory.saturating_sub(memory_before);
    if growth > MAX_GROWTH {
        return Err(format!("memory grew by {growth} KiB in 100 openings"));
    }
    if files > files_before {
        return Err(format!("{} files stayed open", files - files_before));
    }
    Ok(())
}

fn signals(inside: &Inside) -> Result<(), String> {
    inside.open(1)?;
    let call = inside.begin(1, "issues");
    inside.wait(call)?;
    inside.close(1);
    let after = signal_masks();
    if after == inside.signals_before {
        return Ok(());
    }
    Err(format!(
        "they were {:?} and are {after:?}",
        inside.signals_before
    ))
}

fn exit(inside: &Inside) -> Result<(), String> {
    inside.open(1)?;
    for _ in 0..64 {
        inside.begin(1, "issues");
    }
    // The process ends when this returns, with whatever is under way.
    Ok(())
}

/// The names of all threads but those that call in.
fn threads_of_others() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    let names = names.map(|name| name.trim().to_owned());
    names.filter(|name| name != "plugin-calls").collect()
}

/// Which signals are blocked, ignored and caught, but for the two that the C library keeps to
/// itself and takes when the first thread starts (32 and 33).
fn signal_masks() -> Vec<String> {
    const THE_LIBRARY_S: u64 = 0b11 << 31;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = |line: &str| {
        let (name, mask) = line.split_once(':')?;
        let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
        let known = ["SigBlk", "SigIgn", "SigCgt"].contains(&name);
        known.then(|| format!("{name} {:x}", mask & !THE_LIBRARY_S))
    };
    status.lines().filter_map(mask).collect()
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or_default()
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").into_iter().flatten().count()
}
