//! Analyses and their queue in memory.

use std::{cmp::Reverse, sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{Job, MemoryStore, State};
use crate::{
    Result,
    domain::{
        Analysis, AnalysisError, AnalysisFilter, AnalysisId, Backlog, Dispatch, Lease, Neighbour,
        NewAnalysis, Progress, Revision, Stale, Status, Timestamp, WorkspaceId,
    },
    ports::Analyses,
};

#[async_trait]
impl Analyses for MemoryStore {
    async fn get(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<Option<Analysis>> {
        let state = self.state();
        let mut found = state.of_workspace(workspace);
        Ok(found.find(|analysis| analysis.id == *id).cloned())
    }

    async fn of_issues(&self, workspace: &WorkspaceId, issues: &[&str]) -> Result<Vec<Analysis>> {
        let state = self.state();
        let all = state.of_workspace(workspace);
        let found = all.filter(|analysis| issues.contains(&analysis.issue.id.as_str()));
        Ok(found.cloned().collect())
    }

    async fn list(
        &self,
        workspace: &WorkspaceId,
        filter: &AnalysisFilter,
    ) -> Result<Vec<Analysis>> {
        let state = self.state();
        let all = state.of_workspace(workspace);
        let mut found: Vec<&Analysis> = all.filter(|analysis| filter.takes(analysis)).collect();
        found.sort_by_key(|analysis| Reverse((analysis.created_at, &analysis.id)));
        let (skip, limit) = (count(filter.skip), count(filter.limit));
        Ok(found.into_iter().skip(skip).take(limit).cloned().collect())
    }

    async fn neighbours(&self, workspace: &WorkspaceId, limit: u32) -> Result<Vec<Neighbour>> {
        let completed = AnalysisFilter {
            status: Some(Status::Completed),
            limit,
            ..AnalysisFilter::default()
        };
        let found = self.list(workspace, &completed).await?.into_iter();
        Ok(found
            .map(|analysis| Neighbour::from(&analysis.issue))
            .collect())
    }

    async fn former_results(
        &self,
        workspace: &WorkspaceId,
        id: &AnalysisId,
    ) -> Result<Vec<Revision>> {
        let state = self.state();
        let found = state.of_workspace(workspace).any(|found| found.id == *id);
        let all = state.revisions.iter().rev();
        let of_it = all.filter(|((of, _), _)| found && of == id);
        Ok(of_it.map(|(_, revision)| revision.clone()).collect())
    }

    async fn delete(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<bool> {
        let state = &mut self.state();
        let found = state.of_workspace(workspace).any(|found| found.id == *id);
        if found {
            state.revisions.retain(|(of, _), _| of != id);
            state.tell(id, None);
        }
        Ok(found && state.analyses.remove(id).is_some())
    }

    async fn enqueue(&self, request: NewAnalysis) -> Result<Analysis> {
        let state = &mut *self.state();
        let due = Some(request.at);
        let known = state.analyses.values_mut().find(|job| {
            job.analysis.workspace_id == request.workspace_id
                && job.analysis.issue.id == request.issue.id
        });
        if let Some(job) = known {
            if job.analysis.status.is_active() {
                return Ok(job.analysis.clone());
            }
            if let Some(result) = job.analysis.result() {
                let key = (job.analysis.id.clone(), result.revision);
                state.revisions.insert(key, result);
            }
            job.analysis.request_again(request);
            job.due = due;
            let (id, dropped) = (&job.analysis.id, job.analysis.newest_dropped());
            (state.revisions).retain(|(of, revision), _| of != id || *revision > dropped);
            let analysis = job.analysis.clone();
            state.tell(&analysis.id, Some(analysis.status));
            return Ok(analysis);
        }
        let analysis = Analysis::requested(request);
        let job = Job {
            analysis: analysis.clone(),
            due,
            lease: None,
        };
        state.analyses.insert(analysis.id.clone(), job);
        state.tell(&analysis.id, Some(analysis.status));
        Ok(analysis)
    }

    async fn claim(
        &self,
        token: &str,
        most: usize,
        now: Timestamp,
        length: Duration,
    ) -> Result<Vec<(Lease, Analysis)>> {
        let state = &mut self.state();
        let jobs = state.analyses.values_mut();
        let due = jobs.filter(|job| job.due.is_some_and(|due| due <= now));
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|job| job.due);
        let claimed = due.into_iter().take(most).map(|job| {
            let lease = job.analysis.begin(token, now, length);
            job.due = Some(lease.until);
            job.lease = Some(lease.token.clone());
            (lease, job.analysis.clone())
        });
        let claimed: Vec<_> = claimed.collect();
        for (lease, analysis) in &claimed {
            state.tell(&lease.analysis_id, Some(analysis.status));
        }
        Ok(claimed)
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        let state = &mut self.state();
        let held = state.held(lease);
        Ok(held.map(|job| job.due = Some(until)).is_some())
    }

    async fn report(&self, lease: &Lease, progress: &Progress) -> Result<bool> {
        let state = &mut self.state();
        let held = state.held(lease);
        Ok(held
            .map(|job| job.analysis.report(progress.clone()))
            .is_some())
    }

    async fn finish(&self, lease: &Lease, ended: Arc<Analysis>, told: &[Dispatch]) -> Result<bool> {
        let state = &mut self.state();
        let Some(job) = state.held(lease) else {
            return Ok(false);
        };
        job.analysis = (*ended).clone();
        job.due = None;
        job.lease = None;
        state.tell(&lease.analysis_id, Some(ended.status));
        state.post(told, ended.updated_at);
        Ok(true)
    }

    async fn retry_at(
        &self,
        lease: &Lease,
        due: Timestamp,
        reason: AnalysisError,
        now: Timestamp,
    ) -> Result<bool> {
        let state = &mut self.state();
        let put_back = state.held(lease).map(|job| {
            job.analysis.put_back(reason, now);
            job.due = Some(due);
            job.lease = None;
            job.analysis.status
        });
        if put_back.is_some() {
            state.tell(&lease.analysis_id, put_back);
        }
        Ok(put_back.is_some())
    }

    async fn outdate(&self, of: &Analysis, why: Stale) -> Result<bool> {
        let state = &mut self.state();
        let job = state.analyses.get_mut(&of.id);
        let job = job.filter(|job| job.analysis.workspace_id == of.workspace_id);
        Ok(job.is_some_and(|job| job.analysis.outdate(of.revision, why)))
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        let state = self.state();
        let dues = state.analyses.values().filter_map(|job| job.due);
        let due = || dues.clone().filter(|due| *due <= now);
        Ok(Backlog {
            jobs: due().count() as u64,
            since: due().min(),
        })
    }
}

impl State {
    pub(super) fn of_workspace<'a>(
        &'a self,
        id: &'a WorkspaceId,
    ) -> impl Iterator<Item = &'a Analysis> {
        let all = self.analyses.values().map(|job| &job.analysis);
        all.filter(move |analysis| analysis.workspace_id == *id)
    }

    fn held(&mut self, lease: &Lease) -> Option<&mut Job> {
        let job = self.analyses.get_mut(&lease.analysis_id)?;
        let held = job.lease.as_ref() == Some(&lease.token)
            && job.analysis.workspace_id == lease.workspace_id;
        held.then_some(job)
    }
}

fn count(of: u32) -> usize {
    usize::try_from(of).unwrap_or(usize::MAX)
}
