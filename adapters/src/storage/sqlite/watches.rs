//! How far each workspace's source was looked through, and who is at it.

use std::time::Duration;

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Timestamp, Watch, WorkspaceId},
    ports::{WatchMark, Watches},
};
use rusqlite::{Connection, params};
use serde::Deserialize;

use super::{SqliteStore, fault::Fault, statement::statements};

statements! {
    // Of a watch that is not due nothing is changed, and then no row comes back.
    CLAIM = "INSERT INTO watches (workspace_id, began, due_at, lease) VALUES (?1, ?3, ?4, ?2)
             ON CONFLICT (workspace_id) DO UPDATE SET due_at = excluded.due_at, lease = ?2
             WHERE due_at <= ?3
             RETURNING json_object('began', began, 'seen_until', seen_until)";
    END = "UPDATE watches SET seen_until = ?3, due_at = ?4, lease = NULL
           WHERE workspace_id = ?1 AND lease = ?2";
    ADD = "INSERT INTO watches (workspace_id, began, seen_until, due_at) VALUES (?1, ?2, ?3, ?4)";
}

#[async_trait]
impl Watches for SqliteStore {
    async fn claim(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Watch>> {
        let (workspace, token) = (workspace.clone(), token.to_owned());
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        self.database
            .write("claim watch", move |connection| {
                let (now, until) = (now.as_millisecond(), until.as_millisecond());
                let row = params![workspace.as_str(), token, now, until];
                Ok(CLAIM.document::<Row>(connection, row)?.map(Into::into))
            })
            .await
    }

    async fn end(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        seen_until: Option<Timestamp>,
        due: Timestamp,
    ) -> Result<bool> {
        let (workspace, token) = (workspace.clone(), token.to_owned());
        self.database
            .write("end watch", move |connection| {
                let seen_until = seen_until.map(Timestamp::as_millisecond);
                let due = due.as_millisecond();
                let row = params![workspace.as_str(), token, seen_until, due];
                Ok(END.run(connection, row)? == 1)
            })
            .await
    }
}

#[derive(Deserialize)]
struct Row {
    began: i64,
    seen_until: Option<i64>,
}

impl From<Row> for Watch {
    fn from(row: Row) -> Self {
        // Only what was written from such times is in there.
        let time = |at| Timestamp::from_millisecond(at).unwrap_or(Timestamp::MIN);
        Self {
            began: time(row.began),
            seen_until: row.seen_until.map(time),
        }
    }
}

/// Adds a watch that nobody is at.
pub(super) fn add(connection: &Connection, mark: &WatchMark) -> Result<(), Fault> {
    let seen_until = mark.seen_until.map(Timestamp::as_millisecond);
    let (began, due) = (mark.began.as_millisecond(), mark.due_at.as_millisecond());
    let row = params![mark.workspace_id.as_str(), began, seen_until, due];
    ADD.run(connection, row).map(drop)
}
