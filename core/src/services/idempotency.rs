//! Requests that bear a key: carried out once, however often they are sent.
//!
//! A client that got no answer sends its request again under the same key and gets the answer of
//! the first one. What is answered is kept sealed, since an answer may hold what only its caller
//! may see.

use std::time::Duration;

use crate::{
    Result,
    digest::digest,
    domain::SecretString,
    ports::{KeyState, KeyedRequest},
    services::{Caller, Ports},
};

/// For how long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a request that bears a key stands.
#[derive(Debug)]
pub enum Turn {
    /// It is to be carried out, and then told how it was answered or that it was not.
    First(KeyedRequest),
    /// It is being carried out.
    Busy,
    /// The key belongs to another request.
    Different,
    /// It was carried out, and answered so.
    Repeated(SecretString),
}

/// Requests that bear a key.
#[derive(Debug)]
pub struct Idempotency {
    ports: Ports,
}

impl Idempotency {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Takes the caller's key for a request with these parts, all that decide what it does. It is
    /// carried out within `patience`; after that somebody else may take the key, so that one whose
    /// process died is not lost.
    pub async fn begin(
        &self,
        caller: &Caller,
        key: &str,
        parts: &[&[u8]],
        patience: Duration,
    ) -> Result<Turn> {
        let asked = KeyedRequest {
            key: digest(&[caller.user().id.as_str().as_bytes(), key.as_bytes()]),
            request: digest(parts),
            token: self.ports.ids.next(),
        };
        let now = self.ports.clock.now();
        let state = self.ports.idempotency.take(&asked, now, now + patience);
        Ok(match state.await? {
            KeyState::Taken => Turn::First(asked),
            KeyState::Busy => Turn::Busy,
            KeyState::Different => Turn::Different,
            KeyState::Answered(answer) => Turn::Repeated(self.ports.vault.open(&answer)?),
        })
    }

    /// Keeps the answer of a request that was carried out.
    pub async fn answered(&self, request: &KeyedRequest, answer: &SecretString) -> Result<()> {
        let until = self.ports.clock.now() + KEPT;
        let answer = self.ports.vault.seal(answer)?;
        let kept = self.ports.idempotency.keep(request, &answer, until).await?;
        if !kept {
            tracing::warn!("an answer came too late to be kept under its key");
        }
        Ok(())
    }

    /// Gives the key free: the request was refused or failed, and may be sent again.
    pub async fn not_answered(&self, request: &KeyedRequest) -> Result<()> {
        self.ports.idempotency.release(request).await
    }
}
