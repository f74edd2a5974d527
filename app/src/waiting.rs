//! Waiting for an analysis to end, whichever worker of whichever replica ends it.
//!
//! Notices of this process wake the waiting at once, and so does what another replica does where
//! the store tells it ([`crate::listener`]). The store is looked at now and then all the same.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Analysis, AnalysisId, Status, Workspace},
    ports::{Change, Notice, NoticeKind, Notifier},
    services::{AnalysisRequests, Failure},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// How often the store is looked at while no notice comes.
const LOOK: Duration = Duration::from_secs(1);
/// The same where the store tells what changes: that may be lost.
const LOOK_AFTER_LISTENING: Duration = Duration::from_secs(5);

/// Those who wait for analyses, and how long they do.
#[derive(Debug)]
pub struct Waiting {
    limit: Duration,
    bells: Mutex<HashMap<AnalysisId, Arc<Notify>>>,
    queued: Notify,
    listening: AtomicBool,
}

impl Waiting {
    /// Nobody waits longer than `limit`.
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            bells: Mutex::default(),
            queued: Notify::new(),
            listening: AtomicBool::new(false),
        }
    }

    /// Waits until `analysis` has ended or the limit is reached; gives back the newest record.
    pub(crate) async fn until_ended(
        &self,
        requests: &AnalysisRequests,
        of: &Workspace,
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
            let look = deadline.min(Instant::now() + self.look());
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

    /// The store tells what changes from now on, or no more.
    pub(crate) fn listening(&self, does: bool) {
        self.listening.store(does, Ordering::Relaxed);
        // What changed before, nobody heard.
        for bell in self.bells().values() {
            bell.notify_waiters();
        }
    }

    /// Some replica, maybe this one, changed an analysis.
    pub(crate) fn heard(&self, change: &Change) {
        if change.status == Some(Status::Pending) {
            self.queued.notify_one();
        }
        self.ring(&change.analysis_id);
    }

    fn look(&self) -> Duration {
        if self.listening.load(Ordering::Relaxed) {
            LOOK_AFTER_LISTENING
        } else {
            LOOK
        }
    }

    fn ring(&self, analysis: &AnalysisId) {
        if let Some(bell) = self.bells().get(analysis) {
            bell.notify_waiters();
        }
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
            NoticeKind::Completed | NoticeKind::Failed => self.ring(&notice.analysis_id),
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
