//! Analyses as a resource of their own: in full, in a list, and as they get on.

use explainer_core::domain;
use poem_openapi::Object;
use serde::Serialize;

use super::{Analysis, AnalysisError, Issue, ProcessingStatus};
use crate::{api::time::Time, watching::View};

/// An analysis: its issue, how far it is, and its newest result.
#[derive(Debug, Object, Serialize)]
pub(crate) struct AnalysisRecord {
    /// Its identifier.
    id: String,
    /// The workspace it belongs to.
    workspace_id: String,
    /// The issue as it was when last read.
    issue: Issue,
    /// `pending`, `analyzing`, `completed` or `failed`.
    status: String,
    /// How far the run is, while one is under way.
    #[oai(nullable)]
    progress: Option<Progress>,
    /// The newest result; a former one while the next run is under way or has failed.
    #[oai(nullable)]
    result: Option<Analysis>,
    /// Why the last run failed, with status `failed`; why it is tried again, with `pending`.
    #[oai(nullable)]
    error: Option<AnalysisError>,
    /// How often it has been asked for, from 1.
    revision: u32,
    /// How often a worker took up this revision.
    attempt: u32,
    /// Who shall deal with the issue.
    #[oai(nullable)]
    assigned_to: Option<String>,
    /// Who asked first.
    created_by: String,
    /// When it was first asked for.
    created_at: Time,
    /// When anything of it last changed.
    updated_at: Time,
    /// When a worker first took up this revision.
    #[oai(nullable)]
    started_at: Option<Time>,
    /// When this revision ended.
    #[oai(nullable)]
    finished_at: Option<Time>,
}

/// What one wants to know of an analysis in a list.
#[derive(Debug, Object, Serialize)]
pub(crate) struct AnalysisSummary {
    /// Its identifier.
    id: String,
    /// The issue.
    issue_id: String,
    /// The identifier people use (`SHOP-42`).
    #[oai(nullable)]
    short_id: Option<String>,
    /// The issue in one line.
    title: String,
    /// The project's identifier.
    project_id: String,
    /// The project's name.
    project_name: String,
    /// `pending`, `analyzing`, `completed` or `failed`.
    status: String,
    /// `low`, `medium`, `high` or `critical`, once there is a result.
    #[oai(nullable)]
    priority: Option<String>,
    /// The newest result in one or two sentences.
    #[oai(nullable)]
    summary: Option<String>,
    /// Who wrote the newest result: a model, or `heuristic`.
    #[oai(nullable)]
    model: Option<String>,
    /// Why the last run failed, with status `failed`; why it is tried again, with `pending`.
    #[oai(nullable)]
    error: Option<AnalysisError>,
    /// How often it has been asked for, from 1.
    revision: u32,
    /// When it was first asked for.
    created_at: Time,
    /// When anything of it last changed.
    updated_at: Time,
    /// When this revision ended.
    #[oai(nullable)]
    finished_at: Option<Time>,
}

/// How far a run is.
#[derive(Debug, Object, Serialize)]
struct Progress {
    /// `collecting`, `asking`, `checking` or `writing`.
    stage: String,
    /// The model that is being asked.
    #[oai(nullable)]
    model: Option<String>,
    /// How many tokens of its answer are in.
    tokens: u32,
}

/// What is told to those who look on.
#[derive(Debug, Object, Serialize)]
pub(crate) struct AnalysisEvent {
    /// `pending`, `analyzing`, `completed`, `failed`, or `deleted`.
    status: String,
    /// `collecting`, `asking`, `checking` or `writing`, while a run is under way.
    #[oai(nullable)]
    stage: Option<String>,
    /// The model that is being asked.
    #[oai(nullable)]
    model: Option<String>,
    /// How many tokens of its answer are in.
    tokens: u32,
    /// How often the analysis has been asked for, from 1.
    revision: u32,
    /// How often a worker took up this revision.
    attempt: u32,
    /// Why it failed, or why it is tried again.
    #[oai(nullable)]
    error: Option<AnalysisError>,
}

/// The result of one run.
#[derive(Debug, Object, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the wire")]
pub(crate) struct Revision {
    /// Which run it was.
    revision: u32,
    /// The result.
    result: Analysis,
    /// When the run ended.
    #[oai(nullable)]
    finished_at: Option<Time>,
}

impl From<domain::Analysis> for AnalysisRecord {
    fn from(record: domain::Analysis) -> Self {
        let status = ProcessingStatus::from(explainer_core::services::Processed::from(&record));
        Self {
            result: Analysis::of(&record),
            issue: Issue::new(record.issue, Some(status)),
            id: record.id.into(),
            workspace_id: record.workspace_id.into(),
            status: record.status.as_str().to_owned(),
            progress: record.progress.map(Into::into),
            error: record.error.map(Into::into),
            revision: record.revision,
            attempt: record.attempt,
            assigned_to: record.assigned_to,
            created_by: record.created_by.into(),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
            started_at: record.started_at.map(Time),
            finished_at: record.finished_at.map(Time),
        }
    }
}

impl From<domain::Analysis> for AnalysisSummary {
    fn from(record: domain::Analysis) -> Self {
        let model = record.facets().model;
        let result = record.specification;
        Self {
            id: record.id.into(),
            issue_id: record.issue.id,
            short_id: record.issue.short_id,
            title: record.issue.title,
            project_id: record.issue.project.id,
            project_name: record.issue.project.name,
            status: record.status.as_str().to_owned(),
            priority: (result.as_ref()).map(|result| result.priority.as_str().to_owned()),
            summary: result.map(|result| result.summary),
            model,
            error: record.error.map(Into::into),
            revision: record.revision,
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
            finished_at: record.finished_at.map(Time),
        }
    }
}

impl From<domain::Progress> for Progress {
    fn from(progress: domain::Progress) -> Self {
        Self {
            stage: progress.stage.as_str().to_owned(),
            model: progress.model,
            tokens: progress.tokens,
        }
    }
}

impl From<View> for AnalysisEvent {
    fn from(view: View) -> Self {
        let stage = view
            .progress
            .as_ref()
            .map(|it| it.stage.as_str().to_owned());
        let progress = view.progress.unwrap_or_default();
        Self {
            status: view
                .status
                .map_or("deleted", domain::Status::as_str)
                .to_owned(),
            stage,
            model: progress.model,
            tokens: progress.tokens,
            revision: view.revision,
            attempt: view.attempt,
            error: view.error.map(Into::into),
        }
    }
}

impl AnalysisEvent {
    /// Whether nothing comes after it.
    pub(crate) fn is_last(&self) -> bool {
        !matches!(self.status.as_str(), "pending" | "analyzing")
    }
}

impl Revision {
    /// A former or the newest result of `record`.
    pub(crate) fn new(record: &domain::Analysis, revision: domain::Revision) -> Self {
        let at = revision.finished_at.unwrap_or(record.updated_at);
        Self {
            revision: revision.revision,
            result: Analysis::new(
                record.issue.id.clone(),
                *revision.specification,
                record.created_at,
                at,
            ),
            finished_at: revision.finished_at.map(Time),
        }
    }
}
