//! The keys of requests, and how those were answered. A key is one document, under the key itself.

use ::mongodb::bson::{Document, doc};
use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    domain::{Sealed, Timestamp},
    ports::{IdempotencyKeys, KeyState, KeyedRequest},
};

use super::{MongoStore, documents::SCHEMA, fault::Fault, forms::date, indexes::KEYS, query};

/// How often a key is tried that others take and leave meanwhile.
const TRIES: u32 = 16;

#[async_trait]
impl IdempotencyKeys for MongoStore {
    async fn take(
        &self,
        request: &KeyedRequest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState> {
        let keys = self.collection(KEYS);
        self.run("take key", async {
            let expired = doc! { "expires_at": { "$lte": date(now) } };
            keys.delete_many(expired).await?;
            for _ in 0..TRIES {
                let mut taken = held(request);
                taken.insert("expires_at", date(until));
                taken.insert("schema", SCHEMA);
                match query::add(&keys, taken).await {
                    Err(Fault::Taken(_)) => {}
                    added => return added.map(|()| KeyState::Taken),
                }
                let known = keys.find_one(doc! { "_id": &request.key }).await?;
                if let Some(known) = known {
                    return Ok(state(&known, &request.request));
                }
                // It was released in between.
            }
            Err(Fault::refused(
                ErrorKind::Unavailable,
                "could not take the key because others kept taking and leaving it; try again",
            ))
        })
        .await
    }

    async fn keep(
        &self,
        request: &KeyedRequest,
        answer: &Sealed,
        until: Timestamp,
    ) -> Result<bool> {
        let keys = self.collection(KEYS);
        let kept = doc! { "$set": { "answer": &answer.0, "expires_at": date(until) } };
        self.run("keep answer", async {
            Ok(keys.update_one(held(request), kept).await?.matched_count > 0)
        })
        .await
    }

    async fn release(&self, request: &KeyedRequest) -> Result<()> {
        let keys = self.collection(KEYS);
        let mut unanswered = held(request);
        unanswered.insert("answer", doc! { "$exists": false });
        self.run("release key", async {
            keys.delete_one(unanswered).await?;
            Ok(())
        })
        .await
    }
}

/// The document while `request` has its key.
fn held(request: &KeyedRequest) -> Document {
    doc! { "_id": &request.key, "request": &request.request, "token": &request.token }
}

fn state(known: &Document, request: &str) -> KeyState {
    if known.get_str("request").ok() != Some(request) {
        return KeyState::Different;
    }
    match known.get_str("answer") {
        Ok(answer) => KeyState::Answered(Sealed(answer.to_owned())),
        Err(_) => KeyState::Busy,
    }
}
