//! Revoked tokens, until they would have expired anyway.

use ::mongodb::bson::doc;
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Timestamp, TokenId},
    ports::RevokedTokens,
};

use super::{MongoStore, documents::SCHEMA, forms::date, indexes::REVOKED_TOKENS};

#[async_trait]
impl RevokedTokens for MongoStore {
    async fn revoke(&self, token: &TokenId, expires_at: Timestamp, now: Timestamp) -> Result<()> {
        let tokens = self.collection(REVOKED_TOKENS);
        self.run("revoke token", async {
            let latest = doc! {
                "$max": { "expires_at": date(expires_at) },
                "$setOnInsert": { "schema": SCHEMA },
            };
            let token = doc! { "_id": token.as_str() };
            tokens.update_one(token, latest).upsert(true).await?;
            let expired = doc! { "expires_at": { "$lte": date(now) } };
            tokens.delete_many(expired).await?;
            Ok(())
        })
        .await
    }

    async fn is_revoked(&self, token: &TokenId) -> Result<bool> {
        let tokens = self.collection(REVOKED_TOKENS);
        self.read("find revoked token", async {
            let found = tokens.find_one(doc! { "_id": token.as_str() }).await?;
            Ok(found.is_some())
        })
        .await
    }
}
