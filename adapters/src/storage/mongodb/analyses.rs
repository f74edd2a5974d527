//! Analyses: reading and deleting them. What the queue does with them is in `queue`.

use std::{sync::Arc, time::Duration};

use ::mongodb::bson::{Document, doc};
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{
        Analysis, AnalysisError, AnalysisFilter, AnalysisId, Backlog, Dispatch, Lease, Neighbour,
        NewAnalysis, Priority, Progress, Revision, Stale, Status, Timestamp, WorkspaceId,
    },
    ports::Analyses,
};

use super::{
    MongoStore, documents,
    forms::date,
    indexes::{ANALYSES, FORMER_RESULTS},
    query, queue, results,
};

#[async_trait]
impl Analyses for MongoStore {
    async fn get(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<Option<Analysis>> {
        let analyses = self.collection(ANALYSES);
        let by_id = doc! { "_id": id.as_str(), "workspace_id": workspace.as_str() };
        self.read("get analysis", query::one(&analyses, by_id))
            .await
    }

    async fn of_issues(&self, workspace: &WorkspaceId, issues: &[&str]) -> Result<Vec<Analysis>> {
        let analyses = self.collection(ANALYSES);
        let of_issues = doc! {
            "workspace_id": workspace.as_str(),
            "issue_id": { "$in": issues },
        };
        self.read("get analyses of issues", async {
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
        let asked = asked(workspace, filter);
        let newest_first = analyses
            .find(asked)
            .sort(doc! { "created_at": -1, "_id": -1 })
            .skip(filter.skip.into())
            .limit(filter.limit.into());
        self.read("list analyses", async {
            query::all(newest_first.await?).await
        })
        .await
    }

    async fn neighbours(&self, workspace: &WorkspaceId, limit: u32) -> Result<Vec<Neighbour>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let completed = doc! { "workspace_id": workspace.as_str(), "status": "completed" };
        let analyses = self.collection(ANALYSES);
        let newest_first = analyses
            .find(completed)
            .projection(doc! { "issue": 1, "schema": 1 })
            .sort(doc! { "created_at": -1, "_id": -1 })
            .limit(limit.into());
        self.read("list neighbours", async {
            query::all_as(newest_first.await?, documents::neighbour).await
        })
        .await
    }

    async fn former_results(
        &self,
        workspace: &WorkspaceId,
        id: &AnalysisId,
    ) -> Result<Vec<Revision>> {
        let results = self.collection(FORMER_RESULTS);
        self.read("list former results", results::all(&results, workspace, id))
            .await
    }

    async fn delete(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<bool> {
        let analyses = self.collection(ANALYSES);
        let by_id = doc! { "_id": id.as_str(), "workspace_id": workspace.as_str() };
        let results = self.collection(FORMER_RESULTS);
        self.run("delete analysis", async {
            let deleted = analyses.delete_one(by_id).await?.deleted_count > 0;
            // Also when the analysis is gone: somebody may have died in between.
            results::drop_all(&results, workspace, id).await?;
            Ok(deleted)
        })
        .await
    }

    async fn enqueue(&self, request: NewAnalysis) -> Result<Analysis> {
        self.run("enqueue", Box::pin(queue::enqueue(self, request)))
            .await
    }

    async fn claim(
        &self,
        token: &str,
        most: usize,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<(Lease, Analysis)>> {
        let analyses = self.collection(ANALYSES);
        self.run("claim", queue::claim(&analyses, token, most, now, lease))
            .await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool> {
        let steps = &self.writers.steps;
        self.run("renew", queue::renew(steps, lease, until)).await
    }

    async fn report(&self, lease: &Lease, progress: &Progress) -> Result<bool> {
        let steps = &self.writers.steps;
        self.run("report", queue::report(steps, lease, progress))
            .await
    }

    async fn finish(&self, lease: &Lease, ended: Arc<Analysis>, told: &[Dispatch]) -> Result<bool> {
        self.run("finish", queue::finish(self, lease, &ended, told))
            .await
    }

    async fn retry_at(
        &self,
        lease: &Lease,
        due: Timestamp,
        reason: AnalysisError,
        now: Timestamp,
    ) -> Result<bool> {
        self.run("retry", queue::retry_at(self, lease, due, reason, now))
            .await
    }

    async fn outdate(&self, of: &Analysis, why: Stale) -> Result<bool> {
        let steps = &self.writers.steps;
        self.run("outdate", queue::outdate(steps, of, why)).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        let analyses = self.collection(ANALYSES);
        self.read("backlog", queue::backlog(&analyses, now)).await
    }
}

/// What the filter asks for, over the fields of the index `listed`.
fn asked(workspace: &WorkspaceId, filter: &AnalysisFilter) -> Document {
    let mut asked = doc! { "workspace_id": workspace.as_str() };
    let mut either = Vec::new();
    if let Some(after) = &filter.after {
        let moment = date(after.created_at);
        asked.insert("created_at", doc! { "$lte": moment });
        let earlier = doc! { "created_at": { "$lt": moment } };
        let lesser = doc! { "_id": { "$lt": after.id.as_str() } };
        either.push(doc! { "$or": [earlier, lesser] });
    }
    if let Some(project) = filter.project_key() {
        let slug = doc! { "project_slug": &project };
        either.push(doc! { "$or": [{ "project_id": project }, slug] });
    }
    if !either.is_empty() {
        asked.insert("$and", either);
    }
    let fields = [
        (
            "status",
            filter.status.map(|it| Status::as_str(it).to_owned()),
        ),
        (
            "priority",
            filter.priority.map(|it| Priority::as_str(it).to_owned()),
        ),
        ("model", filter.model_key()),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            asked.insert(field, value);
        }
    }
    if let Some(text) = filter.folded_text() {
        asked.insert("searched", doc! { "$regex": literally(&text) });
    }
    asked
}

/// A pattern that matches `text` and nothing else: there is no other way to ask for a part of a text.
fn literally(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
