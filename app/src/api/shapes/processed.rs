//! An issue together with its analysis.

use explainer_core::domain;
use poem_openapi::Object;
use serde::Serialize;

use super::{Analysis, AnalysisError, Issue, ProcessingStatus};
use crate::api::time::Time;

/// An issue and its analysis.
#[derive(Debug, Object, Serialize)]
pub(crate) struct Processed {
    /// The analysis's identifier.
    id: String,
    /// The issue's identifier at its source.
    sentry_issue_id: String,
    /// The issue as it was when last read.
    sentry_issue: Issue,
    /// The same as `sentry_issue`.
    sentry_issue_data: Issue,
    /// The newest result.
    #[oai(nullable)]
    ai_analysis: Option<Analysis>,
    /// `pending`, `analyzing`, `completed` or `failed`.
    status: String,
    /// Why the last run failed, with status `failed`; why it is tried again, with `pending`.
    #[oai(nullable)]
    error: Option<AnalysisError>,
    /// How often it has been asked for, from 1.
    revision: u32,
    /// Who shall deal with the issue.
    #[oai(nullable)]
    assigned_to: Option<String>,
    /// Who asked first.
    created_by: String,
    /// The workspace it belongs to.
    workspace_id: String,
    /// When it was first asked for.
    created_at: Time,
    /// When anything of it last changed.
    updated_at: Time,
}

impl From<domain::Analysis> for Processed {
    fn from(record: domain::Analysis) -> Self {
        let status = ProcessingStatus::from(explainer_core::services::Processed::from(&record));
        let ai_analysis = Analysis::of(&record);
        let sentry_issue_id = record.issue.id.clone();
        let issue = Issue::new(record.issue, Some(status));
        Self {
            id: record.id.into(),
            sentry_issue_id,
            sentry_issue: issue.clone(),
            sentry_issue_data: issue,
            ai_analysis,
            status: record.status.as_str().to_owned(),
            error: record.error.map(Into::into),
            revision: record.revision,
            assigned_to: record.assigned_to,
            created_by: record.created_by.into(),
            workspace_id: record.workspace_id.into(),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
        }
    }
}
