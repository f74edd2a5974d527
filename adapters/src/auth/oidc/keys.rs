//! The provider's keys, kept for a while: when they are asked for again, and when not.
//!
//! Whoever sends tokens that name keys nobody has makes us ask the provider, and so once in ten
//! seconds at most, however many there are. While the provider is away its keys stay good for a day.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use explainer_core::{Error, ErrorKind, Result, domain::Timestamp, ports::Clock};
use jsonwebtoken::Algorithm;

use super::{
    ADAPTER,
    provider::{Key, Provider},
    unauthorized,
};

/// For how long keys are used before the provider is asked for them again.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// For how long they are used while it does not answer.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the provider is left alone after it was asked.
const PAUSE: Duration = Duration::from_secs(10);

/// The keys of one provider.
#[derive(Debug)]
pub(super) struct Keys {
    provider: Provider,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Whoever asks the provider; the others wait, or go on with what there is.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    keys: Vec<Arc<Key>>,
    /// When they came.
    since: Option<Timestamp>,
    /// When the provider was last asked, and why there was no answer.
    asked: Option<(Timestamp, Option<String>)>,
}

impl Keys {
    pub(super) fn new(provider: Provider, clock: Arc<dyn Clock>) -> Self {
        Self {
            provider,
            clock,
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// The keys that may have signed a token with this header: those it names, or all of the kind
    /// where it names none. There is at least one.
    pub(super) async fn fitting(&self, id: Option<&str>, by: Algorithm) -> Result<Vec<Arc<Key>>> {
        let found = self.known(id, by);
        if !found.is_empty() && self.age() < Some(FRESH) {
            return Ok(found);
        }
        let turn = if found.is_empty() {
            Some(self.turn.lock().await)
        } else {
            self.turn.try_lock().ok()
        };
        if turn.is_some() && self.pause().is_none() {
            self.ask().await;
        }
        drop(turn);
        let found = self.known(id, by);
        if !found.is_empty() {
            return Ok(found);
        }
        Err(match self.trouble() {
            Some(because) => away(&because).with_retry_after(self.pause().unwrap_or(PAUSE)),
            None => unauthorized("its key is none of the provider's"),
        })
    }

    async fn ask(&self) {
        // Whoever goes away before the answer has asked all the same.
        let unanswered = "it has not answered yet".to_owned();
        self.state().asked = Some((self.clock.now(), Some(unanswered)));
        let keys = self.provider.keys().await;
        let now = self.clock.now();
        let mut state = self.state();
        match keys {
            Ok(keys) => {
                state.keys = keys.into_iter().map(Arc::new).collect();
                state.since = Some(now);
                state.asked = Some((now, None));
            }
            Err(error) => {
                tracing::warn!(%error, "the identity provider does not answer as it should");
                state.asked = Some((now, Some(error.message().to_owned())));
            }
        }
    }

    fn known(&self, id: Option<&str>, by: Algorithm) -> Vec<Arc<Key>> {
        if self.age() >= Some(KEPT) {
            return Vec::new();
        }
        let state = self.state();
        let fits = |key: &&Arc<Key>| {
            let named = id.is_none() || key.id.as_deref() == id;
            named && key.algorithms.contains(&by)
        };
        state.keys.iter().filter(fits).cloned().collect()
    }

    /// How old the keys are.
    fn age(&self) -> Option<Duration> {
        let since = self.state().since?;
        Some(self.since(since))
    }

    /// How long the provider is still left alone.
    fn pause(&self) -> Option<Duration> {
        let (asked, _) = self.state().asked.clone()?;
        let rest = PAUSE.checked_sub(self.since(asked))?;
        (!rest.is_zero()).then_some(rest)
    }

    /// Why the provider gave no keys when it was last asked.
    fn trouble(&self) -> Option<String> {
        self.state().asked.clone()?.1
    }

    /// A clock that was set back has not gone on.
    fn since(&self, then: Timestamp) -> Duration {
        self.clock
            .now()
            .duration_since(then)
            .try_into()
            .unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn away(because: &str) -> Error {
    let message = format!("could not check the token because of its identity provider: {because}");
    Error::new(ErrorKind::Unavailable, ADAPTER, "authenticate", message)
}
