//! The ledger of requests to models.
//!
//! A call is JSON text in `call`: it holds text from outside, and nothing is found by what is in it.
//! The fields beside it are what calls are found by and summed over.

use std::borrow::Cow;

use ::mongodb::bson::{self, Bson, Document, doc};
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{AnalysisId, Date, ModelCall, Timestamp, Tokens, Usage, WorkspaceId},
    ports::Ledger,
};
use serde::{Deserialize, Serialize};

use super::{
    MongoStore,
    documents::{Record, readable, write},
    fault::Fault,
    forms::{as_date, as_json},
    indexes::MODEL_CALLS,
    query,
};

#[derive(Serialize, Deserialize)]
struct CallFields<'a> {
    #[serde(rename = "_id")]
    id: String,
    workspace_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    analysis_id: Option<String>,
    #[serde(with = "as_date")]
    started_at: Timestamp,
    day: String,
    model: String,
    /// Only there where there is an answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    key: Option<String>,
    cost: i64,
    calls: i64,
    reused: i64,
    input: i64,
    cached: i64,
    output: i64,
    #[serde(with = "as_json")]
    call: Cow<'a, ModelCall>,
}

impl Record for ModelCall {
    fn to_document(&self) -> Result<Document, Fault> {
        let mut counts = Usage::none(self.day(), &self.model);
        counts.add(self);
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let fields = CallFields {
            id: self.id.as_str().to_owned(),
            workspace_id: self.workspace_id.as_str().to_owned(),
            analysis_id: self.analysis_id.as_ref().map(|id| id.as_str().to_owned()),
            started_at: self.started_at,
            day: counts.day.to_string(),
            model: self.model.clone(),
            key: self.answer.is_some().then(|| self.key.clone()),
            cost: number(counts.cost),
            calls: number(counts.calls),
            reused: number(counts.reused),
            input: number(counts.tokens.input),
            cached: number(counts.tokens.cached),
            output: number(counts.tokens.output),
            call: Cow::Borrowed(self),
        };
        write(fields.serialize(bson::Serializer::new()))
    }

    fn from_document(document: Document) -> Result<Self, Fault> {
        Ok(CallFields::deserialize(readable(document)?)?
            .call
            .into_owned())
    }
}

#[async_trait]
impl Ledger for MongoStore {
    async fn write(&self, call: &ModelCall) -> Result<()> {
        self.run("write model call", async {
            self.writers.calls.put(call.to_document()?).await
        })
        .await
    }

    async fn of_analysis(
        &self,
        workspace: &WorkspaceId,
        analysis: &AnalysisId,
    ) -> Result<Vec<ModelCall>> {
        let calls = self.collection(MODEL_CALLS);
        let of_analysis = doc! {
            "workspace_id": workspace.as_str(),
            "analysis_id": analysis.as_str(),
        };
        let oldest_first = calls
            .find(of_analysis)
            .sort(doc! { "started_at": 1, "_id": 1 })
            .limit(1000);
        self.read("list model calls", async {
            query::all(oldest_first.await?).await
        })
        .await
    }

    async fn answer(&self, workspace: &WorkspaceId, key: &str) -> Result<Option<ModelCall>> {
        let calls = self.collection(MODEL_CALLS);
        let newest = calls
            .find_one(doc! { "workspace_id": workspace.as_str(), "key": key })
            .sort(doc! { "started_at": -1, "_id": -1 });
        self.read("find answer", async {
            newest.await?.map(Record::from_document).transpose()
        })
        .await
    }

    async fn spent(&self, workspace: &WorkspaceId, day: Date) -> Result<u64> {
        let of_day = doc! { "workspace_id": workspace.as_str(), "day": day.to_string() };
        let sum = doc! { "_id": Bson::Null, "cost": { "$sum": "$cost" } };
        let found = self.sums("sum costs", of_day, sum).await?;
        Ok(found.first().map_or(0, |sums| number(sums, "cost")))
    }

    async fn usage(&self, workspace: &WorkspaceId, first: Date, last: Date) -> Result<Vec<Usage>> {
        let of_days = doc! {
            "workspace_id": workspace.as_str(),
            "day": { "$gte": first.to_string(), "$lte": last.to_string() },
        };
        let mut sums = doc! { "_id": { "day": "$day", "model": "$model" } };
        for field in ["cost", "calls", "reused", "input", "cached", "output"] {
            sums.insert(field, doc! { "$sum": format!("${field}") });
        }
        let found = self.sums("sum usage", of_days, sums).await?;
        Ok(found.iter().filter_map(usage).collect())
    }
}

impl MongoStore {
    /// Sums over the calls that `which` finds, in the order of what they are grouped by.
    async fn sums(
        &self,
        operation: &'static str,
        which: Document,
        group: Document,
    ) -> Result<Vec<Document>> {
        let calls = self.collection(MODEL_CALLS);
        self.read_much(operation, async {
            let steps = [
                doc! { "$match": which },
                doc! { "$group": group },
                doc! { "$sort": { "_id": 1 } },
            ];
            let mut cursor = calls.aggregate(steps).await?;
            let mut found = Vec::new();
            while cursor.advance().await? {
                found.push(cursor.deserialize_current()?);
            }
            Ok(found)
        })
        .await
    }
}

fn usage(sums: &Document) -> Option<Usage> {
    let of = sums.get_document("_id").ok()?;
    let day = of.get_str("day").ok()?.parse().ok()?;
    Some(Usage {
        calls: number(sums, "calls"),
        reused: number(sums, "reused"),
        tokens: Tokens {
            input: number(sums, "input"),
            cached: number(sums, "cached"),
            output: number(sums, "output"),
        },
        cost: number(sums, "cost"),
        ..Usage::none(day, of.get_str("model").ok()?)
    })
}

/// A sum: the server gives small ones as 32 bits.
fn number(sums: &Document, field: &str) -> u64 {
    let sum = match sums.get(field) {
        Some(Bson::Int32(sum)) => i64::from(*sum),
        Some(Bson::Int64(sum)) => *sum,
        _ => 0,
    };
    u64::try_from(sum).unwrap_or(0)
}
