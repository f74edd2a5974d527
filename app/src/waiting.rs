//! Waiting for what happens to an analysis, whichever worker of whichever replica it happens to.
//!
//! Each analysis that somebody of this process has to do with has a board. Notices of this process
//! change it and wake those before it at once, and so does what another replica does where the store
//! tells it ([`crate::listener`]). The store is looked at now and then all the same. A board shows the
//! newest state and remembers nothing: who is slow to look misses what was between, and holds nobody up.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Analysis, AnalysisId, Progress, Status},
    ports::{Change, Notice, NoticeKind, Notifier},
    services::{Access, AnalysisRequests, Failure},
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

/// When the store is first looked at: what has ended before there was anybody to notice is found then.
const FIRST_LOOK: Duration = Duration::from_millis(250);
/// How often it is looked at after that while no notice comes.
const LOOK: Duration = Duration::from_secs(1);
/// The same where the store tells what changes: that may be lost.
const LOOK_AFTER_LISTENING: Duration = Duration::from_secs(5);

/// Those who wait for analyses, and how long they do.
#[derive(Debug)]
pub struct Waiting {
    limit: Duration,
    boards: Mutex<HashMap<AnalysisId, watch::Sender<Board>>>,
    queued: Notify,
    outgoing: Notify,
    closed: watch::Sender<bool>,
    listening: AtomicBool,
}

/// What this process knows of one analysis.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board {
    /// How often its record has changed.
    pub changes: u64,
    /// How often that may have ended a run of it.
    pub ends: u64,
    /// The record, as this process ended the newest of its runs.
    pub ended: Option<Arc<Analysis>>,
    /// How far the run is that this process carries out.
    pub progress: Option<Progress>,
    /// Whether it was removed.
    pub deleted: bool,
}

impl Board {
    fn change(&mut self, ends: bool) {
        self.changes += 1;
        self.ends += u64::from(ends);
    }
}

impl Waiting {
    /// Nobody waits longer than `limit`.
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            boards: Mutex::default(),
            queued: Notify::new(),
            outgoing: Notify::new(),
            closed: watch::Sender::new(false),
            listening: AtomicBool::new(false),
        }
    }

    /// How long a request waits at most.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Waits until this revision of an analysis has ended or the limit is reached; gives back the newest
    /// record. None is held meanwhile: many may wait.
    pub(crate) async fn until_ended(
        self: &Arc<Self>,
        requests: &AnalysisRequests,
        of: &Access,
        id: &AnalysisId,
        revision: u32,
    ) -> Result<Analysis, Failure> {
        let mut seat = self.seat(id);
        let begin = Instant::now();
        let (deadline, mut look) = (begin + self.limit, begin + FIRST_LOOK);
        let mut seen = seat.board().ends;
        loop {
            let board = seat.board();
            if let Some(ended) = board.ended.filter(|it| it.revision >= revision) {
                return Ok(Arc::unwrap_or_clone(ended));
            }
            let now = Instant::now();
            let over = now >= deadline || *self.closed.borrow();
            // How a run of this process ends is heard.
            let looks = now >= look && board.progress.is_none();
            if over || looks || board.ends != seen {
                seen = board.ends;
                let newest = requests.get(of, id.as_str()).await?;
                if over || !newest.status.is_active() {
                    return Ok(newest);
                }
            }
            if now >= look {
                look = now + self.look();
            }
            tokio::select! {
                () = seat.until(|board| board.ends != seen) => {}
                () = sleep_until(look.min(deadline)) => {}
                () = self.closing() => {}
            }
        }
    }

    /// Waits until a job was put in the queue by this process.
    pub(crate) async fn until_queued(&self) {
        self.queued.notified().await;
    }

    /// Waits until this process put something into the outbox.
    pub(crate) async fn until_outgoing(&self) {
        self.outgoing.notified().await;
    }

    /// How often whoever waits looks at the store while nothing is heard.
    fn look(&self) -> Duration {
        if self.listening.load(Ordering::Relaxed) {
            LOOK_AFTER_LISTENING
        } else {
            LOOK
        }
    }

    /// The store tells what changes from now on, or no more.
    pub(crate) fn listening(&self, does: bool) {
        self.listening.store(does, Ordering::Relaxed);
        // What changed before, nobody heard.
        for board in self.boards().values() {
            board.send_modify(|board| board.change(true));
        }
    }

    /// Some replica, maybe this one, changed an analysis.
    pub(crate) fn heard(&self, change: &Change) {
        if change.status == Some(Status::Pending) {
            self.queued.notify_one();
        }
        let ends = change.status.is_none_or(|status| !status.is_active());
        self.change(&change.analysis_id, |board| board.change(ends));
    }

    /// A place before the board of an analysis.
    pub(crate) fn seat(self: &Arc<Self>, id: &AnalysisId) -> Seat {
        let mut boards = self.boards();
        let board = boards.entry(id.clone()).or_default().subscribe();
        Seat {
            waiting: self.clone(),
            id: id.clone(),
            board,
        }
    }

    /// Sends all who wait home, with what there is: the service stops.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Waits until the service stops.
    pub(crate) async fn closing(&self) {
        // The sender is ours: it does not go away.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    fn change(&self, id: &AnalysisId, change: impl FnOnce(&mut Board)) {
        if let Some(board) = self.boards().get(id) {
            board.send_modify(change);
        }
    }

    fn boards(&self) -> MutexGuard<'_, HashMap<AnalysisId, watch::Sender<Board>>> {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Notifier for Waiting {
    async fn notify(&self, notice: &Notice) -> Result<()> {
        match &notice.kind {
            NoticeKind::Queued => self.queued.notify_one(),
            // Nothing has changed for those who wait for the analysis.
            NoticeKind::Outgoing => {
                self.outgoing.notify_one();
                return Ok(());
            }
            _ => {}
        }
        self.change(&notice.analysis_id, |board| match &notice.kind {
            NoticeKind::Ended(analysis) => {
                board.change(true);
                board.ended = Some(analysis.clone());
            }
            NoticeKind::Deleted => {
                board.change(true);
                board.deleted = true;
            }
            _ => board.change(false),
        });
        Ok(())
    }

    fn progress(&self, analysis: &AnalysisId, progress: &Progress) {
        self.change(analysis, |board| board.progress = Some(progress.clone()));
    }
}

/// A place before the board of one analysis; the board goes with the last of them.
#[derive(Debug)]
pub(crate) struct Seat {
    waiting: Arc<Waiting>,
    id: AnalysisId,
    board: watch::Receiver<Board>,
}

impl Seat {
    /// What the board shows.
    pub(crate) fn board(&self) -> Board {
        self.board.borrow().clone()
    }

    /// Waits until the board shows what is asked for.
    pub(crate) async fn until(&mut self, shows: impl FnMut(&Board) -> bool) {
        if self.board.wait_for(shows).await.is_err() {
            // Without a board there will be no news.
            std::future::pending::<()>().await;
        }
    }

    /// How often to look at the store while the board does not change.
    pub(crate) fn look(&self) -> Duration {
        self.waiting.look()
    }

    /// Takes down what this process showed of its run, once it no longer carries one out.
    pub(crate) fn clear_progress(&self) {
        (self.waiting).change(&self.id, |board| board.progress = None);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut boards = self.waiting.boards();
        let alone = |board: &watch::Sender<Board>| board.receiver_count() == 1;
        if boards.get(&self.id).is_some_and(alone) {
            boards.remove(&self.id);
        }
    }
}
