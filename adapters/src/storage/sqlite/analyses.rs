//! Analyses: reading and deleting them. What the queue does with them is in `queue`.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{
        Analysis, AnalysisError, AnalysisFilter, AnalysisId, Backlog, Dispatch, Lease, Neighbour,
        NewAnalysis, Priority, Progress, Revision, Stale, Status, Timestamp, WorkspaceId,
    },
    ports::Analyses,
};
use rusqlite::params;
use serde::Deserialize;

use super::{SqliteStore, queue, statement::statements};

statements! {
    GET = "SELECT doc FROM analyses WHERE id = ?1 AND workspace_id = ?2";
    LIST = "SELECT doc FROM analyses
            WHERE workspace_id = ?1 AND (created_at, id) < (?2, ?3)
              AND (?4 IS NULL OR status = ?4)
              AND (?5 IS NULL OR priority = ?5)
              AND (?6 IS NULL OR project_id = ?6 OR project_slug = ?6)
              AND (?7 IS NULL OR model = ?7)
              AND (?8 IS NULL OR instr(searched, ?8) > 0)
            ORDER BY created_at DESC, id DESC LIMIT ?9 OFFSET ?10";
    NEIGHBOURS = "SELECT doc FROM analyses WHERE workspace_id = ?1 AND status = 'completed'
                  ORDER BY created_at DESC, id DESC LIMIT ?2";
    FORMER_RESULTS = "SELECT former_results.doc FROM analyses
                      JOIN former_results ON former_results.analysis_id = analyses.id
                      WHERE analyses.id = ?1 AND analyses.workspace_id = ?2
                      ORDER BY former_results.revision DESC";
    DELETE = "DELETE FROM analyses WHERE id = ?1 AND workspace_id = ?2";
}

/// What is read of an analysis for its issue alone.
#[derive(Deserialize)]
struct OfIssue {
    issue: Neighbour,
}

#[async_trait]
impl Analyses for SqliteStore {
    async fn get(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<Option<Analysis>> {
        self.database
            .find("get analysis", |connection| {
                GET.document(connection, [id.as_str(), workspace.as_str()])
            })
            .await
    }

    async fn of_issues(&self, workspace: &WorkspaceId, issues: &[&str]) -> Result<Vec<Analysis>> {
        if let [issue] = issues {
            let find = |connection: &_| queue::of_issue(connection, workspace, issue);
            let found = self.database.find("get analysis of issue", find).await?;
            return Ok(found.into_iter().collect());
        }
        let workspace = workspace.clone();
        let issues: BTreeSet<String> = issues.iter().map(|&issue| issue.to_owned()).collect();
        self.database
            .read("get analyses of issues", move |connection| {
                let mut found = Vec::new();
                for issue in &issues {
                    found.extend(queue::of_issue(connection, &workspace, issue)?);
                }
                Ok(found)
            })
            .await
    }

    async fn list(
        &self,
        workspace: &WorkspaceId,
        filter: &AnalysisFilter,
    ) -> Result<Vec<Analysis>> {
        let (workspace, filter) = (workspace.clone(), filter.clone());
        self.database
            .read("list analyses", move |connection| {
                let (before, id) = match &filter.after {
                    Some(after) => (after.created_at.as_millisecond(), after.id.as_str()),
                    None => (i64::MAX, ""),
                };
                LIST.documents(
                    connection,
                    params![
                        workspace.as_str(),
                        before,
                        id,
                        filter.status.map(Status::as_str),
                        filter.priority.map(Priority::as_str),
                        filter.project_key(),
                        filter.model_key(),
                        filter.folded_text(),
                        filter.limit,
                        filter.skip,
                    ],
                )
            })
            .await
    }

    async fn neighbours(&self, workspace: &WorkspaceId, limit: u32) -> Result<Vec<Neighbour>> {
        let workspace = workspace.clone();
        let found = self.database.read("list neighbours", move |connection| {
            NEIGHBOURS.documents(connection, params![workspace.as_str(), limit])
        });
        let found: Vec<OfIssue> = found.await?;
        Ok(found.into_iter().map(|of| of.issue).collect())
    }

    async fn former_results(
        &self,
        workspace: &WorkspaceId,
        id: &AnalysisId,
    ) -> Result<Vec<Revision>> {
        let (workspace, id) = (workspace.clone(), id.clone());
        self.database
            .read("list former results", move |connection| {
                FORMER_RESULTS.documents(connection, [id.as_str(), workspace.as_str()])
            })
            .await
    }

    async fn delete(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<bool> {
        let (workspace, id) = (workspace.clone(), id.clone());
        self.database
            .write("delete analysis", move |connection| {
                Ok(DELETE.run(connection, [id.as_str(), workspace.as_str()])? > 0)
            })
            .await
    }

    async fn enqueue(&self, request: NewAnalysis) -> Result<Analysis> {
        self.database
            .write("enqueue", move |connection| {
                queue::enqueue(connection, request)
            })
            .await
    }

    async fn claim(
        &self,
        token: &str,
        most: usize,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<(Lease, Analysis)>> {
        let token = token.to_owned();
        self.database
            .write("claim", move |connection| {
                queue::claim(connection, &token, most, now, lease)
            })
            .await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        let lease = lease.clone();
        self.database
            .write("renew", move |connection| {
                queue::renew(connection, &lease, until)
            })
            .await
    }

    async fn report(&self, lease: &Lease, progress: &Progress) -> Result<bool> {
        let (lease, progress) = (lease.clone(), progress.clone());
        self.database
            .write("report", move |connection| {
                queue::report(connection, &lease, progress)
            })
            .await
    }

    async fn finish(&self, lease: &Lease, ended: Arc<Analysis>, told: &[Dispatch]) -> Result<bool> {
        let (lease, told) = (lease.clone(), told.to_vec());
        self.database
            .write("finish", move |connection| {
                queue::finish(connection, &lease, &ended, &told)
            })
            .await
    }

    async fn retry_at(
        &self,
        lease: &Lease,
        due: Timestamp,
        reason: AnalysisError,
        now: Timestamp,
    ) -> Result<bool> {
        let lease = lease.clone();
        self.database
            .write("retry", move |connection| {
                queue::retry_at(connection, &lease, due, reason, now)
            })
            .await
    }

    async fn outdate(&self, of: &Analysis, why: Stale) -> Result<bool> {
        let of = of.clone();
        self.database
            .write("outdate", move |connection| {
                queue::outdate(connection, &of, why)
            })
            .await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        self.database
            .read("backlog", move |connection| queue::backlog(connection, now))
            .await
    }
}
