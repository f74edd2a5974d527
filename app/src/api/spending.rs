//! `/usage` and `/analyses/{id}/egress`: what was sent to models and what it cost.

use std::{collections::BTreeMap, sync::Arc};

use explainer_core::{
    domain::{self, Date},
    services::Services,
};
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result},
    money::dollars,
    problem::{FieldError, Problem},
    security::Token,
    shapes::AnalysisError,
    time::Time,
};

/// The operations.
pub(crate) struct SpendingApi {
    pub services: Arc<Services>,
}

/// What a workspace used.
#[derive(Debug, Object, Serialize)]
struct UsageReport {
    /// By day and model.
    usage: Vec<Usage>,
    /// What was spent today (UTC), requests under way at the most they may cost.
    spent_today_usd: f64,
}

/// What one model was used for on one day.
#[derive(Debug, Object, Serialize)]
struct Usage {
    /// The day, UTC.
    day: String,
    /// The model, `backend/name`.
    model: String,
    /// How often it was asked.
    calls: u64,
    /// How often a result that was paid for before served again.
    cache_hits: u64,
    /// Tokens of prompts.
    input_tokens: u64,
    /// Of these, those the server had cached.
    cached_tokens: u64,
    /// Tokens of answers.
    output_tokens: u64,
    /// What that cost.
    cost_usd: f64,
}

/// Every request made to a model for one analysis.
#[derive(Debug, Object, Serialize)]
struct EgressReport {
    /// The requests, oldest first.
    calls: Vec<ModelCall>,
}

/// One request to a model.
#[derive(Debug, Object, Serialize)]
pub(crate) struct ModelCall {
    /// Its id.
    id: String,
    /// Which run of the analysis it was made for.
    revision: u32,
    /// `explain`, `repair` or `compare`.
    purpose: String,
    /// The model, `backend/name`.
    model: String,
    /// What was sent; null where nothing was.
    #[oai(nullable)]
    egress: Option<Egress>,
    /// When.
    started_at: Time,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// How it ended: `answered`, `reused`, `unusable`, `failed` or `not_sent`; `sent` where that is
    /// not known, or not yet.
    end: String,
    /// Why it did not end well.
    #[oai(nullable)]
    error: Option<AnalysisError>,
    /// Tokens of the prompt.
    input_tokens: u64,
    /// Of these, those the server had cached.
    cached_tokens: u64,
    /// Tokens of the answer.
    output_tokens: u64,
    /// What it cost; until it has ended, the most it may cost.
    cost_usd: f64,
}

/// What left for a model.
#[derive(Debug, Object, Serialize)]
struct Egress {
    /// The host it went to.
    destination: String,
    /// Whether that is outside of the self-hoster's machines.
    remote: bool,
    /// SHA-256 of what was sent, as the preview has it.
    payload_sha256: String,
    /// Its length in bytes.
    payload_bytes: u64,
    /// How many different values were taken out, by kind.
    redacted: BTreeMap<String, u32>,
    /// The data classes that were kept back.
    withheld: Vec<String>,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Tags::Spending")]
impl SpendingApi {
    /// What the workspace used models for, and what that cost, by day and model
    #[oai(path = "/usage", method = "get", operation_id = "getUsage")]
    async fn usage(
        &self,
        token: Token,
        /// The first day, UTC, such as 2026-03-01; thirty days back unless given.
        #[oai(validator(max_length = 10))]
        from: Query<Option<String>>,
        /// The last day, UTC; today unless given.
        #[oai(validator(max_length = 10))]
        to: Query<Option<String>>,
    ) -> Result<Answer<UsageReport>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let (from, to) = (day("from", from.0)?, day("to", to.0)?);
        let spending = &self.services.spending;
        let usage = spending.usage(&workspace, from, to).await?;
        let spent = spending.spent_today(&workspace).await?;
        Ok(Answer(UsageReport {
            usage: usage.into_iter().map(Usage::from).collect(),
            spent_today_usd: dollars(spent),
        }))
    }

    /// Every request made to a model for an analysis: where it went, what it carried, what it cost
    #[oai(
        path = "/analyses/:id/egress",
        method = "get",
        operation_id = "getEgress"
    )]
    async fn egress(
        &self,
        token: Token,
        /// The analysis's id.
        id: Path<String>,
    ) -> Result<Answer<EgressReport>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let calls = self.services.spending.calls(&workspace, &id.0).await?;
        Ok(Answer(EgressReport {
            calls: calls.into_iter().map(ModelCall::from).collect(),
        }))
    }
}

fn day(field: &str, text: Option<String>) -> Result<Option<Date>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        Problem::invalid(vec![FieldError {
            field: field.to_owned(),
            message: "must be a day such as 2026-03-01".to_owned(),
        }])
    })
}

impl From<domain::Usage> for Usage {
    fn from(usage: domain::Usage) -> Self {
        Self {
            day: usage.day.to_string(),
            model: usage.model,
            calls: usage.calls,
            cache_hits: usage.reused,
            input_tokens: usage.tokens.input,
            cached_tokens: usage.tokens.cached,
            output_tokens: usage.tokens.output,
            cost_usd: dollars(usage.cost),
        }
    }
}

impl From<domain::ModelCall> for ModelCall {
    fn from(call: domain::ModelCall) -> Self {
        Self {
            id: call.id.into(),
            revision: call.revision,
            purpose: call.purpose.as_str().to_owned(),
            model: call.model,
            egress: call.egress.map(Into::into),
            started_at: call.started_at.into(),
            duration_ms: call.duration_ms,
            end: call.end.as_str().to_owned(),
            error: call.error.map(Into::into),
            input_tokens: call.tokens.input,
            cached_tokens: call.tokens.cached,
            output_tokens: call.tokens.output,
            cost_usd: dollars(call.cost),
        }
    }
}

impl From<domain::Egress> for Egress {
    fn from(egress: domain::Egress) -> Self {
        let withheld = egress.withheld.iter();
        Self {
            destination: egress.destination,
            remote: egress.remote,
            payload_sha256: egress.payload_sha256,
            payload_bytes: egress.payload_bytes,
            redacted: egress.redacted,
            withheld: withheld.map(|class| class.as_str().to_owned()).collect(),
        }
    }
}
