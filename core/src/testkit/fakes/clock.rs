//! A clock that is set by hand, and identifiers that are counted.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{digest, lock};
use crate::{
    Result,
    domain::{SecretString, Timestamp},
    ports::{Clock, Ids},
};

/// Tells the time it was set to. Clones are one clock.
#[derive(Debug, Clone)]
pub struct FixedClock(Arc<Mutex<Timestamp>>);

impl FixedClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Sets it.
    pub fn set(&self, now: Timestamp) {
        *lock(&self.0) = now;
    }

    /// Sets it forward.
    pub fn advance(&self, time: Duration) {
        let mut now = lock(&self.0);
        *now = now.saturating_add(time).unwrap_or(Timestamp::MAX);
    }
}

/// Noon of the first of May 2024, UTC.
impl Default for FixedClock {
    fn default() -> Self {
        Self::at(Timestamp::constant(1_714_564_800, 0))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *lock(&self.0)
    }
}

/// Counts: `id-00000001`, `id-00000002`…
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl Ids for SequentialIds {
    fn next(&self) -> String {
        format!("id-{:08}", self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn secret(&self) -> Result<SecretString> {
        let mut secret = digest(&["secret", &self.next()]);
        secret.truncate(43);
        Ok(SecretString::from(secret))
    }
}
