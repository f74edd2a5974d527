//! Revoked tokens, until they would have expired anyway.

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Timestamp, TokenId},
    ports::{RevokedToken, RevokedTokens},
};
use rusqlite::{Connection, params};

use super::{SqliteStore, fault::Fault, statement::statements};

statements! {
    FIND = "SELECT 1 FROM revoked_tokens WHERE token = ?1";
    ADD = "INSERT INTO revoked_tokens (token, expires_at) VALUES (?1, ?2)
           ON CONFLICT (token) DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)";
    FORGET = "DELETE FROM revoked_tokens WHERE expires_at <= ?1";
}

#[async_trait]
impl RevokedTokens for SqliteStore {
    async fn revoke(&self, token: &TokenId, expires_at: Timestamp, now: Timestamp) -> Result<()> {
        let revoked = RevokedToken {
            token: token.clone(),
            expires_at,
        };
        self.database
            .write("revoke token", move |connection| {
                add(connection, &revoked)?;
                FORGET.run(connection, [now.as_millisecond()])?;
                Ok(())
            })
            .await
    }

    async fn is_revoked(&self, token: &TokenId) -> Result<bool> {
        self.database
            .find("find revoked token", |connection| {
                FIND.finds(connection, [token.as_str()])
            })
            .await
    }
}

/// Remembers a token until it expires.
pub(super) fn add(connection: &Connection, revoked: &RevokedToken) -> Result<(), Fault> {
    let row = params![revoked.token.as_str(), revoked.expires_at.as_millisecond()];
    ADD.run(connection, row).map(drop)
}
