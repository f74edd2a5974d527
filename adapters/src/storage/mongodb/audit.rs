//! The audit log.

use ::mongodb::bson::{Document, doc};
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{AuditEntry, AuditId, Timestamp},
    ports::AuditLog,
};

use super::{MongoStore, documents::Record, forms::date, indexes::AUDIT, query};

#[async_trait]
impl AuditLog for MongoStore {
    async fn append(&self, entry: &AuditEntry, now: Timestamp) -> Result<()> {
        let audit = self.collection(AUDIT);
        self.run("append audit entry", async {
            query::add(&audit, entry.to_document()?).await?;
            let expired = doc! { "expires_at": { "$lte": date(now) } };
            audit.delete_many(expired).await?;
            Ok(())
        })
        .await
    }

    async fn newest(&self, before: Option<&AuditId>, limit: u16) -> Result<Vec<AuditEntry>> {
        let audit = self.collection(AUDIT);
        let older = before.map_or_else(
            Document::new,
            |before| doc! { "_id": { "$lt": before.as_str() } },
        );
        self.read("list audit entries", async {
            let newest = audit.find(older).sort(doc! { "_id": -1 });
            query::all(newest.limit(limit.into()).await?).await
        })
        .await
    }
}
