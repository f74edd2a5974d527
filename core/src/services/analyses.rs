//! Asking for analyses and reading them.

use crate::{
    domain::{Analysis, AnalysisFilter, AnalysisId, NewAnalysis},
    ports::{Notice, NoticeKind},
    services::{Access, Failure, Issues, Ports, Right, new_id},
};

/// Asking for analyses and reading them.
#[derive(Debug)]
pub struct AnalysisRequests {
    issues: Issues,
    ports: Ports,
}

impl AnalysisRequests {
    pub(super) fn new(ports: Ports) -> Self {
        Self {
            issues: Issues::new(ports.clone()),
            ports,
        }
    }

    /// Puts an analysis of the issue in the queue, or joins the one that is under way.
    ///
    /// `force` has unchanged evidence explained again.
    pub async fn request(
        &self,
        of: &Access,
        issue_id: &str,
        force: bool,
    ) -> Result<Analysis, Failure> {
        of.require(Right::Work)?;
        if let Some(active) = self.issues.analysis(of, issue_id).await?
            && active.status.is_active()
        {
            return Ok(active);
        }
        let issue = self.issues.read(of, issue_id).await?;
        let id: AnalysisId = new_id(&*self.ports.ids)?;
        let request = NewAnalysis {
            id,
            workspace_id: of.id.clone(),
            issue,
            force,
            requested_by: of.caller().user().id.clone(),
            at: self.ports.clock.now(),
        };
        let analysis = self.ports.analyses.enqueue(request).await?;
        let notice = Notice {
            workspace_id: of.id.clone(),
            analysis_id: analysis.id.clone(),
            kind: NoticeKind::Queued,
        };
        self.ports.notifier.notify(&notice).await?;
        Ok(analysis)
    }

    /// One analysis of the workspace.
    pub async fn get(&self, of: &Access, id: &str) -> Result<Analysis, Failure> {
        of.require(Right::Read)?;
        let id = id.parse().map_err(|_| Failure::AnalysisNotFound)?;
        self.ports
            .analyses
            .get(&of.id, &id)
            .await?
            .ok_or(Failure::AnalysisNotFound)
    }

    /// The workspace's analyses, newest first.
    pub async fn list(
        &self,
        of: &Access,
        filter: &AnalysisFilter,
    ) -> Result<Vec<Analysis>, Failure> {
        of.require(Right::Read)?;
        Ok(self.ports.analyses.list(&of.id, filter).await?)
    }

    /// Removes an analysis; a running one is stopped.
    pub async fn delete(&self, of: &Access, id: &str) -> Result<(), Failure> {
        of.require(Right::Work)?;
        let id: AnalysisId = id.parse().map_err(|_| Failure::AnalysisNotFound)?;
        if self.ports.analyses.delete(&of.id, &id).await? {
            self.ports
                .note_in(of, "analysis.deleted", id.as_str())
                .await;
            return Ok(());
        }
        Err(Failure::AnalysisNotFound)
    }
}
