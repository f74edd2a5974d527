//! Asking for analyses and reading them.

use crate::{
    domain::{Analysis, AnalysisFilter, AnalysisId, NewAnalysis, Workspace},
    ports::{Notice, NoticeKind},
    services::{Caller, Failure, Issues, Ports, new_id},
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
        caller: &Caller,
        of: &Workspace,
        issue_id: &str,
        force: bool,
    ) -> Result<Analysis, Failure> {
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
            event: None,
            force,
            requested_by: caller.user().id.clone(),
            trace: caller.trace().map(str::to_owned),
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
    pub async fn get(&self, of: &Workspace, id: &str) -> Result<Analysis, Failure> {
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
        of: &Workspace,
        filter: &AnalysisFilter,
    ) -> Result<Vec<Analysis>, Failure> {
        Ok(self.ports.analyses.list(&of.id, filter).await?)
    }

    /// Removes an analysis; a running one is stopped.
    pub async fn delete(&self, of: &Workspace, id: &str) -> Result<(), Failure> {
        let id = id.parse().map_err(|_| Failure::AnalysisNotFound)?;
        if self.ports.analyses.delete(&of.id, &id).await? {
            return Ok(());
        }
        Err(Failure::AnalysisNotFound)
    }
}
