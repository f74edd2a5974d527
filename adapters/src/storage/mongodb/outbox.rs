//! Notifications on their way out.
//!
//! A dispatch is JSON text, with the fields beside it that it is found by. Those that a command
//! changes by itself, `attempts` and `due_at`, count for more than what stands in the text.
//!
//! What an analysis has to tell is written into its own document in the step that ends its run,
//! since one command changes one document whole or not at all; from there it is put into the
//! outbox, at once by whoever ended the run, and later by anyone ([`MongoStore::gather`]) where
//! that one died in between.

use std::time::Duration;

use ::mongodb::{
    Collection,
    bson::{Bson, Document, doc},
    options::ReturnDocument,
};
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Dispatch, DispatchId, KEPT_DISPATCHES, Timestamp, WorkspaceId},
    ports::Outbox,
};

use super::{
    MongoStore,
    documents::{Record, SCHEMA},
    fault::Fault,
    forms::{date, time},
    indexes::{ANALYSES, OUTBOX},
    query,
};

/// How many analyses whose notifications were left lying are seen to at a time.
const GATHERED: i64 = 100;

#[async_trait]
impl Outbox for MongoStore {
    async fn put(&self, dispatch: &Dispatch, now: Timestamp) -> Result<()> {
        let outbox = self.collection(OUTBOX);
        self.run("add dispatch", async {
            post(&outbox, std::slice::from_ref(dispatch)).await?;
            let expired = doc! { "expires_at": { "$lte": date(now) } };
            outbox.delete_many(expired).await?;
            Ok(())
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
        let outbox = self.collection(OUTBOX);
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        let due = doc! { "due_at": { "$lte": date(now) }, "place": { "$nin": spared } };
        let take = doc! {
            "$set": { "lease": token, "due_at": date(until) },
            "$inc": { "attempts": 1 },
        };
        let longest_due = doc! { "due_at": 1, "_id": 1 };
        let found = outbox
            .find_one_and_update(due, take)
            .sort(longest_due)
            .return_document(ReturnDocument::After);
        self.run("claim dispatch", async {
            found.await?.map(Dispatch::from_document).transpose()
        })
        .await
    }

    async fn settle(&self, token: &str, dispatch: &Dispatch) -> Result<bool> {
        let outbox = self.collection(OUTBOX);
        self.run("settle dispatch", async {
            let held = doc! { "_id": dispatch.id.as_str(), "lease": token };
            let settled = outbox.update_one(held, written(dispatch)?).await?;
            Ok(settled.matched_count == 1)
        })
        .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.gather().await?;
        let outbox = self.collection(OUTBOX);
        let waiting = doc! { "due_at": { "$exists": true } };
        let first = outbox.find_one(waiting).sort(doc! { "due_at": 1 });
        let first = first.projection(doc! { "due_at": 1, "_id": 0 });
        self.read("next dispatch", async {
            let first = first.await?;
            Ok(first.and_then(|first| time(*first.get_datetime("due_at").ok()?).ok()))
        })
        .await
    }

    async fn send_again(
        &self,
        workspace: &WorkspaceId,
        id: &DispatchId,
        now: Timestamp,
    ) -> Result<Option<Dispatch>> {
        let outbox = self.collection(OUTBOX);
        let by_id = doc! { "_id": id.as_str(), "workspace_id": workspace.as_str() };
        self.run("send again", async {
            let Some(found) = query::one::<Dispatch>(&outbox, by_id.clone()).await? else {
                return Ok(None);
            };
            let mut anew = found.clone();
            anew.again(now);
            let mut free = by_id;
            free.insert("lease", Bson::Null);
            let changed = outbox.update_one(free, written(&anew)?).await?;
            Ok(Some(if changed.matched_count == 1 {
                anew
            } else {
                found
            }))
        })
        .await
    }

    async fn newest(
        &self,
        workspace: &WorkspaceId,
        before: Option<&DispatchId>,
        limit: u16,
    ) -> Result<Vec<Dispatch>> {
        // To the server, a limit of 0 is none.
        if limit == 0 {
            return Ok(Vec::new());
        }
        let outbox = self.collection(OUTBOX);
        let mut asked = doc! { "workspace_id": workspace.as_str() };
        if let Some(before) = before {
            asked.insert("_id", doc! { "$lt": before.as_str() });
        }
        let newest = outbox.find(asked).sort(doc! { "_id": -1 });
        self.read("list dispatches", async {
            query::all(newest.limit(limit.into()).await?).await
        })
        .await
    }
}

impl MongoStore {
    /// Puts into the outbox what analyses have to tell whose workers died right after their end.
    async fn gather(&self) -> Result<()> {
        let (jobs, outbox) = (self.collection(ANALYSES), self.collection(OUTBOX));
        let left = jobs.find(doc! { "told_at": { "$exists": true } });
        let left = left.projection(doc! { "told": 1, "told_at": 1 });
        self.run("gather dispatches", async {
            let mut left = left.limit(GATHERED).await?;
            while left.advance().await? {
                let document: Document = left.deserialize_current()?;
                move_out(&jobs, &outbox, &document).await?;
            }
            Ok(())
        })
        .await
    }
}

/// The fields of an analysis that hold what it has to tell; none where that is nothing.
pub(super) fn told(dispatches: &[Dispatch]) -> Result<Document, Fault> {
    let Some(first) = dispatches.first() else {
        return Ok(Document::new());
    };
    let told: Result<Vec<String>, Fault> = dispatches.iter().map(text).collect();
    Ok(doc! { "told": told?, "told_at": date(first.created_at) })
}

/// Puts what an analysis has to tell into the outbox, and takes it out of the analysis. Whoever else
/// does so at the same time, each is there once.
pub(super) async fn move_out(
    jobs: &Collection<Document>,
    outbox: &Collection<Document>,
    analysis: &Document,
) -> Result<(), Fault> {
    let told = analysis.get_array("told").cloned().unwrap_or_default();
    let told = told.iter().filter_map(Bson::as_str);
    let told: Result<Vec<Dispatch>, _> = told.map(serde_json::from_str).collect();
    let told = told.map_err(|error| Fault::Unreadable(error.into()))?;
    post(outbox, &told).await?;
    let (id, at) = (
        analysis.get("_id").cloned(),
        analysis.get("told_at").cloned(),
    );
    let same = doc! { "_id": id, "told_at": at };
    let empty = doc! { "$unset": { "told": "", "told_at": "" } };
    jobs.update_one(same, empty).await?;
    Ok(())
}

/// Adds those that are not there yet, all of one workspace, and drops what is no longer kept.
async fn post(outbox: &Collection<Document>, dispatches: &[Dispatch]) -> Result<(), Fault> {
    let Some(Dispatch { workspace_id, .. }) = dispatches.first() else {
        return Ok(());
    };
    let documents: Result<Vec<Document>, Fault> =
        dispatches.iter().map(Record::to_document).collect();
    query::add_all(outbox, documents?).await?;
    let workspace = workspace_id.as_str();
    let newest = outbox.find_one(doc! { "workspace_id": workspace });
    let newest = newest.sort(doc! { "_id": -1 }).skip(KEPT_DISPATCHES.into());
    if let Some(too_old) = newest.projection(doc! { "_id": 1 }).await? {
        let id = too_old.get("_id").cloned();
        let old = doc! { "workspace_id": workspace, "_id": { "$lte": id } };
        outbox.delete_many(old).await?;
    }
    Ok(())
}

impl Record for Dispatch {
    fn to_document(&self) -> Result<Document, Fault> {
        let mut document = doc! {
            "_id": self.id.as_str(),
            "workspace_id": self.workspace_id.as_str(),
            "place": self.to.place(),
            "lease": Bson::Null,
            "schema": SCHEMA,
        };
        document.extend(changing(self)?);
        Ok(document)
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        let text = document.get_str("dispatch").unwrap_or_default();
        let mut dispatch: Self =
            serde_json::from_str(text).map_err(|error| Fault::Unreadable(error.into()))?;
        let attempts = document.get_i64("attempts").ok();
        let attempts = attempts.and_then(|it| u32::try_from(it).ok());
        dispatch.attempts = attempts.unwrap_or(dispatch.attempts);
        let due = document.get_datetime("due_at").copied().ok();
        let due = due.map(time).transpose();
        dispatch.due_at = due.map_err(|error| Fault::Unreadable(error.into()))?;
        Ok(dispatch)
    }
}

/// The fields that change while a dispatch is on its way.
fn changing(dispatch: &Dispatch) -> Result<Document, Fault> {
    let mut fields = doc! {
        "attempts": i64::from(dispatch.attempts),
        "dispatch": text(dispatch)?,
    };
    if let Some(due) = dispatch.due_at {
        fields.insert("due_at", date(due));
    }
    if let Some(end) = dispatch.expires_at {
        fields.insert("expires_at", date(end));
    }
    Ok(fields)
}

/// The update that writes a dispatch which nobody is sending any more.
fn written(dispatch: &Dispatch) -> Result<Document, Fault> {
    let mut set = changing(dispatch)?;
    set.insert("lease", Bson::Null);
    let gone = ["due_at", "expires_at"];
    let gone = gone.into_iter().filter(|field| !set.contains_key(field));
    let gone: Document = gone
        .map(|field| (field.to_owned(), Bson::from("")))
        .collect();
    let mut update = doc! { "$set": set };
    if !gone.is_empty() {
        update.insert("$unset", gone);
    }
    Ok(update)
}

fn text(dispatch: &Dispatch) -> Result<String, Fault> {
    serde_json::to_string(dispatch).map_err(|error| Fault::Unreadable(error.into()))
}
