//! Carrying analyses out: what a worker does with one job.
//!
//! Claiming in a loop, renewing the lease meanwhile and stopping are the app's worker's.

use std::{sync::Arc, time::Duration};

use crate::{
    Result,
    domain::{
        Analysis, AnalysisError, Backlog, Dispatch, Evidence, Lease, Outcome, Progress,
        Specification, Stage, Timestamp, Workspace,
    },
    explain::{self, ask},
    ports::NoticeKind,
    services::{
        Chain, Explained, Failure, Link, Ports, Run, Task, reading::Reading, write_back::WriteBack,
    },
};

/// The target of the events that say how a run ended; whoever counts them listens for it.
const TOLD: &str = "explainer::analysis";

/// How long and how often a job is worked on.
#[derive(Debug, Clone, Copy)]
pub struct WorkLimits {
    /// How long a lease lasts unless it is renewed.
    pub lease: Duration,
    /// How often a job is taken up before it has failed for good, from 1.
    pub attempts: u32,
}

/// What a run came to, not yet stored.
#[derive(Debug, Clone)]
pub enum Ended {
    /// The analysis is over.
    Over {
        /// The record as it is to be stored.
        analysis: Arc<Analysis>,
        /// What is to be told of that.
        told: Vec<Dispatch>,
    },
    /// It is to be tried again.
    PutBack {
        /// When, at the earliest.
        due: Timestamp,
        /// Why.
        reason: AnalysisError,
    },
}

/// Carrying analyses out.
#[derive(Debug)]
pub struct Work {
    reading: Arc<Reading>,
    chain: Chain,
    ports: Ports,
    limits: WorkLimits,
    write_back: WriteBack,
}

impl Work {
    pub(super) fn new(ports: Ports, reading: Arc<Reading>, limits: WorkLimits) -> Self {
        Self {
            reading,
            chain: Chain::new(ports.clone()),
            write_back: WriteBack::new(ports.clone()),
            ports,
            limits,
        }
    }

    /// How long a lease lasts unless it is renewed.
    pub fn lease(&self) -> Duration {
        self.limits.lease
    }

    /// Takes the jobs that are due and have waited longest, `most` at most.
    pub async fn claim(&self, most: usize) -> Result<Vec<(Lease, Analysis)>> {
        let (token, now) = (self.ports.ids.next(), self.ports.clock.now());
        let analyses = &self.ports.analyses;
        analyses.claim(&token, most, now, self.limits.lease).await
    }

    /// What is due and nobody works on, and how long the first of it has been.
    pub async fn backlog(&self) -> Result<(Backlog, Duration)> {
        let now = self.ports.clock.now();
        let backlog = self.ports.analyses.backlog(now).await?;
        let since = backlog.since.unwrap_or(now);
        let age = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        Ok((backlog, age))
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

    /// Works on a claimed job; what it came to is to be [settled](Work::settle).
    pub async fn run(&self, job: &Analysis) -> Ended {
        let workspace = match self.workspace(job).await {
            Ok(workspace) => workspace,
            Err(failure) => return self.ended(None, job, Err(failure)),
        };
        let explained = if job.attempt > self.limits.attempts {
            Ok(Outcome::Failed(self.worker_lost()))
        } else {
            self.ports
                .tell(&job.workspace_id, &job.id, NoticeKind::Started)
                .await;
            self.explain(&workspace, job).await
        };
        self.ended(Some(&workspace), job, explained)
    }

    fn ended(
        &self,
        workspace: Option<&Workspace>,
        job: &Analysis,
        explained: Result<Outcome, Failure>,
    ) -> Ended {
        let outcome = match explained {
            Ok(outcome) => outcome,
            Err(failure) if self.is_put_back(job, failure.is_passing()) => {
                return self.put_back(job, &failure);
            }
            Err(failure) => Outcome::Failed(told(&failure)),
        };
        let told = workspace.map(|workspace| self.ports.to_tell(workspace, job, &outcome));
        Ended::Over {
            analysis: Arc::new(job.ended(outcome, self.ports.clock.now())),
            told: told.unwrap_or_default(),
        }
    }

    /// Stores what a run came to. When that fails for a passing reason it may be tried again: the
    /// work is done and paid for, and it counts as long as nobody else has taken the job over.
    ///
    /// Gives back a new result, which is to be [noted](Work::note): the lease is gone by then.
    pub async fn settle(
        &self,
        lease: &Lease,
        job: &Analysis,
        ended: &Ended,
    ) -> Result<Option<Arc<Analysis>>> {
        match ended {
            Ended::Over { analysis, told } => {
                let finished = self.finish(lease, analysis, told).await?;
                Ok((finished && is_new(job, analysis)).then(|| analysis.clone()))
            }
            Ended::PutBack { due, reason } => {
                let (reason, now) = (reason.clone(), self.ports.clock.now());
                let analyses = &self.ports.analyses;
                analyses.retry_at(lease, *due, reason, now).await?;
                Ok(None)
            }
        }
    }

    /// Writes a new result on its issue, where the workspace wants that.
    pub async fn note(&self, analysis: &Analysis) {
        self.write_back.note(analysis).await;
    }

    /// Steps 3 to 9: from the issue to its specification.
    async fn explain(&self, workspace: &Workspace, job: &Analysis) -> Result<Outcome, Failure> {
        self.reached(job, Stage::Collecting);
        let delivered = job.event.as_deref().map(|event| (&job.issue, event));
        let evidence = self
            .reading
            .evidence(workspace, &job.issue.id, delivered)
            .await?;
        let links = self.ports.models.chain(workspace);
        let task = Task {
            workspace,
            analysis: Some(Run::of(job)),
            evidence: &evidence,
            candidates: &[],
        };
        let explained = match self.known(&task, job, &links).await? {
            Some(known) => known,
            None if links.is_empty() => {
                self.reached(job, Stage::Writing);
                by_rules(&evidence, None)
            }
            None => {
                let candidates = &self.reading.candidates(workspace, &evidence).await?;
                self.ask(&Task { candidates, ..task }, job, &links).await?
            }
        };
        Ok(Outcome::Completed {
            issue: Box::new(evidence.issue),
            specification: explained.specification,
            fingerprint: explained.fingerprint,
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

    /// The former result, where it was made from the same evidence in a way it would be made now.
    async fn known(
        &self,
        task: &Task<'_>,
        job: &Analysis,
        links: &[Link],
    ) -> Result<Option<Explained>, Failure> {
        let (false, Some(specification), Some(former)) =
            (job.force, &job.specification, &job.fingerprint)
        else {
            return Ok(None);
        };
        let opened = links.iter().filter_map(|link| link.opened.as_ref().ok());
        let model = opened
            .map(|llm| ask::name(&llm.profile()))
            .find(|model| self.chain.fingerprint(task, model) == *former);
        let by_rules = || explain::fingerprint(task.evidence, explain::HEURISTICS) == *former;
        match model {
            Some(model) => self.chain.reused(task, &model).await?,
            None if links.is_empty() && by_rules() => {}
            None => return Ok(None),
        }
        tracing::info!(target: TOLD, analysis = %job.id, outcome = "reused", "evidence unchanged: the former result stands");
        Ok(Some(Explained {
            specification: specification.clone(),
            fingerprint: former.clone(),
        }))
    }

    /// Has the models explain it; rules do when all of them failed for good and that is allowed.
    async fn ask(
        &self,
        task: &Task<'_>,
        job: &Analysis,
        links: &[Link],
    ) -> Result<Explained, Failure> {
        match self.chain.explain(task, links).await {
            Err(Failure::Models(failure))
                if !self.is_put_back(job, failure.is_passing())
                    && self.ports.models.allows_heuristics(task.workspace) =>
            {
                let why = told(&Failure::Models(failure));
                Ok(by_rules(task.evidence, Some(why)))
            }
            ended => ended,
        }
    }

    fn is_put_back(&self, job: &Analysis, may_pass: bool) -> bool {
        may_pass && job.attempt < self.limits.attempts
    }

    fn put_back(&self, job: &Analysis, failure: &Failure) -> Ended {
        let due = self.ports.clock.now() + retry_delay(job.attempt, failure);
        tracing::warn!(target: TOLD, analysis = %job.id, attempt = job.attempt, %due, error = %failure, outcome = "put_back", "analysis put back");
        let reason = told(failure);
        Ended::PutBack { due, reason }
    }

    /// Stores how a run ended; `false` when the lease was lost, and then nothing is.
    async fn finish(
        &self,
        lease: &Lease,
        analysis: &Arc<Analysis>,
        told: &[Dispatch],
    ) -> Result<bool> {
        let store = &self.ports.analyses;
        if !store.finish(lease, analysis.clone(), told).await? {
            tracing::warn!(analysis = %analysis.id, "result dropped: the lease was lost");
            return Ok(false);
        }
        let milliseconds = milliseconds(analysis);
        let written_by = analysis.specification.as_deref();
        let model = written_by
            .and_then(|it| it.model.as_deref())
            .unwrap_or_default();
        match &analysis.error {
            None => {
                self.reading.explained(analysis);
                tracing::info!(target: TOLD, analysis = %analysis.id, issue = %analysis.issue.id, outcome = "completed", model, milliseconds, "analysis completed");
            }
            Some(error) => {
                tracing::warn!(target: TOLD, analysis = %analysis.id, code = error.code, error = %error.message, outcome = "failed", milliseconds, "analysis failed");
            }
        }
        let ended = NoticeKind::Ended(analysis.clone());
        self.ports
            .tell(&analysis.workspace_id, &analysis.id, ended)
            .await;
        if let Some(dispatch) = told.first() {
            self.ports.ring(dispatch).await;
        }
        Ok(true)
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

/// How long the revision took from its first attempt to its end.
fn milliseconds(analysis: &Analysis) -> u64 {
    let began = analysis.started_at.zip(analysis.finished_at);
    let took = began.map(|(began, ended)| ended.duration_since(began).as_millis());
    took.and_then(|took| u64::try_from(took).ok())
        .unwrap_or_default()
}

/// What rules say of the evidence, maybe because the models failed.
fn by_rules(evidence: &Evidence, instead_of_model: Option<AnalysisError>) -> Explained {
    let specification = Specification {
        instead_of_model: instead_of_model.map(Box::new),
        ..explain::specify(evidence)
    };
    Explained {
        specification: Box::new(specification),
        fingerprint: explain::fingerprint(evidence, explain::HEURISTICS),
    }
}

/// Whether there is a result, and not the one that stood before.
fn is_new(job: &Analysis, ended: &Analysis) -> bool {
    ended.error.is_none() && (job.specification.is_none() || job.fingerprint != ended.fingerprint)
}

fn told(failure: &Failure) -> AnalysisError {
    AnalysisError {
        code: failure.code().to_owned(),
        message: failure.public_message(),
        retryable: failure.is_retryable(),
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
