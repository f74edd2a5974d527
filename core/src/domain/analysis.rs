//! Analyses: the job that explains an issue, and its result, in one record.

use serde::{Deserialize, Serialize};

use super::{
    AnalysisId, Event, Issue, Progress, Specification, Stale, Timestamp, UserId, WorkspaceId,
};

/// One issue's analysis in one workspace: there is at most one for each pair of the two.
///
/// The record is its own job. While it is [active](Status::is_active) it waits in the queue or is
/// held by a worker under a [`Lease`]; a new request joins it. Asking again once it has ended
/// begins the next revision, and the former result stays readable until the new one is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Its identifier.
    pub id: AnalysisId,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// The issue as it was when last read from the source.
    pub issue: Issue,
    /// The event that came with the request, until it has been looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Box<Event>>,
    /// How far it is.
    pub status: Status,
    /// The newest result.
    pub specification: Option<Box<Specification>>,
    /// Why the newest result is out of date, where a newer event that was seen since says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outdated: Option<Stale>,
    /// Why the last run failed; only with [`Status::Failed`], and with [`Status::Pending`] when it
    /// was put back to be tried again.
    pub error: Option<AnalysisError>,
    /// What the newest result was made from; the same evidence is not explained twice.
    pub fingerprint: Option<String>,
    /// Whether the same evidence is to be explained again all the same.
    pub force: bool,
    /// How often it has been asked for after it had ended, from 1.
    pub revision: u32,
    /// How often a worker took up this revision.
    pub attempt: u32,
    /// How far the run is, as it was last kept; only with [`Status::Analyzing`].
    #[serde(default)]
    pub progress: Option<Progress>,
    /// Who asked first.
    pub created_by: UserId,
    /// The trace of the request that asked for this revision; see [`NewAnalysis::trace`].
    #[serde(default)]
    pub trace: Option<String>,
    /// Who shall deal with the issue.
    pub assigned_to: Option<String>,
    /// When it was first asked for.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When a worker first took up this revision.
    pub started_at: Option<Timestamp>,
    /// When this revision ended.
    pub finished_at: Option<Timestamp>,
}

/// How many results of one analysis stay readable, the newest included.
pub const KEPT_REVISIONS: u32 = 20;

/// The result of one ended run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// Which run it was, as [`Analysis::revision`] counts them.
    pub revision: u32,
    /// The result.
    pub specification: Box<Specification>,
    /// What it was made from.
    pub fingerprint: Option<String>,
    /// When the run ended.
    pub finished_at: Option<Timestamp>,
}

/// How far an analysis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It waits for a worker.
    Pending,
    /// A worker is at it.
    Analyzing,
    /// It has a result.
    Completed,
    /// It has an error.
    Failed,
}

impl Status {
    /// Whether it waits or is worked on.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Analyzing)
    }

    /// The word clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Analyzing => "analyzing",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// Why an analysis failed, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisError {
    /// Stable snake-case name.
    pub code: String,
    /// One sentence that says what to do.
    pub message: String,
    /// Whether asking again may help without anyone changing anything.
    pub retryable: bool,
}

/// The right to work on one analysis until it runs out or is renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The workspace of the analysis.
    pub workspace_id: WorkspaceId,
    /// The analysis.
    pub analysis_id: AnalysisId,
    /// Who holds it: a value no other claim ever has.
    pub token: String,
    /// When it runs out.
    pub until: Timestamp,
}

/// A request to analyse an issue.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAnalysis {
    /// The identifier to use where there is no record for the issue yet.
    pub id: AnalysisId,
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The issue.
    pub issue: Issue,
    /// The record of the issue, if whoever asks has just read one: a store need not read it again, but
    /// goes by the one that is there by now.
    pub former: Option<Box<Analysis>>,
    /// An event of it, where one came with the request.
    pub event: Option<Box<Event>>,
    /// Whether to explain unchanged evidence again.
    pub force: bool,
    /// Who asks.
    pub requested_by: UserId,
    /// The trace the request belongs to, as whoever watches the service wrote it. Nothing here
    /// reads it; it lets the work be told of as part of the same trace, whichever replica does it.
    pub trace: Option<String>,
    /// Now.
    pub at: Timestamp,
}

/// The jobs that are due and that nobody works on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many there are.
    pub jobs: u64,
    /// Since when the first of them has been due.
    pub since: Option<Timestamp>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With a specification made from what `fingerprint` stands for.
    Completed {
        /// The issue as it was read for this run.
        issue: Box<Issue>,
        /// The result.
        specification: Box<Specification>,
        /// What it was made from.
        fingerprint: String,
    },
    /// Without.
    Failed(AnalysisError),
}
