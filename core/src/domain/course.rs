//! The course of an analysis from asked for to ended: the steps that every store applies to its
//! records, so that no two stores can differ in them. Who holds the record is the store's.

use std::time::Duration;

use super::{
    Analysis, AnalysisError, Issue, KEPT_REVISIONS, Lease, NewAnalysis, Outcome, Progress,
    Revision, Stale, Status, Timestamp,
};

impl Analysis {
    /// The record of an issue's first request.
    pub fn requested(request: NewAnalysis) -> Self {
        Self {
            id: request.id,
            workspace_id: request.workspace_id,
            issue: request.issue,
            event: request.event,
            status: Status::Pending,
            specification: None,
            outdated: None,
            error: None,
            fingerprint: None,
            force: request.force,
            revision: 1,
            attempt: 0,
            progress: None,
            created_by: request.requested_by,
            trace: request.trace,
            assigned_to: None,
            created_at: request.at,
            updated_at: request.at,
            started_at: None,
            finished_at: None,
        }
    }

    /// Begins the next revision of an ended analysis; the former result stays readable.
    pub fn request_again(&mut self, request: NewAnalysis) {
        self.issue = request.issue;
        self.event = request.event;
        self.status = Status::Pending;
        self.error = None;
        self.force = request.force;
        self.trace = request.trace;
        self.revision = self.revision.saturating_add(1);
        self.attempt = 0;
        self.progress = None;
        self.updated_at = request.at;
        self.started_at = None;
        self.finished_at = None;
    }

    /// A worker takes it up, under a lease from `now` for `length` that bears `token`.
    pub fn begin(&mut self, token: &str, now: Timestamp, length: Duration) -> Lease {
        self.status = Status::Analyzing;
        self.error = None;
        self.attempt = self.attempt.saturating_add(1);
        self.progress = None;
        self.updated_at = now;
        self.started_at.get_or_insert(now);
        Lease {
            workspace_id: self.workspace_id.clone(),
            analysis_id: self.id.clone(),
            token: token.to_owned(),
            until: now.saturating_add(length).unwrap_or(Timestamp::MAX),
        }
    }

    /// The worker tells how far it is. That changes nothing of the analysis itself.
    pub fn report(&mut self, progress: Progress) {
        self.progress = Some(progress);
    }

    /// The worker gives it back to be taken up again.
    pub fn put_back(&mut self, reason: AnalysisError, now: Timestamp) {
        self.status = Status::Pending;
        self.progress = None;
        self.error = Some(reason);
        self.updated_at = now;
    }

    /// The record once the run is over. A failed one leaves the former result in its place.
    #[must_use]
    pub fn ended(&self, outcome: Outcome, now: Timestamp) -> Self {
        match outcome {
            Outcome::Completed {
                issue,
                specification,
                fingerprint,
            } => Self {
                status: Status::Completed,
                error: None,
                // A source that merged two issues answers with the other's id; the record stays
                // where those who asked look for it.
                issue: Issue {
                    id: self.issue.id.clone(),
                    ..*issue
                },
                specification: Some(specification),
                outdated: None,
                fingerprint: Some(fingerprint),
                event: None,
                progress: None,
                updated_at: now,
                finished_at: Some(now),
                // What follows stays; it is named, since to clone the record would clone what goes.
                id: self.id.clone(),
                workspace_id: self.workspace_id.clone(),
                force: self.force,
                revision: self.revision,
                attempt: self.attempt,
                created_by: self.created_by.clone(),
                trace: self.trace.clone(),
                assigned_to: self.assigned_to.clone(),
                created_at: self.created_at,
                started_at: self.started_at,
            },
            Outcome::Failed(error) => Self {
                status: Status::Failed,
                error: Some(error),
                event: None,
                progress: None,
                updated_at: now,
                finished_at: Some(now),
                ..self.clone()
            },
        }
    }

    /// A newer event says that the result is out of date; `false` where the result is not that of
    /// `revision` any more.
    pub fn outdate(&mut self, revision: u32, why: Stale) -> bool {
        let stands = self.status == Status::Completed && self.revision == revision;
        if stands {
            self.outdated = Some(why);
        }
        stands
    }

    /// The result of the newest run, once that has ended with one. A store puts it aside before
    /// the next run begins.
    pub fn result(&self) -> Option<Revision> {
        let specification = self.specification.clone()?;
        (self.status == Status::Completed).then(|| Revision {
            revision: self.revision,
            specification,
            fingerprint: self.fingerprint.clone(),
            finished_at: self.finished_at,
        })
    }

    /// The newest of the former results that are no longer kept; 0 where all are.
    pub fn newest_dropped(&self) -> u32 {
        self.revision.saturating_sub(KEPT_REVISIONS)
    }
}
