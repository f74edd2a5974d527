//! Idempotency keys in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    Result,
    domain::{Sealed, Timestamp},
    ports::{IdempotencyKeys, KeyState, KeyedRequest},
};

/// What is known of one key.
#[derive(Debug)]
pub(super) struct Key {
    by: KeyedRequest,
    until: Timestamp,
    answer: Option<Sealed>,
}

#[async_trait]
impl IdempotencyKeys for MemoryStore {
    async fn take(
        &self,
        request: &KeyedRequest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState> {
        let keys = &mut self.state().keys;
        keys.retain(|_, key| key.until > now);
        let Some(known) = keys.get(&request.key) else {
            let key = Key {
                by: request.clone(),
                until,
                answer: None,
            };
            keys.insert(request.key.clone(), key);
            return Ok(KeyState::Taken);
        };
        Ok(match &known.answer {
            _ if known.by.request != request.request => KeyState::Different,
            None => KeyState::Busy,
            Some(answer) => KeyState::Answered(answer.clone()),
        })
    }

    async fn keep(
        &self,
        request: &KeyedRequest,
        answer: &Sealed,
        until: Timestamp,
    ) -> Result<bool> {
        let keys = &mut self.state().keys;
        let held = keys.get_mut(&request.key);
        let held = held.filter(|key| key.by == *request);
        let kept = held.map(|key| {
            key.answer = Some(answer.clone());
            key.until = until;
        });
        Ok(kept.is_some())
    }

    async fn release(&self, request: &KeyedRequest) -> Result<()> {
        let keys = &mut self.state().keys;
        keys.retain(|_, key| key.by != *request || key.answer.is_some());
        Ok(())
    }
}
