//! How far each workspace's source was looked through, and who is at it.

use std::time::Duration;

use ::mongodb::{
    bson::{Bson, Document, doc},
    options::ReturnDocument,
};
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Timestamp, Watch, WorkspaceId},
    ports::Watches,
};

use super::{MongoStore, documents::SCHEMA, fault::Fault, forms::date, indexes::WATCHES, query};

#[async_trait]
impl Watches for MongoStore {
    async fn claim(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Watch>> {
        let watches = self.collection(WATCHES);
        let until = now.saturating_add(lease).unwrap_or(Timestamp::MAX);
        self.run("claim watch", async {
            let due = doc! { "_id": workspace.as_str(), "due_at": { "$lte": date(now) } };
            let take = doc! { "$set": { "due_at": date(until), "lease": token } };
            let found = watches
                .find_one_and_update(due, take)
                .return_document(ReturnDocument::After);
            if let Some(watch) = found.await? {
                return read(&watch).map(Some);
            }
            // Either somebody has it, or there is none yet; of many who add it one succeeds.
            let new = doc! {
                "_id": workspace.as_str(), "began": date(now), "seen_until": Bson::Null,
                "due_at": date(until), "lease": token, "schema": SCHEMA,
            };
            match query::add(&watches, new.clone()).await {
                Ok(()) => read(&new).map(Some),
                Err(Fault::Taken(_)) => Ok(None),
                Err(fault) => Err(fault),
            }
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
        let watches = self.collection(WATCHES);
        self.run("end watch", async {
            let held = doc! { "_id": workspace.as_str(), "lease": token };
            let ended = doc! {
                "$set": { "seen_until": seen_until.map(date), "due_at": date(due), "lease": Bson::Null },
            };
            Ok(watches.update_one(held, ended).await?.matched_count == 1)
        })
        .await
    }
}

fn read(watch: &Document) -> Result<Watch, Fault> {
    let time = |key: &str| {
        let date = watch.get_datetime(key).ok()?;
        Timestamp::from_millisecond(date.timestamp_millis()).ok()
    };
    Ok(Watch {
        began: time("began").ok_or_else(|| Fault::Unreadable("a watch has no beginning".into()))?,
        seen_until: time("seen_until"),
    })
}
