//! When a request may be sent: few at once, and never more than the server announced.
//!
//! Sentry counts in fixed windows, mostly of a second, and says with every answer how many requests
//! the window still has and when it ends (`X-Sentry-Rate-Limit-*`). It sends no `Retry-After`. A
//! self-hosted one announces nothing.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::header::{self, HeaderMap};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::client::Endpoint;

/// Requests in flight at most.
pub(super) const AT_ONCE: usize = 3;
/// Windows that end within this are taken to be shared by all endpoints: who shares which is not announced.
const SHORT: Duration = Duration::from_secs(2);
/// Longer than this nobody is kept waiting for a window to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// No window is believed to be longer, and no wait taken to be: servers may say anything.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// A window whose end is not announced.
const USUAL: Duration = Duration::from_secs(1);

/// Lets requests through.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    in_flight: usize,
    /// How many may be in flight; one until the first answer says what is announced.
    allowed: Option<usize>,
    windows: HashMap<Endpoint, Window>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    limit: usize,
    left: usize,
    /// When it ends, by the server's clock in seconds since 1970; tells windows apart.
    reset: u64,
    /// When it ends; `None` once it has, until an answer tells of the next.
    ends: Option<Instant>,
}

/// The right to send one request.
#[derive(Debug)]
pub(super) struct Pass<'a>(&'a Gate);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
        self.0.changed.notify_waiters();
    }
}

/// Why a request may not be sent now.
enum Closed {
    Until(Instant),
    UntilAnAnswer,
}

impl Gate {
    /// Waits until a request to `endpoint` may be sent; how long it would take where that is too long.
    pub(super) async fn enter(&self, endpoint: Endpoint) -> Result<Pass<'_>, Duration> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let entered = self.state().enter(endpoint, Instant::now());
            match entered {
                Ok(()) => return Ok(Pass(self)),
                Err(Closed::UntilAnAnswer) => changed.await,
                Err(Closed::Until(end)) => {
                    let wait = end.saturating_duration_since(Instant::now());
                    if wait > PATIENCE {
                        return Err(wait);
                    }
                    tokio::select! {
                        () = changed => {}
                        () = sleep_until(end) => {}
                    }
                }
            }
        }
    }

    /// Takes note of what an answer announces; `refused` is whether it was a 429. Gives back how
    /// long to wait after such a one.
    pub(super) fn learn(
        &self,
        endpoint: Endpoint,
        headers: &HeaderMap,
        refused: bool,
    ) -> Option<Duration> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        let concurrent = number("x-sentry-rate-limit-concurrentlimit");
        let announced = number("x-sentry-rate-limit-reset")
            .map(|reset| (reset, until(reset, headers).unwrap_or(USUAL)))
            .filter(|(_, wait)| *wait <= LONGEST);
        let (reset, wait) = announced.unwrap_or((0, USUAL));
        let mut state = self.state();
        let most = concurrent.map_or(AT_ONCE, |limit| as_usize(limit).clamp(1, AT_ONCE));
        state.allowed = Some(most);
        let limit = number("x-sentry-rate-limit-limit").map(as_usize);
        let left = number("x-sentry-rate-limit-remaining").map(as_usize);
        if let (Some(limit), Some(left)) = (limit, left) {
            // The others in flight may not be counted yet.
            let left = left.saturating_sub(state.in_flight.saturating_sub(1));
            let window = Window {
                limit,
                left: if refused { 0 } else { left },
                reset,
                ends: Some(Instant::now() + wait),
            };
            state.note(endpoint, window);
        }
        drop(state);
        self.changed.notify_waiters();
        let asked = headers.get(header::RETRY_AFTER).and_then(|value| {
            let seconds: u64 = value.to_str().ok()?.trim().parse().ok()?;
            Some(Duration::from_secs(seconds).min(LONGEST))
        });
        asked.or(announced.filter(|_| refused).map(|_| wait))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, endpoint: Endpoint, now: Instant) -> Result<(), Closed> {
        if self.in_flight >= self.allowed.unwrap_or(1) {
            return Err(Closed::UntilAnAnswer);
        }
        let in_flight = self.in_flight;
        for window in self.windows.values_mut() {
            if window.ends.is_some_and(|end| end <= now) {
                // Of the next window only its size is known, and who may still count in it.
                window.ends = None;
                window.left = window.limit.saturating_sub(in_flight);
            }
        }
        for (of, window) in &self.windows {
            let shared = window.ends.is_some_and(|end| end - now <= SHORT);
            if window.left > 0 || !(*of == endpoint || shared) {
                continue;
            }
            match window.ends {
                Some(end) => return Err(Closed::Until(end)),
                None if in_flight > 0 => return Err(Closed::UntilAnAnswer),
                None => {}
            }
        }
        self.in_flight += 1;
        for window in self.windows.values_mut() {
            window.left = window.left.saturating_sub(1);
        }
        Ok(())
    }

    /// Keeps what an answer says of a window, unless it is of an earlier one.
    fn note(&mut self, endpoint: Endpoint, told: Window) {
        let window = self.windows.entry(endpoint).or_insert(told);
        if told.reset < window.reset {
            return;
        }
        let same = told.reset == window.reset && window.ends.is_some();
        let left = if same {
            told.left.min(window.left)
        } else {
            told.left
        };
        *window = Window { left, ..told };
    }
}

/// How long it is until `reset`, by the server's own clock: it tells the time to the second, so
/// this may be up to one second too long and is never too short.
fn until(reset: u64, headers: &HeaderMap) -> Option<Duration> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let now = u64::try_from(date.as_second()).ok()?;
    Some(Duration::from_secs(reset.saturating_sub(now)))
}

fn as_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that `state` lets through at `now`, of at most ten.
    fn let_through(state: &mut State, endpoint: Endpoint, now: Instant) -> usize {
        (0..10)
            .take_while(|_| state.enter(endpoint, now).is_ok())
            .count()
    }

    fn window(limit: usize, left: usize, reset: u64, ends: Instant) -> Window {
        Window {
            limit,
            left,
            reset,
            ends: Some(ends),
        }
    }

    #[test]
    fn one_goes_first_and_then_three_at_once() {
        let mut state = State::default();
        let now = Instant::now();
        assert_eq!(let_through(&mut state, Endpoint::Issue, now), 1);
        state.allowed = Some(AT_ONCE);
        assert_eq!(let_through(&mut state, Endpoint::Event, now), 2);
    }

    #[test]
    fn no_more_is_sent_than_a_window_has_left_nor_than_the_next_one_holds() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut state = State {
            allowed: Some(100),
            ..State::default()
        };
        state.note(Endpoint::Issues, window(5, 2, 7, now + second));
        assert_eq!(let_through(&mut state, Endpoint::Issues, now), 2);
        let other = state.enter(Endpoint::Event, now);
        assert!(matches!(other, Err(Closed::Until(end)) if end == now + second));
        // Two are in flight still and may count in the next window.
        assert_eq!(let_through(&mut state, Endpoint::Issues, now + second), 3);
        let until = state.enter(Endpoint::Issues, now + second);
        assert!(matches!(until, Err(Closed::UntilAnAnswer)));
        // An answer of the window before says nothing about this one.
        state.note(Endpoint::Issues, window(5, 4, 6, now + second));
        assert_eq!(let_through(&mut state, Endpoint::Issues, now + second), 0);
        state.note(Endpoint::Issues, window(5, 1, 8, now + second * 2));
        assert_eq!(let_through(&mut state, Endpoint::Issues, now + second), 1);
    }

    #[test]
    fn a_long_window_is_its_endpoints_own() {
        let now = Instant::now();
        let mut state = State {
            allowed: Some(AT_ONCE),
            ..State::default()
        };
        state.note(
            Endpoint::Notes,
            window(5, 0, 60, now + Duration::from_secs(60)),
        );
        assert_eq!(let_through(&mut state, Endpoint::Notes, now), 0);
        assert_eq!(let_through(&mut state, Endpoint::Issue, now), 3);
    }

    /// What a server announces of a window that has nothing left.
    fn spent_until(reset: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-sentry-rate-limit-limit", "5"),
            ("x-sentry-rate-limit-remaining", "0"),
            ("x-sentry-rate-limit-reset", reset),
            ("date", "Tue, 24 Nov 2026 12:00:00 GMT"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    #[tokio::test]
    async fn a_window_that_never_ends_is_not_believed() {
        let gate = Gate::default();
        let announced = |reset| gate.learn(Endpoint::Notes, &spent_until(reset), true);
        // In milliseconds, and the largest there is.
        assert_eq!(announced("1795521660000"), None);
        assert_eq!(announced("18446744073709551615"), None);
        let ends = gate.state().windows[&Endpoint::Notes].ends.unwrap();
        assert!(ends <= Instant::now() + USUAL);
        assert_eq!(announced("1795521660"), Some(Duration::from_secs(60)));
    }

    #[tokio::test]
    async fn nobody_is_kept_waiting_for_a_long_window() {
        let gate = Gate::default();
        drop(gate.enter(Endpoint::Notes).await.unwrap());
        let wait = gate.learn(Endpoint::Notes, &spent_until("1795521660"), true);
        assert_eq!(wait, Some(Duration::from_secs(60)));
        assert!(gate.enter(Endpoint::Notes).await.unwrap_err() > PATIENCE);
    }
}
