//! Carrying everything out of the store and into it: what is in which collection, a line for each
//! kind.

use std::{collections::BTreeSet, str::FromStr};

use ::mongodb::{
    bson::{Bson, Document, doc},
    options::Hint,
};
use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    domain::{AccessToken, Dispatch, InvalidId, Invitation, ModelCall, Timestamp, User, Workspace},
    ports::{
        Added, Entry, Export, FormerResult, Import, Kind, QueuedAnalysis, RevokedToken, Unreadable,
        WatchMark,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    MongoStore,
    documents::{Record, SCHEMA},
    fault::Fault,
    forms::{date, time},
    indexes::{
        ACCESS_TOKENS, ANALYSES, FORMER_RESULTS, INVITATIONS, MODEL_CALLS, OF_ISSUE, OUTBOX,
        REVOKED_TOKENS, USERS, WATCHES, WORKSPACES,
    },
    query, results,
};

/// Where the records of one kind are, and how documents are read and written.
pub(super) struct Shelf {
    pub(super) collection: &'static str,
    read: fn(Document) -> Result<Value, Fault>,
    write: fn(&Value) -> Result<Document, Fault>,
}

pub(super) fn shelf(kind: Kind) -> Shelf {
    match kind {
        Kind::Users => of::<User>(USERS),
        Kind::Workspaces => of::<Workspace>(WORKSPACES),
        Kind::AccessTokens => of::<AccessToken>(ACCESS_TOKENS),
        Kind::Invitations => of::<Invitation>(INVITATIONS),
        Kind::Analyses => of::<QueuedAnalysis>(ANALYSES),
        Kind::FormerResults => of::<FormerResult>(FORMER_RESULTS),
        Kind::ModelCalls => of::<ModelCall>(MODEL_CALLS),
        Kind::Watches => of::<WatchMark>(WATCHES),
        Kind::Dispatches => of::<Dispatch>(OUTBOX),
        Kind::RevokedTokens => of::<RevokedToken>(REVOKED_TOKENS),
    }
}

fn of<T: Record + Serialize + DeserializeOwned>(collection: &'static str) -> Shelf {
    Shelf {
        collection,
        read: |document| {
            let record = T::from_document(document)?;
            serde_json::to_value(record).map_err(|error| Fault::Unreadable(error.into()))
        },
        write: |document| {
            let record = T::deserialize(document).map_err(|error| {
                let why = format!("could not add the record because it is not one: {error}");
                Fault::refused(ErrorKind::Invalid, why)
            })?;
            record.to_document()
        },
    }
}

#[async_trait]
impl Export for MongoStore {
    async fn count(&self, kind: Kind) -> Result<u64> {
        let collection = self.collection(shelf(kind).collection);
        self.read_much("count", async {
            let count = collection.count_documents(doc! {});
            Ok(count.hint(Hint::Keys(doc! { "_id": 1 })).await?)
        })
        .await
    }

    async fn page(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Result<Entry, Unreadable>>> {
        let of_kind = shelf(kind);
        let rest = doc! { "_id": { "$gt": after.unwrap_or_default() } };
        let collection = self.collection(of_kind.collection);
        let find = collection.find(rest).sort(doc! { "_id": 1 });
        self.read_much("read a page", async {
            let mut found = find.limit(limit.into()).await?;
            let mut page = Vec::new();
            while found.advance().await? {
                page.push(entry(&of_kind, found.deserialize_current()?));
            }
            Ok(page)
        })
        .await
    }
}

fn entry(shelf: &Shelf, document: Document) -> Result<Entry, Unreadable> {
    let id = document.get_str("_id").unwrap_or_default().to_owned();
    match (shelf.read)(document) {
        Ok(document) => Ok(Entry {
            id,
            document,
            notes: Vec::new(),
        }),
        Err(fault) => Err(Unreadable {
            id,
            reason: fault.into_error("read a page").message().to_owned(),
        }),
    }
}

#[async_trait]
impl Import for MongoStore {
    async fn known(&self, kind: Kind, ids: &[&str]) -> Result<BTreeSet<String>> {
        let collection = self.collection(shelf(kind).collection);
        let find = collection.find(doc! { "_id": { "$in": ids } });
        self.read_much("find ids", async {
            let mut found = find.projection(doc! { "_id": 1 }).await?;
            let mut known = BTreeSet::new();
            while found.advance().await? {
                let document: Document = found.deserialize_current()?;
                known.extend(document.get_str("_id").ok().map(str::to_owned));
            }
            Ok(known)
        })
        .await
    }

    async fn add(&self, kind: Kind, entries: &[Entry]) -> Result<Vec<Added>> {
        let of_kind = shelf(kind);
        let ids: Vec<&str> = entries.iter().map(|entry| &*entry.id).collect();
        let known = self.known(kind, &ids).await?;
        let orphans = self.orphans(kind, entries).await?;
        let mut outcome = Vec::new();
        let mut new: Vec<(usize, Document)> = Vec::new();
        for (position, entry) in entries.iter().enumerate() {
            outcome.push(match (of_kind.write)(&entry.document) {
                _ if known.contains(&entry.id) => Added::AlreadyThere,
                _ if orphans.contains(&entry.id) => Added::Refused(ORPHAN.to_owned()),
                Ok(document) => {
                    new.push((position, document));
                    Added::Written
                }
                Err(Fault::Refused(_, why)) => Added::Refused(why),
                Err(fault) => return Err(fault.into_error("add")),
            });
        }
        let (positions, documents): (Vec<usize>, Vec<Document>) = new.into_iter().unzip();
        if documents.is_empty() {
            return Ok(outcome);
        }
        let refused = self
            .run("add", self.insert(of_kind.collection, documents))
            .await?;
        for (number, why) in refused {
            if let Some(added) = positions.get(number).and_then(|&at| outcome.get_mut(at)) {
                *added = why;
            }
        }
        Ok(outcome)
    }
}

const ORPHAN: &str = "could not add the result because its analysis is not there";

impl MongoStore {
    /// The ids of former results whose analyses are not there.
    async fn orphans(&self, kind: Kind, entries: &[Entry]) -> Result<BTreeSet<String>> {
        if kind != Kind::FormerResults {
            return Ok(BTreeSet::new());
        }
        let analysis = |entry: &Entry| entry.id.split('/').next().unwrap_or_default().to_owned();
        let wanted: BTreeSet<String> = entries.iter().map(analysis).collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let known = self.known(Kind::Analyses, &wanted).await?;
        let orphans = entries
            .iter()
            .filter(|entry| !known.contains(&analysis(entry)));
        Ok(orphans.map(|entry| entry.id.clone()).collect())
    }

    /// Adds documents, each for itself; tells which of them were not, by their number.
    async fn insert(
        &self,
        collection: &str,
        documents: Vec<Document>,
    ) -> Result<Vec<(usize, Added)>, Fault> {
        let refused = query::add_all(&self.collection(collection), documents).await?;
        let refused = refused.into_iter();
        Ok(refused.map(|(at, index)| (at, taken(&index))).collect())
    }
}

fn taken(index: &str) -> Added {
    match index {
        "_id_" => Added::AlreadyThere,
        OF_ISSUE => Added::Refused(
            "could not add the analysis because there is another of its issue".to_owned(),
        ),
        name => Added::Refused(format!("{name} is taken by another record")),
    }
}

impl Record for QueuedAnalysis {
    fn to_document(&self) -> Result<Document, Fault> {
        let queued = self.clone().in_its_place();
        let mut document = queued.analysis.to_document()?;
        if let Some(due) = queued.due_at {
            document.insert("due_at", date(due));
        }
        if let Some(lease) = queued.lease {
            document.insert("lease", lease);
        }
        Ok(document)
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        let due = document.get_datetime("due_at").copied().ok();
        let due = due.map(time).transpose();
        let lease = document.get_str("lease").ok().map(str::to_owned);
        let queued = Self {
            due_at: due.map_err(|error| Fault::Unreadable(error.into()))?,
            lease,
            analysis: Record::from_document(document)?,
        };
        Ok(queued.in_its_place())
    }
}

impl Record for FormerResult {
    fn to_document(&self) -> Result<Document, Fault> {
        results::document(&self.workspace_id, &self.analysis_id, &self.result)
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(Self {
            workspace_id: id(&document, "workspace_id")?,
            analysis_id: id(&document, "analysis_id")?,
            result: Record::from_document(document)?,
        })
    }
}

impl Record for WatchMark {
    fn to_document(&self) -> Result<Document, Fault> {
        Ok(doc! {
            "_id": self.workspace_id.as_str(),
            "began": date(self.began),
            "seen_until": self.seen_until.map(date),
            "due_at": date(self.due_at),
            "lease": Bson::Null,
            "schema": SCHEMA,
        })
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(Self {
            workspace_id: id(&document, "_id")?,
            began: moment(&document, "began")?,
            seen_until: moment(&document, "seen_until").ok(),
            due_at: moment(&document, "due_at")?,
        })
    }
}

fn id<T: FromStr<Err = InvalidId>>(document: &Document, name: &str) -> Result<T, Fault> {
    let text = document.get_str(name).unwrap_or_default();
    text.parse()
        .map_err(|error: InvalidId| Fault::Unreadable(error.into()))
}

fn moment(document: &Document, name: &str) -> Result<Timestamp, Fault> {
    let unreadable = |why: String| Fault::Unreadable(why.into());
    let date = document.get_datetime(name);
    let date = date.map_err(|error| unreadable(error.to_string()))?;
    time(*date).map_err(unreadable)
}

impl Record for RevokedToken {
    fn to_document(&self) -> Result<Document, Fault> {
        Ok(doc! {
            "_id": self.token.as_str(),
            "expires_at": date(self.expires_at),
            "schema": SCHEMA,
        })
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(Self {
            token: id(&document, "_id")?,
            expires_at: moment(&document, "expires_at")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::mongodb::indexes::{self, AUDIT, DELIVERIES, KEYS, SESSIONS};

    /// Collections that are not carried, each with the reason.
    const LEFT_BEHIND: &[(&str, &str)] = &[
        (DELIVERIES, "a webhook that comes again joins its analysis"),
        (SESSIONS, "a login ends with the move: one logs in again"),
        (AUDIT, "stays with the store in which things were changed"),
        (
            KEYS,
            "good for a day, and a repeated request joins its analysis",
        ),
    ];

    #[test]
    fn every_collection_is_carried_to_another_store_or_left_behind_for_a_reason() {
        for (collection, _) in indexes::all() {
            let carried = Kind::ALL
                .iter()
                .any(|&kind| shelf(kind).collection == collection);
            let left_behind = LEFT_BEHIND.iter().any(|(name, _)| *name == collection);
            assert!(carried || left_behind, "{collection}");
        }
    }
}
