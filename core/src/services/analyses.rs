//! Asking for analyses and reading them.

use futures::{StreamExt, stream};

use crate::{
    domain::{Analysis, AnalysisFilter, AnalysisId, NewAnalysis, Revision, day},
    ports::NoticeKind,
    services::{Access, Failure, Issues, Ports, Right, chain::until_tomorrow, new_id},
};

/// How many issues of a batch are read from their source at the same time.
const READS: usize = 8;

/// What became of one issue of a batch.
#[derive(Debug)]
pub struct Asked {
    /// The issue.
    pub issue_id: String,
    /// Its analysis, or why there is none.
    pub outcome: Result<Analysis, Failure>,
}

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
        let former = self.issues.analysis(of, issue_id).await?;
        self.request_after(former, of, issue_id, force).await
    }

    /// Puts the analysis that follows `former` in the queue, or joins that where it is under way. Where
    /// it is not known, the store knows.
    async fn request_after(
        &self,
        former: Option<Analysis>,
        of: &Access,
        issue_id: &str,
        force: bool,
    ) -> Result<Analysis, Failure> {
        of.require(Right::Work)?;
        let former = match former {
            Some(active) if active.status.is_active() => return Ok(active),
            former => former.map(Box::new),
        };
        self.has_money(of).await?;
        let issue = self.issues.read(of, issue_id).await?;
        let id: AnalysisId = new_id(&*self.ports.ids)?;
        let request = NewAnalysis {
            id,
            workspace_id: of.id.clone(),
            issue,
            former,
            event: None,
            force,
            requested_by: of.caller().user().id.clone(),
            trace: of.caller().trace().map(str::to_owned),
            at: self.ports.clock.now(),
        };
        let analysis = self.ports.analyses.enqueue(request).await?;
        self.ports
            .tell(&of.id, &analysis.id, NoticeKind::Queued)
            .await;
        Ok(analysis)
    }

    /// Refuses what could not be paid for today: where the limit is reached and there is a remote
    /// model to ask first, or no other.
    async fn has_money(&self, of: &Access) -> Result<(), Failure> {
        let models = &self.ports.models;
        let Some(limit) = models.spend_limit(of) else {
            return Ok(());
        };
        let now = self.ports.clock.now();
        if self.ports.ledger.spent(&of.id, day(now)).await? < limit || !models.must_refuse(of) {
            return Ok(());
        }
        Err(Failure::SpendLimitReached {
            until_tomorrow: until_tomorrow(now),
        })
    }

    /// Asks for the analysis of each of these issues, each once. One that cannot be asked for does
    /// not keep the others from it.
    pub async fn request_all(
        &self,
        of: &Access,
        issue_ids: Vec<String>,
        force: bool,
    ) -> Vec<Asked> {
        let mut once = Vec::with_capacity(issue_ids.len());
        for id in issue_ids {
            if !once.contains(&id) {
                once.push(id);
            }
        }
        let ids: Vec<&str> = once.iter().map(String::as_str).collect();
        // Where that fails, so does what is asked of the store next, and says why.
        let mut former = self.issues.analyses(of, &ids).await.unwrap_or_default();
        let asked = stream::iter(once).map(|issue_id| {
            let former = former.remove(&issue_id);
            async move {
                let outcome = self.request_after(former, of, &issue_id, force).await;
                Asked { issue_id, outcome }
            }
        });
        asked.buffered(READS).collect().await
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

    /// An analysis and the results of all its runs that are kept, the newest first.
    pub async fn results(
        &self,
        of: &Access,
        id: &str,
    ) -> Result<(Analysis, Vec<Revision>), Failure> {
        let analysis = self.get(of, id).await?;
        let former = self.ports.analyses.former_results(&of.id, &analysis.id);
        let mut former = former.await?;
        // What has been put aside since the record was read is there twice.
        let newest = analysis.result();
        former.retain(|it| {
            newest
                .as_ref()
                .is_none_or(|newest| it.revision < newest.revision)
        });
        let results = newest.into_iter().chain(former).collect();
        Ok((analysis, results))
    }

    /// Removes an analysis; a running one is stopped.
    pub async fn delete(&self, of: &Access, id: &str) -> Result<(), Failure> {
        of.require(Right::Work)?;
        let id: AnalysisId = id.parse().map_err(|_| Failure::AnalysisNotFound)?;
        if self.ports.analyses.delete(&of.id, &id).await? {
            self.ports
                .note_in(of, "analysis.deleted", id.as_str())
                .await;
            self.ports.tell(&of.id, &id, NoticeKind::Deleted).await;
            return Ok(());
        }
        Err(Failure::AnalysisNotFound)
    }
}
