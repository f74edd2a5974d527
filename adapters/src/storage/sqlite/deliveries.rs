//! Deliveries that were taken, until their time is over.

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Timestamp, WorkspaceId},
    ports::Deliveries,
};
use rusqlite::params;

use super::{SqliteStore, statement::statements};

statements! {
    FIND = "SELECT 1 FROM deliveries WHERE workspace_id = ?1 AND mark = ?2";
    ADD = "INSERT INTO deliveries (workspace_id, mark, expires_at) VALUES (?1, ?2, ?3)
           ON CONFLICT (workspace_id, mark)
           DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)";
    FORGET = "DELETE FROM deliveries WHERE expires_at <= ?1";
}

#[async_trait]
impl Deliveries for SqliteStore {
    async fn is_known(&self, workspace: &WorkspaceId, marks: &[String]) -> Result<bool> {
        self.database
            .find("find delivery", |connection| {
                for mark in marks {
                    if FIND.finds(connection, [workspace.as_str(), mark])? {
                        return Ok(true);
                    }
                }
                Ok(false)
            })
            .await
    }

    async fn remember(
        &self,
        workspace: &WorkspaceId,
        marks: &[String],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let (workspace, marks) = (workspace.clone(), marks.to_vec());
        self.database
            .write("remember delivery", move |connection| {
                for mark in &marks {
                    let row = params![workspace.as_str(), mark, until.as_millisecond()];
                    ADD.run(connection, row)?;
                }
                FORGET.run(connection, [now.as_millisecond()])?;
                Ok(())
            })
            .await
    }
}
