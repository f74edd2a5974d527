//! Analyses: reading and deleting them. What the queue does with them is in `queue`.

use std::time::Duration;

use ::mongodb::bson::doc;
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{
        Analysis, AnalysisError, AnalysisFilter, AnalysisId, Backlog, Lease, NewAnalysis, Outcome,
        Timestamp, WorkspaceId,
    },
    ports::Analyses,
};

use super::{MongoStore, indexes::ANALYSES, query, queue};

#[async_trait]
impl Analyses for MongoStore {
    async fn get(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<Option<Analysis>> {
        let analyses = self.collection(ANALYSES);
        let by_id = doc! { "_id": id.as_str(), "workspace_id": workspace.as_str() };
        self.run("get analysis", query::one(&analyses, by_id)).await
    }

    async fn of_issues(&self, workspace: &WorkspaceId, issues: &[&str]) -> Result<Vec<Analysis>> {
        let analyses = self.collection(ANALYSES);
        let of_issues = doc! {
            "workspace_id": workspace.as_str(),
            "issue_id": { "$in": issues },
        };
        self.run("get analyses of issues", async {
            query::all(analyses.find(of_issues).await?).await
        })
        .await
    }

    async fn list(
        &self,
        workspace: &WorkspaceId,
        filter: &AnalysisFilter,
    ) -> Result<Vec<Analysis>> {
        // To the server, a limit of 0 is none.
        if filter.limit == 0 {
            return Ok(Vec::new());
        }
        let analyses = self.collection(ANALYSES);
        let mut asked = doc! { "workspace_id": workspace.as_str() };
        if let Some(status) = filter.status {
            asked.insert("status", status.as_str());
        }
        let newest_first = analyses
            .find(asked)
            .sort(doc! { "created_at": -1, "_id": -1 })
            .skip(filter.skip.into())
            .limit(filter.limit.into());
        self.run("list analyses", async {
            query::all(newest_first.await?).await
        })
        .await
    }

    async fn delete(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<bool> {
        let analyses = self.collection(ANALYSES);
        let by_id = doc! { "_id": id.as_str(), "workspace_id": workspace.as_str() };
        self.run("delete analysis", async {
            Ok(analyses.delete_one(by_id).await?.deleted_count > 0)
        })
        .await
    }

    async fn enqueue(&self, request: NewAnalysis) -> Result<Analysis> {
        let analyses = self.collection(ANALYSES);
        self.run("enqueue", queue::enqueue(&analyses, request))
            .await
    }

    async fn claim(
        &self,
        token: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<(Lease, Analysis)>> {
        let analyses = self.collection(ANALYSES);
        self.run("claim", queue::claim(&analyses, token, now, lease))
            .await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        let analyses = self.collection(ANALYSES);
        self.run("renew", queue::renew(&analyses, lease, until))
            .await
    }

    async fn finish(
        &self,
        lease: &Lease,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Option<Analysis>> {
        let analyses = self.collection(ANALYSES);
        self.run("finish", queue::finish(&analyses, lease, outcome, now))
            .await
    }

    async fn retry_at(
        &self,
        lease: &Lease,
        due: Timestamp,
        reason: AnalysisError,
        now: Timestamp,
    ) -> Result<bool> {
        let analyses = self.collection(ANALYSES);
        let put_back = queue::retry_at(&analyses, lease, due, reason, now);
        self.run("retry", put_back).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        let analyses = self.collection(ANALYSES);
        self.run("backlog", queue::backlog(&analyses, now)).await
    }
}
