//! How the store is doing.

use ::mongodb::bson::doc;
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::Timestamp,
    ports::{Backlog, Vitals},
};

use super::{MongoStore, forms, indexes::ANALYSES};

#[async_trait]
impl Vitals for MongoStore {
    async fn ping(&self) -> Result<()> {
        self.read("ping", async {
            self.database.run_command(doc! { "ping": 1 }).await?;
            Ok(())
        })
        .await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        let jobs = self.collection(ANALYSES);
        let due = doc! { "due_at": { "$lte": forms::date(now) } };
        self.read("backlog", async {
            let waiting = jobs.count_documents(due.clone()).await?;
            let first = jobs.find_one(due).sort(doc! { "due_at": 1, "_id": 1 });
            let first = first.projection(doc! { "due_at": 1 }).await?;
            let since = first.and_then(|job| job.get_datetime("due_at").copied().ok());
            Ok(Backlog {
                waiting,
                oldest: since.and_then(|since| forms::time(since).ok()),
            })
        })
        .await
    }
}
