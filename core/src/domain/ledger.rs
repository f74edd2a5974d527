//! The ledger: every request to a model, what it carried, how it ended and what it cost.

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{AnalysisError, AnalysisId, CallId, DataClass, Timestamp, WorkspaceId};

/// One request to a model.
///
/// It is written down before it is sent, and again when it has ended: what left the house is known
/// also of a request whose answer nobody was there to receive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCall {
    /// Its identifier.
    pub id: CallId,
    /// The workspace it was made for.
    pub workspace_id: WorkspaceId,
    /// The analysis it was made for; `None` for a comparison.
    pub analysis_id: Option<AnalysisId>,
    /// The revision of that analysis.
    pub revision: u32,
    /// What was asked for.
    pub purpose: Purpose,
    /// The model, `backend/name`.
    pub model: String,
    /// What was asked, as a digest that is the same when the same is asked again.
    pub key: String,
    /// What was sent; `None` when nothing was.
    pub egress: Option<Egress>,
    /// When it was sent.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub end: CallEnd,
    /// Why it did not end well.
    pub error: Option<AnalysisError>,
    /// What it used.
    pub tokens: Tokens,
    /// What it cost, in millionths of a dollar. Until it has ended, the most it may cost.
    pub cost: u64,
    /// The answer as it came, placeholders and all.
    pub answer: Option<String>,
}

impl ModelCall {
    /// The day it counts for, UTC.
    pub fn day(&self) -> Date {
        day(self.started_at)
    }
}

/// The day of a moment, UTC.
pub fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// What a model was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A specification.
    Explain,
    /// Fields of one that failed validation.
    Repair,
    /// A specification to be held beside those of other models.
    Compare,
}

impl Purpose {
    /// The word clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explain => "explain",
            Self::Repair => "repair",
            Self::Compare => "compare",
        }
    }
}

/// How a request to a model ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEnd {
    /// It was sent; its end is not known, or not yet.
    Sent,
    /// With an answer.
    Answered,
    /// With an answer that was paid for before.
    Reused,
    /// With an answer that could not be used.
    Unusable,
    /// With an error.
    Failed,
    /// Nothing was sent, for the reason in [`ModelCall::error`].
    NotSent,
}

impl CallEnd {
    /// The word clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Answered => "answered",
            Self::Reused => "reused",
            Self::Unusable => "unusable",
            Self::Failed => "failed",
            Self::NotSent => "not_sent",
        }
    }
}

/// What left for a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Egress {
    /// The host it went to.
    pub destination: String,
    /// Whether that is outside of the self-hoster's machines.
    pub remote: bool,
    /// SHA-256 of what was sent, in 64 small hex digits.
    pub payload_sha256: String,
    /// Its length in bytes.
    pub payload_bytes: u64,
    /// How many different values were taken out, by kind.
    pub redacted: BTreeMap<String, u32>,
    /// The data classes that were kept back.
    pub withheld: Vec<DataClass>,
}

/// Tokens as a server counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Of prompts.
    pub input: u64,
    /// Of these, those the server had cached.
    pub cached: u64,
    /// Of answers.
    pub output: u64,
}

/// What one model was used for on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// The day, UTC.
    pub day: Date,
    /// The model, `backend/name`.
    pub model: String,
    /// How often it was asked.
    pub calls: u64,
    /// How often an answer that was paid for before served again.
    pub reused: u64,
    /// The tokens used.
    pub tokens: Tokens,
    /// What that cost, in millionths of a dollar.
    pub cost: u64,
}

impl Usage {
    /// Nothing of `model` on `day` yet.
    pub fn none(day: Date, model: &str) -> Self {
        Self {
            day,
            model: model.to_owned(),
            calls: 0,
            reused: 0,
            tokens: Tokens::default(),
            cost: 0,
        }
    }

    /// Counts a call in.
    pub fn add(&mut self, call: &ModelCall) {
        match call.end {
            CallEnd::Reused => self.reused += 1,
            CallEnd::NotSent => {}
            _ => self.calls += 1,
        }
        self.tokens.input += call.tokens.input;
        self.tokens.cached += call.tokens.cached;
        self.tokens.output += call.tokens.output;
        self.cost += call.cost;
    }
}
