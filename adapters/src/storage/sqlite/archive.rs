//! Carrying everything out of the store and into it: what is in which table, a line for each kind.

use std::collections::BTreeSet;

use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    ports::{Added, Entry, Export, Import, Kind, Unreadable},
};
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    SqliteStore, credentials, fault::Fault, invitations, ledger, outbox, queue, revoked_tokens,
    statement::Sql, users, watches, workspaces,
};

/// Tables whose rows are not carried by themselves, each with the reason.
#[cfg(test)]
pub(super) const LEFT_BEHIND: &[(&str, &str)] = &[
    (
        "workspace_members",
        "follows from the members of each workspace",
    ),
    (
        "deliveries",
        "a webhook that comes again joins its analysis",
    ),
    ("sessions", "a login ends with the move: one logs in again"),
    ("audit", "stays with the store in which things were changed"),
    (
        "idempotency_keys",
        "good for a day, and a repeated request joins its analysis",
    ),
];

/// Where the records of one kind are.
pub(super) struct Shelf {
    count: Sql,
    page: Sql,
    find: Sql,
    add: fn(&Connection, &Value) -> Result<(), Fault>,
}

/// A table, its key, how a row becomes a document, and how a document becomes rows.
macro_rules! shelf {
    ($table:literal, $id:literal, $document:literal, $add:expr) => {
        Shelf {
            count: Sql(concat!(
                "SELECT count(*) FROM ",
                $table,
                " WHERE ",
                $id,
                " > ''"
            )),
            page: Sql(concat!(
                "SELECT ",
                $id,
                ", ",
                $document,
                " FROM ",
                $table,
                " WHERE ",
                $id,
                " > ?1 ORDER BY ",
                $id,
                " LIMIT ?2"
            )),
            find: Sql(concat!("SELECT 1 FROM ", $table, " WHERE ", $id, " = ?1")),
            add: |connection, document| $add(connection, &record(document)?),
        }
    };
}

pub(super) fn shelf(kind: Kind) -> Shelf {
    match kind {
        Kind::Users => shelf!("users", "id", "doc", users::add),
        Kind::Workspaces => shelf!("workspaces", "id", "doc", workspaces::add),
        Kind::AccessTokens => shelf!("access_tokens", "id", "doc", credentials::add),
        Kind::Invitations => shelf!("invitations", "id", "doc", invitations::add),
        Kind::Analyses => shelf!(
            "analyses",
            "id",
            "json_object('analysis', json(doc), 'due_at', due_at, 'lease', lease)",
            queue::add
        ),
        Kind::FormerResults => former_results(),
        Kind::ModelCalls => shelf!("model_calls", "id", "doc", ledger::add),
        Kind::Watches => shelf!(
            "watches",
            "workspace_id",
            "json_object('workspace_id', workspace_id, 'began', began, 'seen_until', seen_until,
                         'due_at', due_at)",
            watches::add
        ),
        Kind::Dispatches => shelf!("outbox", "id", "doc", outbox::add),
        Kind::RevokedTokens => shelf!(
            "revoked_tokens",
            "token",
            "json_object('token', token, 'expires_at', expires_at)",
            revoked_tokens::add
        ),
    }
}

/// Their id is `<analysis>/<revision>`.
fn former_results() -> Shelf {
    const PAGE: &str = "
        SELECT analysis_id || '/' || revision,
               json_object('workspace_id', workspace_id, 'analysis_id', analysis_id,
                           'result', json(former_results.doc))
        FROM former_results JOIN analyses ON id = analysis_id
        WHERE (analysis_id, revision) > (substr(?1, 1, instr(?1, '/') - 1),
                                         CAST(substr(?1, instr(?1, '/') + 1) AS INTEGER))
        ORDER BY analysis_id, revision LIMIT ?2";
    const FIND: &str = "
        SELECT 1 FROM former_results
        WHERE analysis_id = substr(?1, 1, instr(?1, '/') - 1)
          AND revision = CAST(substr(?1, instr(?1, '/') + 1) AS INTEGER)";
    Shelf {
        count: Sql("SELECT count(*) FROM former_results WHERE analysis_id > ''"),
        page: Sql(PAGE),
        find: Sql(FIND),
        add: |connection, document| queue::add_former(connection, &record(document)?),
    }
}

impl Shelf {
    #[cfg(test)]
    pub(super) fn statements(&self) -> [Sql; 3] {
        [self.count, self.page, self.find]
    }

    fn add(&self, connection: &Connection, id: &str, document: &Value) -> Result<Added, Fault> {
        if self.find.finds(connection, [id])? {
            return Ok(Added::AlreadyThere);
        }
        match (self.add)(connection, document) {
            Ok(()) => Ok(Added::Written),
            Err(Fault::Refused(ErrorKind::Conflict | ErrorKind::Invalid, why)) => {
                Ok(Added::Refused(why))
            }
            Err(fault) => Err(fault),
        }
    }
}

#[async_trait]
impl Export for SqliteStore {
    async fn count(&self, kind: Kind) -> Result<u64> {
        self.database
            .read("count", move |connection| {
                let count: i64 = shelf(kind).count.row(connection, [], |row| row.get(0))?;
                Ok(u64::try_from(count).unwrap_or_default())
            })
            .await
    }

    async fn page(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Result<Entry, Unreadable>>> {
        let after = after.unwrap_or_default().to_owned();
        self.database
            .read("read a page", move |connection| {
                let rows = shelf(kind).page.pairs(connection, params![after, limit])?;
                Ok(rows.into_iter().map(entry).collect())
            })
            .await
    }
}

#[async_trait]
impl Import for SqliteStore {
    async fn known(&self, kind: Kind, ids: &[&str]) -> Result<BTreeSet<String>> {
        let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
        self.database
            .read("find ids", move |connection| {
                let mut known = BTreeSet::new();
                for id in ids {
                    if shelf(kind).find.finds(connection, [&id])? {
                        known.insert(id);
                    }
                }
                Ok(known)
            })
            .await
    }

    async fn add(&self, kind: Kind, entries: &[Entry]) -> Result<Vec<Added>> {
        // Handed over together, they share a transaction; each stands or falls by itself.
        let adds = entries.iter().map(|entry| {
            let (id, document) = (entry.id.clone(), entry.document.clone());
            let add = move |connection: &Connection| shelf(kind).add(connection, &id, &document);
            self.database.write("add", add)
        });
        futures::future::try_join_all(adds).await
    }
}

fn entry((id, text): (String, String)) -> Result<Entry, Unreadable> {
    match serde_json::from_str(&text) {
        Ok(document) => Ok(Entry {
            id,
            document,
            notes: Vec::new(),
        }),
        Err(error) => Err(Unreadable {
            id,
            reason: format!("it is stored as something that is not JSON: {error}"),
        }),
    }
}

fn record<T: DeserializeOwned>(document: &Value) -> Result<T, Fault> {
    T::deserialize(document).map_err(|error| {
        let why = format!("could not add the record because it is not one: {error}");
        Fault::refused(ErrorKind::Invalid, why)
    })
}
