//! The result of an analysis: a technical specification a developer can start from.

use serde::{Deserialize, Serialize};

use super::{AnalysisError, EvidenceId};

/// What a developer needs to know to begin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Specification {
    /// What is wrong, in one or two sentences.
    pub summary: String,
    /// Why it happens.
    pub root_cause: String,
    /// How it comes about, step by step, with the evidence.
    pub technical_description: String,
    /// What to do to see it happen.
    pub reproduction_steps: Vec<String>,
    /// What to change.
    pub suggested_fix: String,
    /// Code that shows the change, as Markdown.
    pub code_examples: Option<String>,
    /// How soon to deal with it.
    pub priority: Priority,
    /// Why this priority: every rule of the rubric that applied.
    pub priority_reasons: Vec<PriorityReason>,
    /// How long the change may take (`1-2 hours`).
    pub estimated_effort: String,
    /// The parts of the program that are involved, the culprit's first.
    pub affected_components: Vec<String>,
    /// Ids of issues that have to do with this one.
    pub related_issues: Vec<String>,
    /// The place in the code to look at first.
    pub culprit: Option<Culprit>,
    /// Where each field came from.
    pub provenance: Provenance,
    /// The model that wrote it; `None` when heuristics alone did.
    pub model: Option<String>,
    /// How far the evidence bears the text out; `None` when heuristics wrote it from the evidence.
    pub grounding: Option<Grounding>,
    /// What a model says it rests its text on; empty when heuristics wrote it.
    pub claims: Vec<Claim>,
    /// What is missing, where a model says that the evidence does not suffice to name a cause.
    pub insufficient_evidence: Option<String>,
    /// Why no model wrote it although models are configured.
    pub instead_of_model: Option<Box<AnalysisError>>,
    /// What it was made with and from, to tell later whether it is out of date.
    pub basis: Basis,
}

/// One thing a model says, and what it says that rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// What it says.
    pub text: String,
    /// The ids it names, as it wrote them: they need not exist.
    pub evidence: Vec<String>,
    /// What it quotes.
    pub quotes: Vec<String>,
    /// Whether the ids were sent, the quotes occur and the names are known.
    pub verified: bool,
}

/// What a specification was made with and from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Basis {
    /// The version of prompt and schema, or of the rules.
    pub prompt: String,
    /// The release the event was of.
    pub release: Option<String>,
    /// The program's own calls on the stack, `file:function`, sorted.
    pub in_app_frames: Vec<String>,
}

/// Why a specification is out of date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stale {
    /// A newer event is of another release.
    NewRelease,
    /// A newer event has calls of the program's own on its stack that were not there.
    NewInAppFrame,
    /// This version of the service asks otherwise.
    PromptChanged,
}

impl Stale {
    /// The word clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewRelease => "new_release",
            Self::NewInAppFrame => "new_in_app_frame",
            Self::PromptChanged => "prompt_changed",
        }
    }
}

/// The place in the code to look at first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Culprit {
    /// The function.
    pub function: Option<String>,
    /// The file, or the module or image where no file is known.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The frame's id in the evidence; `None` when no frame was known.
    pub evidence: Option<EvidenceId>,
    /// Whether the frame is the program's own code.
    pub in_app: bool,
}

/// How soon to deal with an issue.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// When there is time.
    Low,
    /// In the usual course.
    #[default]
    Medium,
    /// Next.
    High,
    /// Now.
    Critical,
}

impl Priority {
    /// The word clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One rule of the priority rubric that applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorityReason {
    /// The rule's stable name (`unhandled`).
    pub rule: String,
    /// What it adds to, or takes from, the score.
    pub points: i32,
    /// What in the evidence it applied to.
    pub because: String,
}

/// Where a field of a specification came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A model wrote it and it passed validation at once.
    Model,
    /// A model wrote it when asked again.
    Repaired,
    /// Rules of ours wrote it from the evidence.
    Heuristic,
    /// Nobody could say.
    #[default]
    Missing,
}

impl Origin {
    /// The word clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Repaired => "repaired",
            Self::Heuristic => "heuristic",
            Self::Missing => "missing",
        }
    }
}

/// The origin of each field that a model may write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "each field is named after the field of the specification it speaks of"
)]
pub struct Provenance {
    pub summary: Origin,
    pub root_cause: Origin,
    pub technical_description: Origin,
    pub reproduction_steps: Origin,
    pub suggested_fix: Origin,
    pub code_examples: Origin,
    pub priority: Origin,
    pub estimated_effort: Origin,
    pub affected_components: Origin,
    pub related_issues: Origin,
}

/// How far the evidence bears a model's text out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grounding {
    /// The share of claims and names that could be verified, 0 to 1.
    pub score: f64,
    /// Those that could not, each with the reason.
    pub unverified: Vec<String>,
}
