//! The time and the identifiers of the machine.

use std::sync::atomic::{AtomicI64, Ordering};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{SecretString, Timestamp},
    ports::{Clock, Ids},
};
use uuid::Uuid;

/// The machine's clock, which never goes back: where it is set back, time stands still in here
/// until it has caught up.
#[derive(Debug, Default)]
pub struct SystemClock {
    /// The latest reading, in milliseconds since 1970.
    latest: AtomicI64,
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port's one real implementation"
    )]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        let read = now.as_millisecond();
        let latest = self.latest.fetch_max(read, Ordering::Relaxed).max(read);
        Timestamp::from_millisecond(latest).unwrap_or(now)
    }
}

/// UUIDs of version 7: they sort by the time they were made.
#[derive(Debug, Default, Clone, Copy)]
pub struct UuidIds;

impl Ids for UuidIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the port's one real implementation"
    )]
    fn next(&self) -> String {
        Uuid::now_v7().to_string()
    }

    fn secret(&self) -> Result<SecretString> {
        let mut chance = [0; 32];
        getrandom::fill(&mut chance).map_err(|error| {
            Error::new(
                ErrorKind::Unavailable,
                "system",
                "make secret",
                "could not make a secret because the machine gives no random numbers; try again",
            )
            .with_source(error)
        })?;
        Ok(SecretString::from(URL_SAFE_NO_PAD.encode(chance)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_clock_goes() {
        let clock = SystemClock::default();
        let first = clock.now();
        let begin = Instant::now();
        while clock.now() == first {
            assert!(
                begin.elapsed() < Duration::from_secs(5),
                "it stands at {first}"
            );
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_clock_that_is_set_back_stands_still() {
        let future = 4_102_444_800_000;
        let clock = SystemClock {
            latest: AtomicI64::new(future),
        };
        assert_eq!(clock.now().as_millisecond(), future);
    }
}
