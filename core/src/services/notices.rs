//! Telling those who wait what happened to an analysis.

use crate::{
    domain::{AnalysisId, WorkspaceId},
    ports::{Notice, NoticeKind},
    services::Ports,
};

impl Ports {
    /// Passes a notice on. The store knows already: one that is lost costs time and nothing else.
    pub(super) async fn tell(&self, of: &WorkspaceId, id: &AnalysisId, kind: NoticeKind) {
        let notice = Notice {
            workspace_id: of.clone(),
            analysis_id: id.clone(),
            kind,
        };
        if let Err(error) = self.notifier.notify(&notice).await {
            tracing::warn!(analysis = %id, kind = ?notice.kind, ?error, "notice lost");
        }
    }
}
