//! Revoked tokens in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    Result,
    domain::{Timestamp, TokenId},
    ports::RevokedTokens,
};

#[async_trait]
impl RevokedTokens for MemoryStore {
    async fn revoke(&self, token: &TokenId, expires_at: Timestamp, now: Timestamp) -> Result<()> {
        let revoked = &mut self.state().revoked;
        let kept = revoked.entry(token.clone()).or_insert(expires_at);
        *kept = expires_at.max(*kept);
        revoked.retain(|_, expires_at| *expires_at > now);
        Ok(())
    }

    async fn is_revoked(&self, token: &TokenId) -> Result<bool> {
        Ok(self.state().revoked.contains_key(token))
    }
}
