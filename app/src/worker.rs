//! The worker: it claims jobs as long as it has hands free, renews their leases while they are
//! worked on, and stops when told to.
//!
//! What is done with a job is `explainer_core::services::Work`'s.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use explainer_core::{
    domain::{Analysis, Lease},
    services::Services,
};
use futures::FutureExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use crate::{telemetry::Monitor, waiting::Waiting};

/// How long an idle worker sleeps: jobs of other replicas, and jobs put back for later, wait this long at most.
const IDLE: Duration = Duration::from_secs(1);
/// How long it rests when the store fails.
const FAULT: Duration = Duration::from_secs(2);

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
        monitor: Monitor,
        hands: usize,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let claiming = tokio::spawn(claim_all(services, waiting, monitor, hands, stopped));
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
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("stopped with work under way; it is taken up again after its lease");
        }
    }
}

/// Claims until told to stop; gives back the jobs that are still under way then.
async fn claim_all(
    services: Arc<Services>,
    waiting: Arc<Waiting>,
    monitor: Monitor,
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
        let Ok(hand) = hand else { break };
        let rest = match services.work.claim().await {
            Ok(Some((lease, job))) => {
                jobs.spawn(watched(monitor.clone(), services.clone(), lease, job, hand));
                continue;
            }
            Ok(None) => IDLE,
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

async fn watched(
    monitor: Monitor,
    services: Arc<Services>,
    lease: Lease,
    job: Analysis,
    hand: OwnedSemaphorePermit,
) {
    monitor.job(&job, work(services, &lease, &job)).await;
    drop(hand);
}

/// Works on one job and renews its lease well before it runs out. A lease that is lost ends the
/// work: somebody else has the job, or nobody wants it any more.
async fn work(services: Arc<Services>, lease: &Lease, job: &Analysis) {
    let work = &services.work;
    let run = AssertUnwindSafe(work.run(lease, job)).catch_unwind();
    tokio::pin!(run);
    loop {
        tokio::select! {
            done = &mut run => return match done {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(?error, analysis = %job.id, "could not store how a job ended"),
                // The panic hook has logged where and why; the job is taken up again after its lease.
                Err(_panic) => tracing::error!(analysis = %job.id, "a job panicked"),
            },
            () = sleep(work.lease() / 3) => match work.renew(lease).await {
                Ok(true) => {}
                Ok(false) => {
                    tracing::info!(analysis = %job.id, "work given up: the lease is gone");
                    return;
                }
                Err(error) => tracing::warn!(?error, analysis = %job.id, "could not renew a lease"),
            },
        }
    }
}
