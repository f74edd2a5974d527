//! The issues explained last, at hand: every run asks whether one of them is like its own.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    Result,
    domain::{Analysis, Neighbour, Timestamp, WorkspaceId},
    ports::{Analyses, Clock},
};

/// How many of the newest analyses are looked at.
const NEIGHBOURS: u32 = 20;
/// For how long what was read of the store serves again: what other processes explain is seen after
/// that, what this one does at once.
const FRESH: Duration = Duration::from_millis(250);

/// The issues explained last, by workspace.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<HashMap<WorkspaceId, Explained>>);

#[derive(Debug)]
struct Explained {
    read_at: Timestamp,
    /// The newest first.
    issues: VecDeque<Neighbour>,
}

impl Recent {
    /// Those of the workspace that are `alike`.
    pub(super) async fn alike(
        &self,
        analyses: &dyn Analyses,
        clock: &dyn Clock,
        of: &WorkspaceId,
        alike: impl Fn(&Neighbour) -> bool + Send + Sync,
    ) -> Result<Vec<Neighbour>> {
        let now = clock.now();
        let chosen = |issues: &VecDeque<Neighbour>| {
            let chosen = issues.iter().filter(|issue| alike(issue));
            chosen.cloned().collect()
        };
        let at_hand = self.fresh(now).get(of).map(|it| chosen(&it.issues));
        if let Some(found) = at_hand {
            return Ok(found);
        }
        let issues = VecDeque::from(analyses.neighbours(of, NEIGHBOURS).await?);
        let found = chosen(&issues);
        let read = Explained {
            read_at: now,
            issues,
        };
        self.fresh(now).insert(of.clone(), read);
        Ok(found)
    }

    /// Another was explained.
    pub(super) fn add(&self, analysis: &Analysis) {
        let mut all = self.all();
        let Some(Explained { issues, .. }) = all.get_mut(&analysis.workspace_id) else {
            return;
        };
        issues.retain(|issue| issue.id != analysis.issue.id);
        issues.push_front(Neighbour::from(&analysis.issue));
        issues.truncate(NEIGHBOURS as usize);
    }

    /// Without those that were read too long ago.
    fn fresh(&self, now: Timestamp) -> MutexGuard<'_, HashMap<WorkspaceId, Explained>> {
        let mut all = self.all();
        all.retain(|_, it| now < it.read_at + FRESH);
        all
    }

    fn all(&self) -> MutexGuard<'_, HashMap<WorkspaceId, Explained>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::testkit::{
        fakes::{FixedClock, MemoryStore},
        samples::{at, completed, ended, issue, request},
    };

    #[test]
    fn what_was_explained_here_is_there_at_once_and_what_was_elsewhere_a_moment_later() {
        let (store, clock, recent) = (
            MemoryStore::default(),
            FixedClock::at(at(0)),
            Recent::default(),
        );
        let of = request("1", 0).workspace_id;
        let ids = || {
            let all = recent.alike(&store, &clock, &of, |_| true);
            let all = block_on(all).unwrap().into_iter();
            all.map(|issue| issue.id).collect::<Vec<_>>()
        };
        let explain = |name: &str| {
            block_on(async {
                store.enqueue(request(name, 0)).await.unwrap();
                let claimed = store.claim(name, 1, at(1), FRESH).await;
                let (lease, job) = claimed.unwrap().remove(0);
                let done = ended(&job, completed(&job, name), 2);
                assert!(store.finish(&lease, done.clone(), &[]).await.unwrap());
                done
            })
        };
        explain("elsewhere");
        assert_eq!(ids(), ["elsewhere"]);
        explain("unheard");
        recent.add(&explain("here"));
        recent.add(&explain("elsewhere"));
        assert_eq!(ids(), ["elsewhere", "here"]);
        clock.advance(FRESH);
        assert_eq!(ids().len(), 3);
        for number in 0..30 {
            recent.add(&explain(&number.to_string()));
        }
        assert_eq!(ids().len(), NEIGHBOURS as usize);
        assert_eq!(ids()[0], issue("29").id);
    }
}
