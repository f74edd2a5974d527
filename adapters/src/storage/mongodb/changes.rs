//! What other replicas do, by a change stream: <https://www.mongodb.com/docs/manual/changeStreams/>.
//! A server that stands alone has none.

use std::sync::atomic::Ordering;

use ::mongodb::bson::{Document, doc};
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{AnalysisId, Status},
    ports::{Change, Changes},
};
use futures::{StreamExt, stream::BoxStream};
use serde::Deserialize;

use super::{MongoStore, fault::Fault, indexes::ANALYSES, writers::CHANGE};

const OPERATION: &str = "listen";

/// What is asked for of an event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    document_key: Key,
    full_document: Option<Fields>,
    update_description: Option<Update>,
}

#[derive(Debug, Deserialize)]
struct Key {
    #[serde(rename = "_id")]
    id: AnalysisId,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    updated_fields: Fields,
}

#[derive(Debug, Deserialize)]
struct Fields {
    status: Option<Status>,
}

#[async_trait]
impl Changes for MongoStore {
    async fn listen(&self) -> Result<BoxStream<'static, Result<Change>>> {
        let analyses = self.collection(ANALYSES);
        let events = self
            .read(OPERATION, async {
                let events = analyses.watch().pipeline(what_matters()).await?;
                Ok(events.with_type::<Event>())
            })
            .await?;
        let change = |event: ::mongodb::error::Result<Event>| match event {
            Ok(event) => Ok(event.into()),
            Err(error) => Err(Fault::from(error).into_error(OPERATION)),
        };
        Ok(events.map(change).boxed())
    }

    fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }
}

impl From<Event> for Change {
    fn from(event: Event) -> Self {
        let updated = event.update_description.map(|update| update.updated_fields);
        Self {
            analysis_id: event.document_key.id,
            status: event.full_document.or(updated).and_then(|it| it.status),
        }
    }
}

/// Only what somebody may wait for: not the place in the queue, which every renewal moves. Of
/// that, only what is read: a result may be large.
fn what_matters() -> [Document; 2] {
    let fields = doc! { "$objectToArray": {
        "$ifNull": ["$updateDescription.updatedFields", {}],
    } };
    let names = doc! { "$map": { "input": fields, "in": "$$this.k" } };
    let others = doc! { "$setDifference": [names, ["due_at", "lease", CHANGE, "told", "told_at"]] };
    let matters = doc! { "$or": [
        { "operationType": { "$in": ["insert", "replace", "delete"] } },
        { "$expr": { "$gt": [{ "$size": others }, 0] } },
    ] };
    let read = doc! {
        "operationType": 1,
        "documentKey": 1,
        "fullDocument.status": 1,
        "updateDescription.updatedFields.status": 1,
    };
    [doc! { "$match": matters }, doc! { "$project": read }]
}
