//! The keys of requests, and how those were answered.

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Sealed, Timestamp},
    ports::{IdempotencyKeys, KeyState, KeyedRequest},
};
use rusqlite::params;

use super::{SqliteStore, statement::statements};

statements! {
    FORGET = "DELETE FROM idempotency_keys WHERE expires_at <= ?1";
    TAKE = "INSERT INTO idempotency_keys (key, request, token, expires_at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (key) DO NOTHING";
    FIND = "SELECT json_array(request, answer) FROM idempotency_keys WHERE key = ?1";
    KEEP = "UPDATE idempotency_keys SET answer = ?4, expires_at = ?5
            WHERE key = ?1 AND request = ?2 AND token = ?3";
    RELEASE = "DELETE FROM idempotency_keys
               WHERE key = ?1 AND request = ?2 AND token = ?3 AND answer IS NULL";
}

#[async_trait]
impl IdempotencyKeys for SqliteStore {
    async fn take(
        &self,
        request: &KeyedRequest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState> {
        let KeyedRequest {
            key,
            request,
            token,
        } = request.clone();
        self.database
            .write("take key", move |connection| {
                FORGET.run(connection, [now.as_millisecond()])?;
                let row = params![key, request, token, until.as_millisecond()];
                if TAKE.run(connection, row)? > 0 {
                    return Ok(KeyState::Taken);
                }
                let known: Option<(String, Option<Sealed>)> = FIND.document(connection, [&key])?;
                Ok(match known {
                    Some((known, _)) if known != request => KeyState::Different,
                    Some((_, Some(answer))) => KeyState::Answered(answer),
                    _ => KeyState::Busy,
                })
            })
            .await
    }

    async fn keep(
        &self,
        request: &KeyedRequest,
        answer: &Sealed,
        until: Timestamp,
    ) -> Result<bool> {
        let (held, answer) = (request.clone(), answer.clone());
        self.database
            .write("keep answer", move |connection| {
                let row = params![
                    held.key,
                    held.request,
                    held.token,
                    answer.0,
                    until.as_millisecond()
                ];
                Ok(KEEP.run(connection, row)? > 0)
            })
            .await
    }

    async fn release(&self, request: &KeyedRequest) -> Result<()> {
        let held = request.clone();
        self.database
            .write("release key", move |connection| {
                RELEASE.run(connection, [held.key, held.request, held.token])?;
                Ok(())
            })
            .await
    }
}
