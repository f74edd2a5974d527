//! Notifications on their way out.

use std::time::Duration;

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Dispatch, DispatchId, KEPT_DISPATCHES, Timestamp, WorkspaceId},
    ports::Outbox,
};
use rusqlite::{Connection, params};

use super::{
    SqliteStore,
    fault::Fault,
    statement::{encode, statements},
};

/// Sorts behind every id there can be.
const LAST: &str = "~";

statements! {
    ADD = "INSERT INTO outbox (id, workspace_id, place, due_at, expires_at, doc)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    FORGET = "DELETE FROM outbox WHERE expires_at <= ?1";
    TOO_OLD = "SELECT json_quote(id) FROM outbox WHERE workspace_id = ?1
               ORDER BY id DESC LIMIT 1 OFFSET ?2";
    DROP_OLD = "DELETE FROM outbox WHERE workspace_id = ?1 AND id <= ?2";
    NEXT = "SELECT doc FROM outbox
            WHERE due_at <= ?1 AND instr(?2, '|' || place || '|') = 0
            ORDER BY due_at, id LIMIT 1";
    TAKE = "UPDATE outbox SET due_at = ?2, lease = ?3, doc = ?4 WHERE id = ?1";
    SETTLE = "UPDATE outbox SET due_at = ?3, lease = NULL, expires_at = ?4, doc = ?5
              WHERE id = ?1 AND lease = ?2";
    NEXT_DUE = "SELECT MIN(due_at) FROM outbox WHERE due_at IS NOT NULL";
    GET = "SELECT doc FROM outbox WHERE id = ?1 AND workspace_id = ?2";
    AGAIN = "UPDATE outbox SET due_at = ?2, expires_at = NULL, doc = ?3
             WHERE id = ?1 AND lease IS NULL";
    NEWEST = "SELECT doc FROM outbox WHERE workspace_id = ?1 AND id < ?2
              ORDER BY id DESC LIMIT ?3";
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn put(&self, dispatch: &Dispatch, now: Timestamp) -> Result<()> {
        let dispatch = dispatch.clone();
        self.database
            .write("add dispatch", move |connection| {
                post(connection, &[dispatch], now)
            })
            .await
    }

    async fn claim(
        &self,
        token: &str,
        now: Timestamp,
        lease: Duration,
        spared: &[String],
    ) -> Result<Option<Dispatch>> {
        let (token, spared) = (token.to_owned(), format!("|{}|", spared.join("|")));
        self.database
            .write("claim dispatch", move |connection| {
                let due = params![now.as_millisecond(), spared];
                let Some(mut dispatch) = NEXT.document::<Dispatch>(connection, due)? else {
                    return Ok(None);
                };
                dispatch.begin(now, lease);
                let due = dispatch.due_at.map(Timestamp::as_millisecond);
                let row = params![dispatch.id.as_str(), due, token, encode(&dispatch)?];
                TAKE.run(connection, row)?;
                Ok(Some(dispatch))
            })
            .await
    }

    async fn settle(&self, token: &str, dispatch: &Dispatch) -> Result<bool> {
        let (token, dispatch) = (token.to_owned(), dispatch.clone());
        self.database
            .write("settle dispatch", move |connection| {
                let due = dispatch.due_at.map(Timestamp::as_millisecond);
                let expires_at = dispatch.expires_at.map(Timestamp::as_millisecond);
                let doc = encode(&dispatch)?;
                let row = params![dispatch.id.as_str(), token, due, expires_at, doc];
                Ok(SETTLE.run(connection, row)? == 1)
            })
            .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.database
            .read("next dispatch", move |connection| {
                let due: Option<i64> = NEXT_DUE.row(connection, [], |row| row.get(0))?;
                Ok(due.and_then(|due| Timestamp::from_millisecond(due).ok()))
            })
            .await
    }

    async fn send_again(
        &self,
        workspace: &WorkspaceId,
        id: &DispatchId,
        now: Timestamp,
    ) -> Result<Option<Dispatch>> {
        let (workspace, id) = (workspace.clone(), id.clone());
        self.database
            .write("send again", move |connection| {
                let key = [id.as_str(), workspace.as_str()];
                let Some(found) = GET.document::<Dispatch>(connection, key)? else {
                    return Ok(None);
                };
                let mut anew = found.clone();
                anew.again(now);
                let row = params![id.as_str(), now.as_millisecond(), encode(&anew)?];
                let changed = AGAIN.run(connection, row)? == 1;
                Ok(Some(if changed { anew } else { found }))
            })
            .await
    }

    async fn newest(
        &self,
        workspace: &WorkspaceId,
        before: Option<&DispatchId>,
        limit: u16,
    ) -> Result<Vec<Dispatch>> {
        let workspace = workspace.clone();
        let before = before.map_or_else(|| LAST.to_owned(), ToString::to_string);
        self.database
            .read("list dispatches", move |connection| {
                NEWEST.documents(connection, params![workspace.as_str(), before, limit])
            })
            .await
    }
}

/// Puts dispatches in, and drops what is no longer kept.
pub(super) fn post(
    connection: &Connection,
    dispatches: &[Dispatch],
    now: Timestamp,
) -> Result<(), Fault> {
    for dispatch in dispatches {
        add(connection, dispatch)?;
    }
    let Some(Dispatch { workspace_id, .. }) = dispatches.first() else {
        return Ok(());
    };
    FORGET.run(connection, [now.as_millisecond()])?;
    let workspace = workspace_id.as_str();
    let too_old = TOO_OLD.document::<String>(connection, params![workspace, KEPT_DISPATCHES])?;
    if let Some(id) = too_old {
        DROP_OLD.run(connection, [workspace, &id])?;
    }
    Ok(())
}

/// Adds a dispatch that nobody is sending.
pub(super) fn add(connection: &Connection, dispatch: &Dispatch) -> Result<(), Fault> {
    ADD.run(
        connection,
        params![
            dispatch.id.as_str(),
            dispatch.workspace_id.as_str(),
            dispatch.to.place(),
            dispatch.due_at.map(Timestamp::as_millisecond),
            dispatch.expires_at.map(Timestamp::as_millisecond),
            encode(dispatch)?,
        ],
    )?;
    Ok(())
}
