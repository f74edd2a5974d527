//! The audit log in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    Result,
    domain::{AuditEntry, AuditId, Timestamp},
    ports::AuditLog,
};

#[async_trait]
impl AuditLog for MemoryStore {
    async fn append(&self, entry: &AuditEntry, now: Timestamp) -> Result<()> {
        let audit = &mut self.state().audit;
        audit.insert(entry.id.clone(), entry.clone());
        audit.retain(|_, entry| entry.expires_at > now);
        Ok(())
    }

    async fn newest(&self, before: Option<&AuditId>, limit: u16) -> Result<Vec<AuditEntry>> {
        let state = self.state();
        let newest = state.audit.values().rev();
        let older = newest.filter(|entry| before.is_none_or(|before| entry.id < *before));
        Ok(older.take(limit.into()).cloned().collect())
    }
}
