//! Waiting for an analysis to end, whichever worker of whichever replica ends it.
//!
//! Notices of this process wake the waiting at once; what another replica ends is found by
//! looking at the store now and then.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Analysis, AnalysisId},
    ports::{Notice, NoticeKind, Notifier},
    services::{Access, AnalysisRequests, Failure},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// How often the store is looked at while no notice comes.
const LOOK: Duration = Duration::from_secs(1);

/// Those who wait for analyses, and how long they do.
#[derive(Debug)]
pub struct Waiting {
    limit: Duration,
    bells: Mutex<HashMap<AnalysisId, Arc<Notify>>>,
    queued: Notify,
}

impl Waiting {
    /// Nobody waits longer than `limit`.
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            bells: Mutex::default(),
            queued: Notify::new(),
        }
    }

    /// Waits until `analysis` has ended or the limit is reached; gives back the newest record.
    pub(crate) async fn until_ended(
        &self,
        requests: &AnalysisRequests,
        of: &Access,
        analysis: Analysis,
    ) -> Result<Analysis, Failure> {
        let deadline = Instant::now() + self.limit;
        let seat = Seat::take(self, &analysis.id);
        let mut newest = analysis;
        while newest.status.is_active() && Instant::now() < deadline {
            let rung = seat.bell.notified();
            newest = requests.get(of, newest.id.as_str()).await?;
            if !newest.status.is_active() {
                break;
            }
            let look = deadline.min(Instant::now() + LOOK);
            tokio::select! {
                () = rung => {}
                () = sleep_until(look) => {}
            }
        }
        Ok(newest)
    }

    /// Waits until a job was put in the queue by this process.
    pub(crate) async fn until_queued(&self) {
        self.queued.notified().await;
    }

    fn bells(&self) -> std::sync::MutexGuard<'_, HashMap<AnalysisId, Arc<Notify>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Notifier for Waiting {
    async fn notify(&self, notice: &Notice) -> Result<()> {
        match notice.kind {
            NoticeKind::Queued => self.queued.notify_one(),
            NoticeKind::Completed | NoticeKind::Failed => {
                if let Some(bell) = self.bells().get(&notice.analysis_id) {
                    bell.notify_waiters();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A place among those who wait for one analysis; the bell goes with the last of them.
struct Seat<'a> {
    waiting: &'a Waiting,
    id: AnalysisId,
    bell: Arc<Notify>,
}

impl<'a> Seat<'a> {
    fn take(waiting: &'a Waiting, id: &AnalysisId) -> Self {
        let bell = waiting.bells().entry(id.clone()).or_default().clone();
        Self {
            waiting,
            id: id.clone(),
            bell,
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut bells = self.waiting.bells();
        // One in the map and one here: nobody else is left.
        if Arc::strong_count(&self.bell) == 2 {
            bells.remove(&self.id);
        }
    }
}
