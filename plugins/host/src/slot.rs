//! The source behind one set of settings: opened when first asked, again after it died, with
//! growing pauses if it keeps dying, and closed when nobody has asked for a while.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use explainer_core::{Error, ErrorKind, Result};
use explainer_plugin_sdk::abi;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use crate::{RESTART, plugin::Plugin, registry::Outcome, session::Session};

/// How long nobody has to ask before a source is closed.
const IDLE: Duration = Duration::from_secs(300);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(30);
/// The first pause, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// How many webhooks a source reads at the same time. Anybody can send one: a source that is stuck
/// must not gather requests.
const DELIVERIES: usize = 16;

/// The source behind one set of settings.
#[derive(Debug)]
pub(crate) struct Slot {
    settings: Vec<u8>,
    state: Mutex<State>,
    deliveries: Semaphore,
    /// When somebody last asked, in milliseconds since `made`.
    asked: AtomicU64,
    made: Instant,
}

#[derive(Debug, Default)]
struct State {
    session: Option<Arc<Session>>,
    /// How often in a row it died without having answered anything.
    deaths: u32,
    /// Whether it died and was not opened since.
    is_dead: bool,
    /// Not to be opened before.
    pause: Option<Instant>,
    last_words: String,
}

/// An open source, or why it did not open in the plugin's own words.
pub(crate) enum Opening {
    Open(Arc<Session>),
    Refused(Outcome),
}

impl Slot {
    pub(crate) fn new(settings: Vec<u8>) -> Self {
        Self {
            settings,
            state: Mutex::default(),
            deliveries: Semaphore::new(DELIVERIES),
            asked: AtomicU64::new(0),
            made: Instant::now(),
        }
    }

    /// When somebody last asked.
    pub(crate) fn asked(&self) -> Instant {
        self.made + Duration::from_millis(self.asked.load(Ordering::Relaxed))
    }

    /// A place among the webhooks that are read, where one is free.
    pub(crate) fn place_for_delivery(&self) -> Option<SemaphorePermit<'_>> {
        self.deliveries.try_acquire().ok()
    }

    /// The open source, opened now if need be.
    pub(crate) async fn session(self: &Arc<Self>, plugin: &Plugin) -> Result<Opening> {
        let now = u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.asked.store(now, Ordering::Relaxed);
        let mut state = self.state.lock().await;
        if let Some(session) = &state.session {
            if session.is_alive() {
                return Ok(Opening::Open(session.clone()));
            }
            let answered = session.has_answered();
            state.session = None;
            let deaths = if answered { 0 } else { state.deaths };
            state.died(deaths);
        }
        state.may_open()?;
        if std::mem::take(&mut state.is_dead) {
            let kind = plugin.kind();
            tracing::warn!(target: RESTART, kind, "a plugin died and is started again");
        }
        let opened = plugin.open_session(self.settings.clone()).await;
        match opened {
            Ok((Some(session), _)) => {
                let session = Arc::new(session);
                state.session = Some(session.clone());
                tokio::spawn(close_when_idle(Arc::downgrade(self)));
                Ok(Opening::Open(session))
            }
            Ok((None, outcome)) if outcome.0 == abi::EXPLAINER_OK => Err(Error::new(
                ErrorKind::Internal,
                plugin.kind(),
                "open",
                "could not open the source because its instance was lost; try again",
            )),
            Ok((None, outcome)) => Ok(Opening::Refused(outcome)),
            Err(error) => {
                error.message().clone_into(&mut state.last_words);
                let deaths = state.deaths;
                state.died(deaths);
                Err(error)
            }
        }
    }
}

impl State {
    /// Counts a death. The first is followed by no pause.
    fn died(&mut self, before: u32) {
        self.deaths = before.saturating_add(1);
        self.is_dead = true;
        let doublings = self.deaths.saturating_sub(2).min(16);
        let pause = PAUSES.0.saturating_mul(1 << doublings).min(PAUSES.1);
        self.pause = (self.deaths > 1).then(|| Instant::now() + pause);
    }

    fn may_open(&self) -> Result<()> {
        let left = self
            .pause
            .map(|end| end.saturating_duration_since(Instant::now()));
        let Some(left) = left.filter(|left| !left.is_zero()) else {
            return Ok(());
        };
        let why = format!(
            "could not read the source because the plugin's process died {} times in a row without an answer; \
             it is tried again in {} s",
            self.deaths,
            left.as_secs() + 1
        );
        Err(Error::new(ErrorKind::Unavailable, crate::ADAPTER, "open", why).with_retry_after(left))
    }
}

/// Closes a source that nobody asks; ends with it, or with its slot.
async fn close_when_idle(slot: Weak<Slot>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(slot) = slot.upgrade() else { return };
        let mut state = slot.state.lock().await;
        let Some(session) = &state.session else {
            return;
        };
        if slot.asked().elapsed() >= IDLE && session.is_idle() {
            state.session = None;
            return;
        }
    }
}
