//! Standard error, written to in batches: a busy service logs a line for each request, and a system
//! call for each would be a fifth of what the request takes.

use std::{
    io::{self, Write},
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long lines are gathered, at most; what is killed meanwhile loses them.
const GATHER: Duration = Duration::from_millis(5);

/// Who logs faster than that is written waits.
const MAX_WAITING: usize = 1 << 20;

static WAITING: Mutex<Waiting> = Mutex::new(Waiting {
    lines: Vec::new(),
    is_served: false,
});
static ARRIVED: Condvar = Condvar::new();
/// Held by whoever writes, so that lines stay in their order.
static WRITING: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Waiting {
    lines: Vec<u8>,
    /// Whether there is a thread that writes them.
    is_served: bool,
}

/// Writes lines to standard error: warnings and errors at once, others soon.
pub(super) struct Written;

/// Starts the thread that writes.
pub(super) fn start() {
    let writer = thread::Builder::new().name("log".to_owned());
    // Without it every line is written at once.
    locked(&WAITING).is_served = writer.spawn(write_all).is_ok();
}

/// Writes what waits; for whoever is about to end the process.
pub(crate) fn flush() {
    let mut writing = locked(&WRITING);
    mem::swap(&mut *writing, &mut locked(&WAITING).lines);
    // There is nobody left to tell when this fails.
    let _ = io::stderr().write_all(&writing);
    writing.clear();
}

fn write_all() {
    loop {
        let waiting = locked(&WAITING);
        let arrived = ARRIVED.wait_while(waiting, |waiting| waiting.lines.is_empty());
        drop(arrived);
        thread::sleep(GATHER);
        flush();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { at_once: true }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line {
        Line {
            at_once: *of.level() <= Level::WARN,
        }
    }
}

/// One line.
pub(super) struct Line {
    at_once: bool,
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = locked(&WAITING);
        let is_first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        let at_once = self.at_once || !waiting.is_served || waiting.lines.len() > MAX_WAITING;
        drop(waiting);
        if at_once {
            flush();
        } else if is_first {
            ARRIVED.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
