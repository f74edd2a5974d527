//! The result of an analysis.

use explainer_core::{domain, explain::stale, services::Failure};
use poem_openapi::Object;
use serde::Serialize;

use crate::api::time::Time;

/// A technical specification of one issue.
#[derive(Debug, Object, Serialize)]
pub(crate) struct Analysis {
    /// The issue.
    issue_id: String,
    /// What is wrong.
    summary: String,
    /// Why it happens.
    root_cause: String,
    /// How it comes about, as Markdown.
    technical_description: String,
    /// What to do to see it happen.
    steps_to_reproduce: Vec<String>,
    /// The same as `steps_to_reproduce`.
    reproduction_steps: Vec<String>,
    /// What to change.
    suggested_fix: String,
    /// Code that shows the change, as Markdown.
    #[oai(nullable)]
    code_examples: Option<String>,
    /// `low`, `medium`, `high` or `critical`.
    priority: String,
    /// Why this priority: the rules of the rubric that applied.
    priority_reasons: Vec<PriorityReason>,
    /// How long the change may take.
    estimated_effort: String,
    /// The parts of the program that are involved.
    affected_components: Vec<String>,
    /// Ids of issues that have to do with this one.
    related_issues: Vec<String>,
    /// The place in the code to look at first.
    #[oai(nullable)]
    culprit: Option<Culprit>,
    /// `heuristic` when rules of ours wrote it from the evidence alone, else `model`.
    written_by: String,
    /// The model that wrote it.
    #[oai(nullable)]
    model: Option<String>,
    /// Where each field came from: `model`, `repaired`, `heuristic` or `missing`.
    provenance: Provenance,
    /// How far the evidence bears out what a model wrote.
    #[oai(nullable)]
    grounding: Option<Grounding>,
    /// What a model says it rests its text on.
    claims: Vec<Claim>,
    /// What is missing, where a model says that the evidence does not suffice to name a cause.
    #[oai(nullable)]
    insufficient_evidence: Option<String>,
    /// Why rules wrote it although models are configured.
    #[oai(nullable)]
    instead_of_model: Option<AnalysisError>,
    /// Why it is out of date: `new_release` or `new_in_app_frame` where an event that a webhook
    /// brought or a preview read says so, `prompt_changed` where this version of the service would
    /// ask otherwise; null where nothing says so.
    #[oai(nullable)]
    stale: Option<String>,
    /// When the analysis was first asked for.
    created_at: Time,
    /// When this result was written.
    updated_at: Time,
}

/// A rule of the priority rubric that applied.
#[derive(Debug, Object, Serialize)]
struct PriorityReason {
    /// The rule's stable name.
    rule: String,
    /// What it adds to, or takes from, the score.
    points: i32,
    /// What in the evidence it applied to.
    because: String,
}

/// A place in the code.
#[derive(Debug, Object, Serialize)]
struct Culprit {
    /// The function.
    #[oai(nullable)]
    function: Option<String>,
    /// The file, or the module or image.
    #[oai(nullable)]
    file: Option<String>,
    /// The line, from 1.
    #[oai(nullable)]
    line: Option<u32>,
    /// The frame's id in the evidence.
    #[oai(nullable)]
    evidence: Option<String>,
    /// Whether it is the program's own code.
    in_app: bool,
}

/// Where each field came from.
#[derive(Debug, Object, Serialize)]
struct Provenance {
    summary: String,
    root_cause: String,
    technical_description: String,
    reproduction_steps: String,
    suggested_fix: String,
    code_examples: String,
    priority: String,
    estimated_effort: String,
    affected_components: String,
    related_issues: String,
}

/// How far the evidence bears out what a model wrote.
#[derive(Debug, Object, Serialize)]
struct Grounding {
    /// The share of claims and names that could be verified, 0 to 1.
    score: f64,
    /// Those that could not, each with the reason.
    unverified: Vec<String>,
}

/// One thing a model says, and what it says that rests on.
#[derive(Debug, Object, Serialize)]
struct Claim {
    /// What it says.
    text: String,
    /// The ids of evidence it names.
    evidence: Vec<String>,
    /// What it quotes.
    quotes: Vec<String>,
    /// Whether the ids were sent, the quotes occur and the names are known.
    verified: bool,
}

/// Why an analysis failed.
#[derive(Debug, Object, Serialize)]
pub(crate) struct AnalysisError {
    /// A stable name to decide by.
    code: String,
    /// One sentence on what to do.
    message: String,
    /// Whether asking again may help.
    retryable: bool,
}

impl Analysis {
    /// The result in `record`, if there is one.
    pub(crate) fn of(record: &domain::Analysis) -> Option<Self> {
        let spec = record.specification.as_deref()?.clone();
        let written_at = record.finished_at.unwrap_or(record.updated_at);
        let issue = record.issue.id.clone();
        let told = Self::new(issue, spec, record.created_at, written_at);
        // What an event says weighs more than what this version would do otherwise.
        let outdated = record.outdated.map(|why| why.as_str().to_owned());
        Some(Self {
            stale: outdated.or(told.stale),
            ..told
        })
    }

    /// A specification of `issue`, asked for and written at these times.
    pub(crate) fn new(
        issue_id: String,
        spec: domain::Specification,
        created_at: domain::Timestamp,
        updated_at: domain::Timestamp,
    ) -> Self {
        let stale = stale::by_version(&spec).map(|why| why.as_str().to_owned());
        Self {
            issue_id,
            provenance: spec.provenance.into(),
            written_by: if spec.model.is_some() {
                "model"
            } else {
                "heuristic"
            }
            .to_owned(),
            summary: spec.summary,
            root_cause: spec.root_cause,
            technical_description: spec.technical_description,
            steps_to_reproduce: spec.reproduction_steps.clone(),
            reproduction_steps: spec.reproduction_steps,
            suggested_fix: spec.suggested_fix,
            code_examples: spec.code_examples,
            priority: spec.priority.as_str().to_owned(),
            priority_reasons: spec.priority_reasons.into_iter().map(Into::into).collect(),
            estimated_effort: spec.estimated_effort,
            affected_components: spec.affected_components,
            related_issues: spec.related_issues,
            culprit: spec.culprit.map(Into::into),
            stale,
            model: spec.model,
            grounding: spec.grounding.map(Into::into),
            claims: spec.claims.into_iter().map(Into::into).collect(),
            insufficient_evidence: spec.insufficient_evidence,
            instead_of_model: spec.instead_of_model.map(|why| (*why).into()),
            created_at: created_at.into(),
            updated_at: updated_at.into(),
        }
    }
}

impl AnalysisError {
    /// Why something was refused, as a client is told.
    pub(crate) fn of(failure: &Failure) -> Self {
        Self {
            code: failure.code().to_owned(),
            message: failure.public_message(),
            retryable: failure.is_retryable(),
        }
    }
}

impl From<domain::PriorityReason> for PriorityReason {
    fn from(reason: domain::PriorityReason) -> Self {
        Self {
            rule: reason.rule,
            points: reason.points,
            because: reason.because,
        }
    }
}

impl From<domain::Culprit> for Culprit {
    fn from(culprit: domain::Culprit) -> Self {
        Self {
            function: culprit.function,
            file: culprit.file,
            line: culprit.line,
            evidence: culprit.evidence.map(|id| id.to_string()),
            in_app: culprit.in_app,
        }
    }
}

impl From<domain::Provenance> for Provenance {
    fn from(of: domain::Provenance) -> Self {
        let word = |origin: domain::Origin| origin.as_str().to_owned();
        Self {
            summary: word(of.summary),
            root_cause: word(of.root_cause),
            technical_description: word(of.technical_description),
            reproduction_steps: word(of.reproduction_steps),
            suggested_fix: word(of.suggested_fix),
            code_examples: word(of.code_examples),
            priority: word(of.priority),
            estimated_effort: word(of.estimated_effort),
            affected_components: word(of.affected_components),
            related_issues: word(of.related_issues),
        }
    }
}

impl From<domain::Claim> for Claim {
    fn from(claim: domain::Claim) -> Self {
        Self {
            text: claim.text,
            evidence: claim.evidence,
            quotes: claim.quotes,
            verified: claim.verified,
        }
    }
}

impl From<domain::Grounding> for Grounding {
    fn from(grounding: domain::Grounding) -> Self {
        Self {
            score: grounding.score,
            unverified: grounding.unverified,
        }
    }
}

impl From<domain::AnalysisError> for AnalysisError {
    fn from(error: domain::AnalysisError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            retryable: error.retryable,
        }
    }
}
