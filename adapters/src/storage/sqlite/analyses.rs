//! Analyses: reading and deleting them. What the queue does with them is in `queue`.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{
        Analysis, AnalysisError, AnalysisFilter, AnalysisId, Backlog, Lease, NewAnalysis, Outcome,
        Timestamp, WorkspaceId,
    },
    ports::Analyses,
};
use rusqlite::params;

use super::{SqliteStore, queue, statement::statements};

statements! {
    GET = "SELECT doc FROM analyses WHERE id = ?1 AND workspace_id = ?2";
    NEWEST = "SELECT doc FROM analyses WHERE workspace_id = ?1
              ORDER BY created_at DESC, id DESC LIMIT ?2 OFFSET ?3";
    NEWEST_BY_STATUS = "SELECT doc FROM analyses WHERE workspace_id = ?1 AND status = ?4
                        ORDER BY created_at DESC, id DESC LIMIT ?2 OFFSET ?3";
    DELETE = "DELETE FROM analyses WHERE id = ?1 AND workspace_id = ?2";
}

#[async_trait]
impl Analyses for SqliteStore {
    async fn get(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<Option<Analysis>> {
        let (workspace, id) = (workspace.clone(), id.clone());
        self.database
            .read("get analysis", move |connection| {
                GET.document(connection, [id.as_str(), workspace.as_str()])
            })
            .await
    }

    async fn of_issues(&self, workspace: &WorkspaceId, issues: &[&str]) -> Result<Vec<Analysis>> {
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
                let (workspace, limit, skip) = (workspace.as_str(), filter.limit, filter.skip);
                match filter.status {
                    None => NEWEST.documents(connection, params![workspace, limit, skip]),
                    Some(status) => NEWEST_BY_STATUS
                        .documents(connection, params![workspace, limit, skip, status.as_str()]),
                }
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
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<(Lease, Analysis)>> {
        let token = token.to_owned();
        self.database
            .write("claim", move |connection| {
                queue::claim(connection, &token, now, lease)
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

    async fn finish(
        &self,
        lease: &Lease,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Option<Analysis>> {
        let lease = lease.clone();
        self.database
            .write("finish", move |connection| {
                queue::finish(connection, &lease, outcome, now)
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

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        self.database
            .read("backlog", move |connection| queue::backlog(connection, now))
            .await
    }
}
