//! The courier: it sends notifications that are due as long as it has hands free, and stops when
//! told to.
//!
//! What becomes of one is `explainer_core::services::Couriers`'s.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use explainer_core::services::{Claimed, Services};
use futures::FutureExt;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

use crate::waiting::Waiting;

/// Notifications sent at the same time.
const HANDS: usize = 16;
/// Of these, such as go to the same place: a slow one holds up nobody else.
const HANDS_FOR_ONE: usize = 2;
/// How long it sleeps at most: what a replica left behind that died waits this long at most.
const IDLE: Duration = Duration::from_secs(30);
/// How long it rests when the store fails.
const FAULT: Duration = Duration::from_secs(2);
/// How long it rests at least while what is due goes to places that are spared.
const BREATH: Duration = Duration::from_secs(1);

/// A running courier.
#[derive(Debug)]
pub struct Courier {
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Courier {
    /// Starts it on the current runtime.
    pub fn start(services: Arc<Services>, waiting: Arc<Waiting>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(run(services, waiting, stopped));
        Self { stop, running }
    }

    /// Takes nothing more and lets what is being sent end, for at most `patience`. What is cut
    /// short is sent again, under its id, when its lease runs out.
    pub async fn stop(self, patience: Duration) {
        let _ = self.stop.send(true);
        if timeout(patience, self.running).await.is_err() {
            tracing::warn!("stopped while notifications were sent; they are sent again");
        }
    }
}

/// What is being sent, and where to.
#[derive(Default)]
struct Sending {
    tasks: JoinSet<String>,
    places: HashMap<String, usize>,
}

impl Sending {
    fn begin(&mut self, services: Arc<Services>, claimed: Claimed) {
        let place = claimed.place().to_owned();
        *self.places.entry(place.clone()).or_default() += 1;
        self.tasks.spawn(async move {
            let sent = services.couriers.carry_out(claimed);
            match AssertUnwindSafe(sent).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(?error, "could not store how a notification went");
                }
                // The panic hook has logged where and why; it is taken up again after its lease.
                Err(_panic) => tracing::error!("sending a notification panicked"),
            }
            place
        });
    }

    /// Waits until one is sent; for ever where none is.
    async fn ended(&mut self) {
        let Some(ended) = self.tasks.join_next().await else {
            return std::future::pending().await;
        };
        if let Ok(place) = ended
            && let Some(count) = self.places.get_mut(&place)
        {
            *count -= 1;
            if *count == 0 {
                self.places.remove(&place);
            }
        }
    }

    /// The places that are sent enough at the moment.
    fn spared(&self) -> Vec<String> {
        let full = self
            .places
            .iter()
            .filter(|(_, count)| **count >= HANDS_FOR_ONE);
        full.map(|(place, _)| place.clone()).collect()
    }
}

async fn run(services: Arc<Services>, waiting: Arc<Waiting>, mut stopped: watch::Receiver<bool>) {
    let mut sending = Sending::default();
    while !*stopped.borrow() {
        let rest = if sending.tasks.len() >= HANDS {
            IDLE
        } else {
            match services.couriers.claim(&sending.spared()).await {
                Ok(Some(claimed)) => {
                    sending.begin(services.clone(), claimed);
                    continue;
                }
                Ok(None) => rest(&services, &sending).await,
                Err(error) => {
                    tracing::error!(?error, "could not look for notifications to send");
                    FAULT
                }
            }
        };
        tokio::select! {
            () = waiting.until_outgoing() => {}
            () = sending.ended() => {}
            () = sleep(rest) => {}
            _ = stopped.changed() => {}
        }
    }
    while !sending.tasks.is_empty() {
        sending.ended().await;
    }
}

/// How long there is nothing to do.
async fn rest(services: &Services, sending: &Sending) -> Duration {
    match services.couriers.rest().await {
        Ok(None) => IDLE,
        Ok(Some(due)) if sending.tasks.is_empty() => due.min(IDLE),
        Ok(Some(due)) => due.clamp(BREATH, IDLE),
        Err(error) => {
            tracing::error!(?error, "could not look when notifications are due");
            FAULT
        }
    }
}
