//! The worker: it claims jobs as long as it has hands free, renews their leases while they are
//! worked on, and stops when told to.
//!
//! What is done with a job is `explainer_core::services::Work`'s.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use explainer_core::{
    Error,
    domain::{Analysis, Lease},
    services::{Ended, Services, Work},
};
use futures::FutureExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep, timeout},
};

use crate::{telemetry::Telemetry, waiting::Waiting};

/// How long an idle worker sleeps: jobs of other replicas, and jobs put back for later, wait this long at most.
const IDLE: Duration = Duration::from_secs(1);
/// How many jobs it takes at a time at most: together they cost the store little more than one.
const AT_ONCE: usize = 64;
/// How long it rests when the store fails.
const FAULT: Duration = Duration::from_secs(2);
/// How long a job whose lease is gone may take to tell that it ended it itself.
const GRACE: Duration = Duration::from_secs(1);

/// How often it is kept how far a job is, where that has changed: often enough to look on, and seldom
/// enough that short runs are not slowed down.
const REPORT: Duration = Duration::from_secs(1);

/// A running worker.
#[derive(Debug)]
pub struct Worker {
    stop: watch::Sender<bool>,
    claiming: JoinHandle<JoinSet<()>>,
}

impl Worker {
    /// Starts it on the current runtime, with `hands` jobs at once at most.
    pub fn start(
        services: Arc<Services>,
        waiting: Arc<Waiting>,
        telemetry: Telemetry,
        hands: usize,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let claiming = tokio::spawn(claim_all(services, waiting, telemetry, hands, stopped));
        Self { stop, claiming }
    }

    /// Claims nothing more and lets the jobs under way end, for at most `patience`. A job that is
    /// cut short is taken up again, by anyone, when its lease runs out.
    pub async fn stop(self, patience: Duration) {
        let _ = self.stop.send(true);
        let all = async {
            if let Ok(mut jobs) = self.claiming.await {
                while jobs.join_next().await.is_some() {}
            }
        };
        if timeout(patience, all).await.is_err() {
            tracing::warn!("stopped with work under way; it is taken up again after its lease");
        }
    }
}

/// Claims until told to stop; gives back the jobs that are still under way then.
async fn claim_all(
    services: Arc<Services>,
    waiting: Arc<Waiting>,
    telemetry: Telemetry,
    hands: usize,
    mut stopped: watch::Receiver<bool>,
) -> JoinSet<()> {
    let free = Arc::new(Semaphore::new(hands));
    let mut jobs = JoinSet::new();
    while !*stopped.borrow() {
        while jobs.try_join_next().is_some() {}
        let hand = tokio::select! {
            hand = free.clone().acquire_owned() => hand,
            _ = stopped.changed() => break,
        };
        let Ok(mut hand) = hand else { break };
        let more = free.available_permits().min(AT_ONCE - 1);
        if let Ok(more) = u32::try_from(more)
            && let Ok(more) = free.clone().try_acquire_many_owned(more)
        {
            hand.merge(more);
        }
        let rest = match services.work.claim(hand.num_permits()).await {
            Ok(claimed) if claimed.is_empty() => IDLE,
            Ok(claimed) => {
                for ((lease, job), hand) in claimed.into_iter().zip(one_by_one(hand)) {
                    let watched = watched(
                        telemetry.clone(),
                        services.clone(),
                        waiting.clone(),
                        lease,
                        Box::new(job),
                        hand,
                    );
                    jobs.spawn(watched);
                }
                continue;
            }
            Err(error) => {
                tracing::error!(?error, "could not claim a job");
                FAULT
            }
        };
        tokio::select! {
            () = waiting.until_queued() => {}
            () = sleep(rest) => {}
            _ = stopped.changed() => {}
        }
    }
    jobs
}

/// The hands that are held, each for itself.
fn one_by_one(mut several: OwnedSemaphorePermit) -> impl Iterator<Item = OwnedSemaphorePermit> {
    std::iter::from_fn(move || several.split(1))
}

/// Works on one job, and tells of it.
async fn watched(
    telemetry: Telemetry,
    services: Arc<Services>,
    waiting: Arc<Waiting>,
    lease: Lease,
    job: Box<Analysis>,
    hand: OwnedSemaphorePermit,
) {
    let work = Box::pin(work(services, waiting, &lease, &job));
    telemetry.job(&job, work).await;
    drop(hand);
}

/// Works on one job, renews its lease well before it runs out, and keeps how far it is for those
/// who look on from other replicas. A lease that is lost ends the work: somebody else has the job,
/// or nobody wants it any more.
async fn work(services: Arc<Services>, waiting: Arc<Waiting>, lease: &Lease, job: &Analysis) {
    let work = &services.work;
    let mut seat = waiting.seat(&job.id);
    let run = async {
        let ended = work.run(job).await;
        settle(work, lease, job, &ended).await
    };
    let run = AssertUnwindSafe(run).catch_unwind();
    tokio::pin!(run);
    let (mut kept, mut result) = (None, None);
    let mut renewing = every(work.lease() / 3);
    let mut reporting = every(REPORT);
    loop {
        let holds = tokio::select! {
            done = &mut run => {
                result = ended(job, done);
                break;
            }
            () = seat.until(|board| board.deleted) => Ok(false),
            _ = renewing.tick() => work.renew(lease).await,
            _ = reporting.tick() => match seat.board().progress {
                Some(now) if kept.as_ref() != Some(&now) => {
                    let holds = work.report(lease, &now).await;
                    kept = Some(now);
                    holds
                }
                _ => Ok(true),
            },
        };
        match holds {
            Ok(true) => {}
            Ok(false) => {
                // Maybe it was ended here a moment ago, and is about to be told to whoever waits.
                if let Ok(done) = timeout(GRACE, &mut run).await {
                    result = ended(job, done);
                    break;
                }
                tracing::info!(analysis = %job.id, "work given up: the lease is gone");
                break;
            }
            Err(error) => tracing::warn!(?error, analysis = %job.id, "could not hold a lease"),
        }
    }
    seat.clear_progress();
    // No lease is needed for this, and a slow source may take its time.
    if let Some(result) = result {
        work.note(&result).await;
    }
}

/// The new result of a run whose end is stored, if it has one.
type Settled = Result<Option<Arc<Analysis>>, Error>;

/// The new result that a run came to, if it did.
fn ended(job: &Analysis, done: Result<Settled, Box<dyn Any + Send>>) -> Option<Arc<Analysis>> {
    match done {
        Ok(Ok(result)) => return result,
        Ok(Err(error)) => {
            tracing::error!(?error, analysis = %job.id, "could not store how a job ended");
        }
        // The panic hook has logged where and why; the job is taken up again after its lease.
        Err(_panic) => tracing::error!(analysis = %job.id, "a job panicked"),
    }
    None
}

/// Ticks for the first time after one period; ticks that were missed are not made up for.
fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Stores what a run came to, as often as it takes: the store may be away for a while, and the
/// result has been paid for. It ends with the lease, or with the process.
async fn settle(work: &Work, lease: &Lease, job: &Analysis, ended: &Ended) -> Settled {
    loop {
        match work.settle(lease, job, ended).await {
            Err(error) if error.kind().is_transient() => {
                tracing::warn!(?error, analysis = %lease.analysis_id, "could not store how a job ended yet");
                sleep(FAULT).await;
            }
            settled => return settled,
        }
    }
}
