//! A library in a process of its own, from the inside: what `explainer plugin run` does.
//!
//! Frames go over what were standard input and output; these themselves are put out of the
//! plugin's way first. Then the process limits itself, and only then loads anything.

use std::{
    fs::File,
    io::{self, BufReader},
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use explainer_core::{Error, ErrorKind};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::{Errno, fcntl_dupfd_cloexec},
    process::{Resource, Rlimit, Signal, getpid, kill_process, setrlimit},
    stdio::{dup2_stdin, dup2_stdout, stderr, stdin, stdout},
    thread::set_no_new_privs,
};

use crate::{
    allow::{Allowed, Digest, MAX_LIBRARY},
    engine::{Caller, Engine},
    frames::{Command, Report},
    registry::Sink,
};

/// The size that pipes are given, in bytes: the most an ordinary user may ask for.
pub(crate) const PIPE_SIZE: usize = 1024 * 1024;
/// How much address space a child may use: the stacks and heaps of many threads are reserved long
/// before they are used.
const MAX_MEMORY: u64 = 4 * 1024 * 1024 * 1024;
/// How many files a child may have open.
const MAX_FILES: u64 = 256;
/// How large a file a child may write; the sealed copy of the largest library must fit.
const MAX_FILE: u64 = MAX_LIBRARY;
/// How long instances may take to end once the host has gone.
const END: Duration = Duration::from_secs(1);

/// What the host tells a child.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// What the library must contain.
    pub digest: Digest,
    /// The highest level of the log that is kept.
    pub level: i32,
    /// The library.
    pub library: PathBuf,
}

/// Loads a library and serves the host until it closes the pipe.
///
/// The environment is not emptied in here but by the host that starts the child.
pub fn run(arguments: Arguments) -> ExitCode {
    let Ok((from, to)) = take_pipes() else {
        return ExitCode::FAILURE;
    };
    limit();
    if end_with_host(&from).is_err() {
        return ExitCode::FAILURE;
    }
    let allowed = Allowed {
        digest: arguments.digest,
        path: arguments.library,
    };
    let output = Output {
        pipe: Mutex::new(File::from(to)),
        level: arguments.level,
    };
    // The table goes to the library with the engine, so the way out is needed before and after.
    let output = std::sync::Arc::new(output);
    match Engine::load(&allowed, Caller::Itself, Out(output.clone())) {
        Ok(engine) => {
            output.write(&Report::Hello {
                capabilities: engine.capabilities(),
                manifest: serde_json::to_vec(engine.manifest()).unwrap_or_default(),
            });
            serve(&engine, from);
            engine.wait_idle(END);
        }
        Err(error) => output.write(&refused(&error)),
    }
    end();
    ExitCode::FAILURE
}

/// Not `exit`: destructors of the library would run beside its threads.
fn end() {
    let _ = kill_process(getpid(), Signal::KILL);
}

/// Ends this process when the host has gone, also while a library keeps the thread that reads.
fn end_with_host(from: &OwnedFd) -> io::Result<()> {
    let from = from.try_clone()?;
    let watch = move || {
        let hangs_up = &mut [PollFd::new(&from, PollFlags::empty())];
        while poll(hangs_up, None) == Err(Errno::INTR) {}
        // What ends in order is given its time.
        thread::sleep(2 * END);
        end();
    };
    let watcher = thread::Builder::new().name("watch-host".to_owned());
    watcher.spawn(watch).map(drop)
}

fn serve(engine: &Engine, from: OwnedFd) {
    let mut from = BufReader::with_capacity(64 * 1024, File::from(from));
    while let Ok(Some(command)) = Command::read(&mut from) {
        engine.run(command);
    }
}

/// Moves the pipes to where a plugin that prints does not find them.
fn take_pipes() -> io::Result<(OwnedFd, OwnedFd)> {
    let from = fcntl_dupfd_cloexec(stdin(), 3)?;
    let to = fcntl_dupfd_cloexec(stdout(), 3)?;
    let nothing = File::open("/dev/null")?;
    dup2_stdin(nothing.as_fd())?;
    dup2_stdout(stderr())?;
    Ok((from, to))
}

/// Takes from this process what no source needs. Where the kernel refuses, it stays as it is.
fn limit() {
    let limits = [
        (Resource::Core, 0),
        (Resource::As, MAX_MEMORY),
        (Resource::Nofile, MAX_FILES),
        (Resource::Fsize, MAX_FILE),
    ];
    for (resource, most) in limits {
        let most = Some(most);
        let _ = setrlimit(
            resource,
            Rlimit {
                current: most,
                maximum: most,
            },
        );
    }
    let _ = set_no_new_privs(true);
}

/// The way to the host.
struct Output {
    pipe: Mutex<File>,
    level: i32,
}

impl Output {
    fn write(&self, report: &Report) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        // A host that is gone ends this process by closing the other pipe.
        let _ = report.write(&mut *pipe);
    }
}

struct Out(std::sync::Arc<Output>);

impl Sink for Out {
    fn take(&self, report: Report) {
        self.0.write(&report);
    }

    fn log_enabled(&self, level: i32) -> bool {
        (1..=self.0.level).contains(&level)
    }

    fn has_http(&self) -> bool {
        true
    }
}

/// The kinds of error that loading can end with, as numbers.
const KINDS: [ErrorKind; 5] = [
    ErrorKind::NotFound,
    ErrorKind::Forbidden,
    ErrorKind::Invalid,
    ErrorKind::Unsupported,
    ErrorKind::Unavailable,
];

fn refused(error: &Error) -> Report {
    let code = KINDS.iter().position(|kind| *kind == error.kind());
    Report::Refused {
        code: code.and_then(|at| i32::try_from(at).ok()).unwrap_or(-1),
        why: error.message().to_owned(),
    }
}

pub(crate) fn kind_of(code: i32) -> ErrorKind {
    let at = usize::try_from(code).ok();
    let kind = at.and_then(|at| KINDS.get(at).copied());
    kind.unwrap_or(ErrorKind::Unavailable)
}
