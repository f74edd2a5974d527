//! Deliveries that were taken, until their time is over.

use ::mongodb::bson::{Document, doc};
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Timestamp, WorkspaceId},
    ports::Deliveries,
};

use super::{MongoStore, documents::SCHEMA, forms::date, indexes::DELIVERIES};

#[async_trait]
impl Deliveries for MongoStore {
    async fn is_known(&self, workspace: &WorkspaceId, marks: &[String]) -> Result<bool> {
        let deliveries = self.collection(DELIVERIES);
        self.read("find delivery", async {
            let ids: Vec<_> = marks.iter().map(|mark| id(workspace, mark)).collect();
            let found = deliveries.find_one(doc! { "_id": { "$in": ids } }).await?;
            Ok(found.is_some())
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
        let deliveries = self.collection(DELIVERIES);
        self.run("remember delivery", async {
            for mark in marks {
                let latest = doc! {
                    "$max": { "expires_at": date(until) },
                    "$setOnInsert": { "schema": SCHEMA },
                };
                let by_id = doc! { "_id": id(workspace, mark) };
                deliveries.update_one(by_id, latest).upsert(true).await?;
            }
            let over = doc! { "expires_at": { "$lte": date(now) } };
            deliveries.delete_many(over).await?;
            Ok(())
        })
        .await
    }
}

fn id(workspace: &WorkspaceId, mark: &str) -> Document {
    doc! { "workspace_id": workspace.as_str(), "mark": mark }
}
