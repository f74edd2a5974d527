//! Carrying analyses out: what a worker does with one job.
//!
//! Claiming in a loop, renewing the lease meanwhile and stopping are the app's worker's.

use std::time::Duration;

use crate::{
    Result,
    domain::{
        Analysis, AnalysisError, Event, Evidence, Lease, Outcome, Progress, Specification, Stage,
        Workspace,
    },
    explain,
    ports::{Notice, NoticeKind},
    services::{Failure, Ports, write_back::WriteBack},
};

/// How many events of an issue are looked at to find the one that tells most.
const EVENTS: u16 = 5;

/// How long and how often a job is worked on.
#[derive(Debug, Clone, Copy)]
pub struct WorkLimits {
    /// How long a lease lasts unless it is renewed.
    pub lease: Duration,
    /// How often a job is taken up before it has failed for good, from 1.
    pub attempts: u32,
}

/// Carrying analyses out.
#[derive(Debug)]
pub struct Work {
    ports: Ports,
    limits: WorkLimits,
    write_back: WriteBack,
}

impl Work {
    pub(super) fn new(ports: Ports, limits: WorkLimits) -> Self {
        Self {
            write_back: WriteBack::new(ports.clone()),
            ports,
            limits,
        }
    }

    /// How long a lease lasts unless it is renewed.
    pub fn lease(&self) -> Duration {
        self.limits.lease
    }

    /// Takes the job that has waited longest, if one is due.
    pub async fn claim(&self) -> Result<Option<(Lease, Analysis)>> {
        let token = self.ports.ids.next();
        self.ports
            .analyses
            .claim(&token, self.ports.clock.now(), self.limits.lease)
            .await
    }

    /// Holds on to a job for another lease; `false` when it was lost and work on it is in vain.
    pub async fn renew(&self, lease: &Lease) -> Result<bool> {
        let until = self.ports.clock.now() + self.limits.lease;
        self.ports.analyses.renew(lease, until).await
    }

    /// Keeps how far a job is, for those who look on from elsewhere; `false` when the lease was
    /// lost and work on it is in vain.
    pub async fn report(&self, lease: &Lease, progress: &Progress) -> Result<bool> {
        self.ports.analyses.report(lease, progress).await
    }

    /// Works on a claimed job until it has ended or is put back; the record says which.
    pub async fn run(&self, lease: &Lease, job: &Analysis) -> Result<()> {
        if job.attempt > self.limits.attempts {
            return self
                .finish(lease, Outcome::Failed(self.worker_lost()))
                .await
                .map(drop);
        }
        self.tell(lease, NoticeKind::Started).await;
        match self.explain(job).await {
            Ok(outcome) => {
                let told_before = is_told(job, &outcome);
                match self.finish(lease, outcome).await? {
                    Some(analysis) if !told_before => self.write_back.note(&analysis).await,
                    _ => {}
                }
                Ok(())
            }
            Err(failure) if failure.is_transient() && job.attempt < self.limits.attempts => {
                self.put_back(lease, job, &failure).await
            }
            Err(failure) => {
                let failed = Outcome::Failed(told(&failure));
                self.finish(lease, failed).await.map(drop)
            }
        }
    }

    async fn explain(&self, job: &Analysis) -> Result<Outcome, Failure> {
        let workspace = self.workspace(job).await?;
        self.reached(job, Stage::Collecting);
        let evidence = self.evidence(&workspace, job).await?;
        let fingerprint = explain::fingerprint(&evidence, explain::HEURISTICS);
        let specification = match known(job, &fingerprint) {
            Some(specification) => {
                tracing::info!(analysis = %job.id, "evidence unchanged: the former result stands");
                specification
            }
            None => {
                self.reached(job, Stage::Writing);
                Box::new(explain::specify(&evidence))
            }
        };
        Ok(Outcome::Completed {
            issue: Box::new(evidence.issue),
            specification,
            fingerprint,
        })
    }

    fn reached(&self, job: &Analysis, stage: Stage) {
        let progress = Progress {
            stage,
            ..Progress::default()
        };
        self.ports.notifier.progress(&job.id, &progress);
    }

    async fn workspace(&self, job: &Analysis) -> Result<Workspace, Failure> {
        self.ports
            .workspaces
            .get(&job.workspace_id)
            .await?
            .ok_or(Failure::NoWorkspace)
    }

    async fn evidence(&self, workspace: &Workspace, job: &Analysis) -> Result<Evidence, Failure> {
        let source = self.ports.sources.open(workspace)?;
        let issue = source.issue(&job.issue.id).await.map_err(Failure::Source)?;
        let issue = issue.ok_or(Failure::IssueNotFound)?;
        let events = source.events(&issue.id, EVENTS).await;
        let events = with_delivered(events, job.event.as_deref())?;
        Ok(explain::collect(issue, events))
    }

    async fn put_back(&self, lease: &Lease, job: &Analysis, failure: &Failure) -> Result<()> {
        let now = self.ports.clock.now();
        let due = now + retry_delay(job.attempt, failure);
        tracing::warn!(analysis = %job.id, attempt = job.attempt, %due, error = %failure, "analysis put back");
        self.ports
            .analyses
            .retry_at(lease, due, told(failure), now)
            .await?;
        Ok(())
    }

    /// Stores how a run ended; `None` when the lease was lost, and then nothing is.
    async fn finish(&self, lease: &Lease, outcome: Outcome) -> Result<Option<Analysis>> {
        let now = self.ports.clock.now();
        let Some(analysis) = self.ports.analyses.finish(lease, outcome, now).await? else {
            tracing::warn!(analysis = %lease.analysis_id, "result dropped: the lease was lost");
            return Ok(None);
        };
        match &analysis.error {
            None => {
                tracing::info!(analysis = %analysis.id, issue = %analysis.issue.id, "analysis completed");
            }
            Some(error) => {
                tracing::warn!(analysis = %analysis.id, code = %error.code, error = %error.message, "analysis failed");
            }
        }
        let failed = analysis.error.is_some();
        self.tell(
            lease,
            if failed {
                NoticeKind::Failed
            } else {
                NoticeKind::Completed
            },
        )
        .await;
        Ok(Some(analysis))
    }

    /// Passes a notice on. The store knows already, so a notice that cannot be passed on is only logged.
    async fn tell(&self, lease: &Lease, kind: NoticeKind) {
        let notice = Notice {
            workspace_id: lease.workspace_id.clone(),
            analysis_id: lease.analysis_id.clone(),
            kind,
        };
        if let Err(error) = self.ports.notifier.notify(&notice).await {
            tracing::warn!(analysis = %lease.analysis_id, ?kind, ?error, "notice lost");
        }
    }

    fn worker_lost(&self) -> AnalysisError {
        AnalysisError {
            code: "worker_lost".to_owned(),
            message: format!(
                "could not finish the analysis because its worker died {} times; ask again, and look at the log if it repeats",
                self.limits.attempts
            ),
            retryable: true,
        }
    }
}

/// Whether the result is the one that stood before.
fn is_told(job: &Analysis, outcome: &Outcome) -> bool {
    let Outcome::Completed { fingerprint, .. } = outcome else {
        return true;
    };
    job.specification.is_some() && job.fingerprint.as_ref() == Some(fingerprint)
}

/// The events of the source, and the one that came with the request, which is enough where the
/// source fails.
fn with_delivered(
    events: Result<Vec<Event>>,
    delivered: Option<&Event>,
) -> Result<Vec<Event>, Failure> {
    let Some(delivered) = delivered else {
        return events.map_err(Failure::Source);
    };
    let mut events = events.unwrap_or_else(|error| {
        tracing::warn!(?error, "only the delivered event is looked at");
        Vec::new()
    });
    if events.iter().all(|event| event.id != delivered.id) {
        events.push(delivered.clone());
    }
    Ok(events)
}

/// The former result, where it was made from the same evidence in the same way and may be used again.
fn known(job: &Analysis, fingerprint: &str) -> Option<Box<Specification>> {
    if job.force || job.fingerprint.as_deref() != Some(fingerprint) {
        return None;
    }
    job.specification.clone()
}

fn told(failure: &Failure) -> AnalysisError {
    AnalysisError {
        code: failure.code().to_owned(),
        message: failure.public_message(),
        retryable: failure.is_transient(),
    }
}

/// When a job that failed for a passing reason is taken up again: as long as the other side
/// asked, else 2 s, 4 s, 8 s…; at most 5 minutes.
fn retry_delay(attempt: u32, failure: &Failure) -> Duration {
    let doubled = Duration::from_secs(2u64.saturating_pow(attempt.max(1)));
    failure
        .retry_after()
        .unwrap_or(doubled)
        .min(Duration::from_secs(300))
}
