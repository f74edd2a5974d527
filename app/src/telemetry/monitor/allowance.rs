//! How many traces are sent at most.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// A trace costs more than many a request it is of: of a busy service, a share is still too many.
const A_SECOND: f64 = 50.0;
/// So many at once after a rest.
const AT_ONCE: f64 = 1000.0;

/// What may still be sent.
pub(super) struct Allowance(Mutex<(f64, Instant)>);

impl Allowance {
    pub(super) fn full() -> Self {
        Self(Mutex::new((AT_ONCE, Instant::now())))
    }

    /// Whether one may be sent now.
    pub(super) fn is_left(&self) -> bool {
        self.after(Instant::now(), 0.0)
    }

    /// Takes one.
    pub(super) fn take(&self) {
        self.after(Instant::now(), 1.0);
    }

    fn after(&self, now: Instant, taken: f64) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, at) = *state;
        let grown = now.saturating_duration_since(at).as_secs_f64() * A_SECOND;
        let left = (left + grown).min(AT_ONCE) - taken;
        *state = (left, now);
        left >= 1.0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_busy_service_sends_no_more_than_so_many_a_second() {
        let allowance = Allowance::full();
        let begun = Instant::now();
        let mut sent = 0_u32;
        for millisecond in 0..10_000 {
            let now = begun + Duration::from_millis(millisecond);
            if allowance.after(now, 0.0) {
                allowance.after(now, 1.0);
                sent += 1;
            }
        }
        assert!((1_490..=1_500).contains(&sent), "{sent}");
    }
}
