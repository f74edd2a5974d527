//! The calls that wait for their end, by id.
//!
//! Ids are spread over 64 bits and never used twice, so that an end that comes late, twice or for
//! an id somebody made up meets nobody: above all not the call of another workspace.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use explainer_core::{Error, ErrorKind, Result};
use tokio::sync::oneshot;

use crate::{ADAPTER, registry::Outcome};

/// How many calls may wait at the same time.
const MAX_WAITING: usize = 4096;

/// Calls under way.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: HashMap<u64, Who>,
    /// Why no call is taken any more.
    ended: Option<String>,
}

/// Who waits for a call.
#[derive(Debug)]
enum Who {
    Somebody(oneshot::Sender<Outcome>),
    /// Its end is still owed, and nobody wants to hear of it.
    Nobody,
}

/// The next id: a counter, spread by a keyed bijection.
pub(crate) fn next_id() -> u64 {
    static KEY: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(1_u8));
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    // The finaliser of SplitMix64, which maps no two numbers to the same.
    let mut id = COUNTER.fetch_add(1, Ordering::Relaxed) ^ *KEY;
    id = (id ^ (id >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    id = (id ^ (id >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    id ^ (id >> 31)
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new call and where its end arrives.
    pub(crate) fn begin(&self) -> Result<(u64, oneshot::Receiver<Outcome>)> {
        let unavailable = |why: String| Error::new(ErrorKind::Unavailable, ADAPTER, "call", why);
        let mut state = self.lock();
        if let Some(why) = &state.ended {
            return Err(unavailable(why.clone()));
        }
        if state.waiting.len() >= MAX_WAITING {
            let why = "could not call the plugin because too many calls are inside it; \
                       they may be stuck, and a restart of the service ends them";
            return Err(unavailable(why.to_owned()));
        }
        let id = next_id();
        let (sender, receiver) = oneshot::channel();
        state.waiting.insert(id, Who::Somebody(sender));
        Ok((id, receiver))
    }

    /// Ends a call. `false` when no such call waits.
    pub(crate) fn complete(&self, id: u64, outcome: Outcome) -> bool {
        match self.lock().waiting.remove(&id) {
            Some(Who::Somebody(sender)) => {
                // Whoever waited may have gone in this moment.
                let _ = sender.send(outcome);
                true
            }
            Some(Who::Nobody) => true,
            None => false,
        }
    }

    /// Nobody waits for this call any more. `false` when it has ended.
    pub(crate) fn give_up(&self, id: u64) -> bool {
        let mut state = self.lock();
        let who = state.waiting.get_mut(&id);
        who.map(|who| *who = Who::Nobody).is_some()
    }

    /// Whether this call has not ended.
    pub(crate) fn is_owed(&self, id: u64) -> bool {
        self.lock().waiting.contains_key(&id)
    }

    /// Whether any call has not ended.
    pub(crate) fn is_idle(&self) -> bool {
        self.lock().waiting.is_empty()
    }

    /// Ends every call, and takes no further one.
    pub(crate) fn end_all(&self, why: &str) {
        let mut state = self.lock();
        state.ended = Some(why.to_owned());
        // Whoever waits on a dropped sender asks why.
        state.waiting.clear();
    }

    /// Why no call is taken any more.
    pub(crate) fn ended(&self) -> Option<String> {
        self.lock().ended.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_spread_and_never_the_same() {
        let ids: HashSet<_> = (0..10_000).map(|_| next_id()).collect();
        assert_eq!(ids.len(), 10_000);
        let near = ids.iter().filter(|id| ids.contains(&id.wrapping_add(1)));
        assert_eq!(near.count(), 0, "a neighbour of an id is no id");
    }

    #[test]
    fn a_call_ends_once() {
        let calls = Calls::default();
        let (id, mut end) = calls.begin().unwrap();
        assert!(!calls.complete(id ^ 1, (0, vec![1])), "a forged id");
        assert!(calls.complete(id, (0, vec![2])));
        assert!(!calls.complete(id, (0, vec![3])), "twice");
        assert_eq!(end.try_recv().unwrap(), (0, vec![2]));

        let (id, end) = calls.begin().unwrap();
        drop(end);
        assert!(calls.give_up(id) && calls.is_owed(id));
        assert!(calls.complete(id, (0, vec![])) && calls.is_idle());

        let (_, mut end) = calls.begin().unwrap();
        calls.end_all("it is gone");
        assert!(end.try_recv().is_err());
        assert_eq!(calls.begin().unwrap_err().message(), "it is gone");
    }
}
