//! The threads that call into a library.
//!
//! A library's `call` ought to return at once, and one that does not must not hold up the host:
//! so it is called on threads of its own, a bounded number of them, started when all that there
//! are are busy and ended when they have been idle for a while. A thread that never comes back
//! stays lost, and is told of once all are.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How long an idle thread stays.
const IDLE: Duration = Duration::from_secs(10);
/// How many jobs may wait.
const MAX_QUEUE: usize = 4096;

type Job = Box<dyn FnOnce() + Send>;

/// A bounded number of threads.
#[derive(Clone)]
pub(crate) struct Threads(Arc<Inner>);

struct Inner {
    most: usize,
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

/// There is no room for another job.
#[derive(Debug)]
pub(crate) struct Busy;

impl Threads {
    /// At most `most` threads; none is started yet.
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Inner {
            most,
            state: Mutex::default(),
            bell: Condvar::new(),
        }))
    }

    /// Runs `job` on one of the threads, when one is free.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Busy> {
        let mut state = self.0.lock();
        if state.jobs.len() >= MAX_QUEUE {
            return Err(Busy);
        }
        state.jobs.push_back(Box::new(job));
        if state.idle >= state.jobs.len() {
            drop(state);
            self.0.bell.notify_one();
        } else if state.threads < self.0.most && self.start() {
            state.threads += 1;
        } else if state.threads == 0 {
            state.jobs.pop_back();
            return Err(Busy);
        }
        Ok(())
    }

    /// Waits until nothing is left to do, for `limit` at most.
    pub(crate) fn wait_idle(&self, limit: Duration) {
        let end = Instant::now() + limit;
        let mut state = self.0.lock();
        while !state.jobs.is_empty() || state.idle < state.threads {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            // Threads do not ring for this, so it looks now and then.
            let nap = left.min(Duration::from_millis(10));
            state = match self.0.bell.wait_timeout(state, nap) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn start(&self) -> bool {
        let inner = self.0.clone();
        let named = thread::Builder::new().name("plugin-calls".to_owned());
        named.spawn(move || inner.work()).is_ok()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                job();
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let (woken, waited) = match self.bell.wait_timeout(state, IDLE) {
                Ok(woken) => woken,
                Err(poisoned) => poisoned.into_inner(),
            };
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && state.jobs.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Threads(at most {})", self.0.most)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_stuck_thread_holds_up_nobody_while_there_are_others() {
        let threads = Threads::new(2);
        let (release, stuck) = mpsc::channel::<()>();
        threads.run(move || _ = stuck.recv()).unwrap();
        let (done, all) = mpsc::channel();
        for number in 0..100 {
            let done = done.clone();
            threads.run(move || done.send(number).unwrap()).unwrap();
        }
        let seen: Vec<_> = all.iter().take(100).collect();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        drop(release);
        threads.wait_idle(Duration::from_secs(10));
        let state = threads.0.lock();
        assert_eq!(state.idle, state.threads);
    }

    #[test]
    fn there_is_an_end_to_what_may_wait() {
        let threads = Threads::new(1);
        let (release, stuck) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let job = move || {
            tell.send(()).unwrap();
            _ = stuck.recv();
        };
        threads.run(job).unwrap();
        told.recv().unwrap();
        let taken = (0..MAX_QUEUE + 2).filter(|_| threads.run(|| {}).is_ok());
        assert_eq!(taken.count(), MAX_QUEUE);
        drop(release);
    }
}
