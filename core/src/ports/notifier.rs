//! Telling others how an analysis gets on.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;

use crate::{
    Result,
    domain::{Analysis, AnalysisId, Progress, WorkspaceId},
};

/// Something happened to an analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// The analysis.
    pub analysis_id: AnalysisId,
    /// What happened.
    pub kind: NoticeKind,
}

/// What can happen to an analysis.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// It was put in the queue.
    Queued,
    /// A worker took it up.
    Started,
    /// A run has ended, with a result or for good without: the record as it is stored now, so that
    /// whoever waited need not read it.
    Ended(Arc<Analysis>),
    /// It was removed; whoever works on it may stop.
    Deleted,
    /// There is something in the outbox that tells of it.
    Outgoing,
}

/// Passes notices on: to a waiting call, an event stream, a mailbox.
///
/// # Behaviour
/// - a notice reaches whoever waits for its analysis
/// - a notice nobody waits for is no error
#[async_trait]
pub trait Notifier: Send + Sync + Debug + 'static {
    /// Passes `notice` on. The analysis is stored already: a notice that is lost costs time, not work.
    async fn notify(&self, notice: &Notice) -> Result<()>;

    /// Shows those who look on how far a run of this process is. Called often; it must not wait.
    fn progress(&self, analysis: &AnalysisId, progress: &Progress) {
        let _ = (analysis, progress);
    }
}
