//! Looking on while an analysis is under way: a view each time something of it changes, until it
//! has ended.
//!
//! A view is made when it is asked for, from the newest record and the newest progress. A client
//! that is slow gets fewer of them, one that is gone asks for none, and neither holds anything up.

use std::{sync::Arc, time::Duration};

use explainer_core::{
    domain::{Analysis, AnalysisError, Progress, Status, Workspace},
    services::{Failure, Services},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

use crate::waiting::{Board, Seat, Waiting};

/// How many may look on at the same time.
const WATCHERS: usize = 1024;
/// Between two views passes at least this much: a model's answer comes in by the token.
const PACE: Duration = Duration::from_millis(200);
/// How long one may look on; then a client comes again, with a token that is still good.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The places of those who look on.
#[derive(Debug, Clone)]
pub(crate) struct Gallery {
    services: Arc<Services>,
    waiting: Arc<Waiting>,
    places: Arc<Semaphore>,
}

/// What there is to see of an analysis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// How far the record is; none when the analysis was removed.
    pub status: Option<Status>,
    /// How far the run is, while there is one.
    pub progress: Option<Progress>,
    /// Which run it is.
    pub revision: u32,
    /// How often a worker took it up.
    pub attempt: u32,
    /// Why it failed, or is tried again.
    pub error: Option<AnalysisError>,
}

/// Somebody who looks on.
#[derive(Debug)]
pub(crate) struct Watcher {
    gallery: Gallery,
    seat: Seat,
    of: Workspace,
    newest: Analysis,
    gone: bool,
    shown: Option<View>,
    /// How often the record had changed when it was last read.
    changes: u64,
    read_at: Instant,
    leaves_at: Instant,
    _place: OwnedSemaphorePermit,
}

impl Gallery {
    pub(crate) fn new(services: Arc<Services>, waiting: Arc<Waiting>) -> Self {
        Self {
            services,
            waiting,
            places: Arc::new(Semaphore::new(WATCHERS)),
        }
    }

    /// Takes a place before an analysis; `None` when all are taken.
    pub(crate) async fn watch(&self, of: Workspace, id: &str) -> Result<Option<Watcher>, Failure> {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return Ok(None);
        };
        let newest = self.services.analyses.get(&of, id).await?;
        let now = Instant::now();
        let mut watcher = Watcher {
            gallery: self.clone(),
            seat: self.waiting.seat(&newest.id),
            of,
            newest,
            gone: false,
            shown: None,
            changes: 0,
            read_at: now,
            leaves_at: now + LONGEST,
            _place: place,
        };
        // Once more, now that what happens is on the board.
        watcher.read().await;
        Ok(Some(watcher))
    }
}

impl Watcher {
    /// Waits for the next view; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Option<View> {
        if self.shown.as_ref().is_some_and(View::is_last) {
            return None;
        }
        let paced = self.shown.is_some();
        let not_before = Instant::now() + PACE;
        loop {
            let view = self.view();
            let news = self.shown.as_ref() != Some(&view);
            if news && (view.is_last() || !paced || Instant::now() >= not_before) {
                self.shown = Some(view.clone());
                return Some(view);
            }
            let (changes, waiting) = (self.changes, self.gallery.waiting.clone());
            let (wake, told) = if news {
                (not_before, None)
            } else {
                let look = self.read_at + self.seat.look();
                (look, Some(self.seat.board().progress))
            };
            let has_news = |board: &Board| {
                let progress = told.as_ref().is_some_and(|told| *told != board.progress);
                board.changes != changes || progress
            };
            tokio::select! {
                () = self.seat.until(has_news) => {}
                () = sleep_until(wake) => {}
                () = sleep_until(self.leaves_at) => return None,
                () = waiting.closing() => return None,
            }
            if self.seat.board().changes != changes || self.read_at.elapsed() >= self.seat.look() {
                self.read().await;
            }
        }
    }

    async fn read(&mut self) {
        self.changes = self.seat.board().changes;
        self.read_at = Instant::now();
        let id = self.newest.id.clone();
        match self
            .gallery
            .services
            .analyses
            .get(&self.of, id.as_str())
            .await
        {
            Ok(newest) => self.newest = newest,
            Err(Failure::AnalysisNotFound) => self.gone = true,
            // Whoever looks on can look again; the store is asked once more in a while.
            Err(failure) => {
                tracing::warn!(%failure, analysis = %id, "could not look at an analysis");
            }
        }
    }

    fn view(&self) -> View {
        if self.gone {
            return View::GONE;
        }
        let of = &self.newest;
        let running = of.status == Status::Analyzing;
        let here = self.seat.board().progress;
        View {
            status: Some(of.status),
            progress: here.or_else(|| of.progress.clone()).filter(|_| running),
            revision: of.revision,
            attempt: of.attempt,
            error: of.error.clone(),
        }
    }
}

impl View {
    /// Of an analysis that was removed.
    const GONE: Self = Self {
        status: None,
        progress: None,
        revision: 0,
        attempt: 0,
        error: None,
    };

    fn is_last(&self) -> bool {
        self.status.is_none_or(|status| !status.is_active())
    }
}
