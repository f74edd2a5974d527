//! The audit log.

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{AuditEntry, AuditId, Timestamp},
    ports::AuditLog,
};
use rusqlite::params;

use super::{
    SqliteStore,
    statement::{encode, statements},
};

/// Sorts behind every id there can be.
const LAST: &str = "~";

statements! {
    APPEND = "INSERT INTO audit (id, expires_at, doc) VALUES (?1, ?2, ?3)";
    NEWEST = "SELECT doc FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    FORGET = "DELETE FROM audit WHERE expires_at <= ?1";
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn append(&self, entry: &AuditEntry, now: Timestamp) -> Result<()> {
        let entry = entry.clone();
        self.database
            .write("append audit entry", move |connection| {
                let expires_at = entry.expires_at.as_millisecond();
                APPEND.run(
                    connection,
                    params![entry.id.as_str(), expires_at, encode(&entry)?],
                )?;
                FORGET.run(connection, [now.as_millisecond()])?;
                Ok(())
            })
            .await
    }

    async fn newest(&self, before: Option<&AuditId>, limit: u16) -> Result<Vec<AuditEntry>> {
        let before = before.map_or_else(|| LAST.to_owned(), ToString::to_string);
        self.database
            .read("list audit entries", move |connection| {
                NEWEST.documents(connection, params![before, limit])
            })
            .await
    }
}
