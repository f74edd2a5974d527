//! Where it is written down who changed what.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Result,
    domain::{AuditEntry, AuditId, Timestamp},
};

/// Keeps the audit log.
///
/// # Behaviour
/// - an entry reads back equal
/// - entries are listed newest first, a page at a time, each once
/// - an entry is forgotten once it has expired
#[async_trait]
pub trait AuditLog: Send + Sync + Debug + 'static {
    /// Adds an entry, and forgets those that have expired by now.
    async fn append(&self, entry: &AuditEntry, now: Timestamp) -> Result<()>;

    /// The newest `limit` entries, or those that were made before the one with the id `before`.
    async fn newest(&self, before: Option<&AuditId>, limit: u16) -> Result<Vec<AuditEntry>>;
}
