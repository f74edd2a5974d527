//! One request for many who ask the same at the same time, and for a moment after.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

use super::{client::Answer, fault::Refusal};

/// Answers kept at most.
const KEPT: usize = 32;
/// The largest answer kept, in bytes.
const LARGEST: usize = 1024 * 1024;

type Outcome = Result<Answer, Refusal>;
type Flight = Shared<BoxFuture<'static, Outcome>>;

/// Requests under way and fresh answers, by address.
#[derive(Default)]
pub(super) struct Flights(Mutex<HashMap<String, Entry>>);

struct Entry {
    flight: Flight,
    /// Until when the answer is as good as new; `None` while there is none.
    fresh: Option<Instant>,
}

impl Flights {
    /// The outcome of the request for `address`: a fresh one, that of the one under way, or that of
    /// a new one, which is then kept for `keep`.
    pub(super) async fn join(
        &self,
        address: &str,
        keep: Duration,
        send: impl FnOnce() -> BoxFuture<'static, Outcome>,
    ) -> Outcome {
        let flight = {
            let mut entries = self.entries();
            let now = Instant::now();
            entries.retain(|_, entry| entry.fresh.is_none_or(|until| until > now));
            let new = || Entry {
                flight: send().shared(),
                fresh: None,
            };
            let entry = entries.entry(address.to_owned()).or_insert_with(new);
            entry.flight.clone()
        };
        let seat = Seat {
            flights: self,
            address,
            flight: Some(flight.clone()),
        };
        let outcome = flight.await;
        if let Some(flight) = &seat.flight {
            self.land(address, flight, &outcome, keep);
        }
        outcome
    }

    /// Keeps a good answer that is not too large; forgets any other outcome.
    fn land(&self, address: &str, flight: &Flight, outcome: &Outcome, keep: Duration) {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(address) else {
            return;
        };
        if !entry.flight.ptr_eq(flight) || entry.fresh.is_some() {
            return;
        }
        let good = outcome.as_ref().is_ok_and(|it| it.size() <= LARGEST);
        let room = entries.values().filter(|it| it.fresh.is_some()).count() < KEPT;
        if good && room && !keep.is_zero() {
            if let Some(entry) = entries.get_mut(address) {
                entry.fresh = Some(Instant::now() + keep);
            }
        } else {
            entries.remove(address);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among those who wait. If everyone goes away, so does the request.
struct Seat<'a> {
    flights: &'a Flights,
    address: &'a str,
    flight: Option<Flight>,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut entries = self.flights.entries();
        self.flight = None;
        // Only the one in the map is left.
        let abandoned = |entry: &Entry| {
            entry.fresh.is_none() && entry.flight.strong_count().is_none_or(|count| count < 2)
        };
        if entries.get(self.address).is_some_and(abandoned) {
            entries.remove(self.address);
        }
    }
}

impl std::fmt::Debug for Flights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Flights({})", self.entries().len())
    }
}
