//! Logins and the tokens of scripts.

use ::mongodb::{
    bson::{Document, doc},
    options::ReturnDocument,
};
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{AccessToken, Session, Timestamp, TokenId, UserId},
    ports::{AccessTokens, Rotation, Sessions},
};

use super::{
    MongoStore,
    documents::Record,
    forms::date,
    indexes::{ACCESS_TOKENS, SESSIONS},
    query,
};

/// How many sessions of one account are kept.
const MOST: u64 = 100;

#[async_trait]
impl Sessions for MongoStore {
    async fn insert(&self, session: &Session, now: Timestamp) -> Result<()> {
        let sessions = self.collection(SESSIONS);
        self.run("insert session", async {
            query::add(&sessions, session.to_document()?).await?;
            sessions.delete_many(expired(now)).await?;
            let own = sessions.find(doc! { "user_id": session.user_id.as_str() });
            let newest = own.sort(doc! { "created_at": -1, "_id": -1 });
            let beyond = newest.skip(MOST).projection(doc! { "_id": 1 });
            let mut beyond = beyond.await?;
            while beyond.advance().await? {
                let one = beyond.deserialize_current()?;
                let id = one.get_str("_id").unwrap_or_default();
                sessions.delete_one(doc! { "_id": id }).await?;
            }
            Ok(())
        })
        .await
    }

    async fn rotate(
        &self,
        id: &TokenId,
        from: &str,
        to: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Rotation> {
        let sessions = self.collection(SESSIONS);
        self.run("rotate session", async {
            let lasting = doc! { "_id": id.as_str(), "expires_at": { "$gt": date(now) } };
            let mut current = lasting.clone();
            current.insert("secret_hash", from);
            let renew = doc! { "$set": { "secret_hash": to, "expires_at": date(expires_at) } };
            let renewed = sessions.find_one_and_update(current, renew);
            if let Some(renewed) = renewed.return_document(ReturnDocument::After).await? {
                return Ok(Rotation::Renewed(Session::from_document(renewed)?));
            }
            match sessions.find_one_and_delete(lasting).await? {
                Some(reused) => Ok(Rotation::Reused(Session::from_document(reused)?)),
                None => Ok(Rotation::Unknown),
            }
        })
        .await
    }

    async fn end(&self, id: &TokenId) -> Result<Option<Session>> {
        let sessions = self.collection(SESSIONS);
        self.run("end session", async {
            let ended = sessions.find_one_and_delete(doc! { "_id": id.as_str() });
            ended.await?.map(Session::from_document).transpose()
        })
        .await
    }
}

#[async_trait]
impl AccessTokens for MongoStore {
    async fn insert(&self, token: &AccessToken, now: Timestamp) -> Result<()> {
        let tokens = self.collection(ACCESS_TOKENS);
        self.run("insert access token", async {
            query::add(&tokens, token.to_document()?).await?;
            tokens.delete_many(expired(now)).await?;
            Ok(())
        })
        .await
    }

    async fn find(&self, secret_hash: &str) -> Result<Option<AccessToken>> {
        let tokens = self.collection(ACCESS_TOKENS);
        let by_secret = doc! { "secret_hash": secret_hash };
        self.read("find access token", query::one(&tokens, by_secret))
            .await
    }

    async fn of_user(&self, user: &UserId) -> Result<Vec<AccessToken>> {
        let tokens = self.collection(ACCESS_TOKENS);
        self.read("list access tokens", async {
            let own = tokens.find(doc! { "user_id": user.as_str() });
            query::all(own.sort(doc! { "created_at": 1, "_id": 1 }).await?).await
        })
        .await
    }

    async fn delete(&self, user: &UserId, id: &TokenId) -> Result<bool> {
        let tokens = self.collection(ACCESS_TOKENS);
        self.run("delete access token", async {
            let own = doc! { "_id": id.as_str(), "user_id": user.as_str() };
            Ok(tokens.delete_one(own).await?.deleted_count > 0)
        })
        .await
    }
}

fn expired(now: Timestamp) -> Document {
    doc! { "expires_at": { "$lte": date(now) } }
}
