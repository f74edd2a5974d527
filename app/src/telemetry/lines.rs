//! The way of log lines to standard error.
//!
//! To write wakes whoever reads, which takes longer than all else about a line. So where there are
//! many in a moment, all but the first few wait for it to be over and are written together. A
//! warning or an error never waits. What waits is lost when the process is killed.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits at most.
const MOMENT: Duration = Duration::from_millis(50);
/// How many lines of one moment do not wait.
const FEW: u32 = 16;
/// How much waits at most, in bytes.
const ROOM: usize = 32 * 1024;

/// Takes lines. Cheap to clone: clones write to the same place.
#[derive(Debug, Clone)]
pub(super) struct Lines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Told when a line begins to wait.
    some: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// When the moment began, and how many lines there were in it.
    moment: Option<(Instant, u32)>,
}

/// One line of the log.
#[derive(Debug)]
pub(super) struct Line<'a> {
    to: &'a Shared,
    may_wait: bool,
}

impl Lines {
    /// Starts the thread that writes what has waited.
    pub(super) fn start() -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let lines = Self(shared.clone());
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || shared.write_what_waited())?;
        Ok(lines)
    }

    /// Writes whatever waits.
    pub(super) fn flush(&self) {
        self.0.locked().write();
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            to: &self.0,
            may_wait: false,
        }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line<'a> {
        Line {
            to: &self.0,
            may_wait: *of.level() > Level::WARN,
        }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.to.locked();
        let is_first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        if waiting.count() <= FEW || !self.may_wait || waiting.lines.len() >= ROOM {
            waiting.write();
        } else if is_first {
            self.to.some.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For ever: each time that lines begin to wait, writes them a moment later.
    fn write_what_waited(&self) {
        loop {
            let waiting = self.locked();
            let some = self.some.wait_while(waiting, |it| it.lines.is_empty());
            drop(some);
            thread::sleep(MOMENT);
            self.locked().write();
        }
    }
}

impl Waiting {
    /// Which line of its moment this is, from 1.
    fn count(&mut self) -> u32 {
        let now = Instant::now();
        let moment = self.moment.get_or_insert((now, 0));
        if now.duration_since(moment.0) >= MOMENT {
            *moment = (now, 0);
        }
        moment.1 += 1;
        moment.1
    }

    fn write(&mut self) {
        // Where nobody reads, nobody misses it.
        let _ = io::stderr().write_all(&self.lines);
        self.lines.clear();
    }
}
