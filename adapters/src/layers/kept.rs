//! Who calls and where they work, at hand: every request and every analysis asks for the same few
//! accounts, workspaces and ended logins. What was read serves again until this process writes one of
//! its kind, and for a quarter of a second at most, since other processes may write, too.

// A layer that forgets a method of its port would answer in the adapter's place.
#![warn(clippy::missing_trait_methods)]

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Timestamp, TokenId, User, UserId, Workspace, WorkspaceId},
    ports::{RevokedTokens, Users, Workspaces},
};

/// How long what another process may have changed serves again.
const GOOD_FOR: Duration = Duration::from_millis(250);
/// How many answers are kept at most.
const ROOM: usize = 1024;

/// Accounts that were read a moment ago.
pub type KeptUsers = Kept<dyn Users, UserId, Option<User>>;
/// Workspaces that were read a moment ago.
pub type KeptWorkspaces = Kept<dyn Workspaces, WorkspaceId, Option<Workspace>>;
/// Tokens that were asked about a moment ago.
pub type KeptRevokedTokens = Kept<dyn RevokedTokens, TokenId, bool>;

/// A port of a store whose answers by key serve again for a moment.
#[derive(Debug)]
pub struct Kept<P: ?Sized, K, V> {
    inner: Arc<P>,
    answers: Mutex<Answers<K, V>>,
}

#[derive(Debug)]
struct Answers<K, V> {
    /// How often something began or ended to be written.
    changes: u64,
    by_key: HashMap<K, (Instant, V)>,
}

impl<P: ?Sized, K: Clone + Eq + Hash, V: Clone> Kept<P, K, V> {
    /// Keeps what `inner` answers.
    pub fn new(inner: Arc<P>) -> Self {
        let answers = Answers {
            changes: 0,
            by_key: HashMap::new(),
        };
        Self {
            inner,
            answers: Mutex::new(answers),
        }
    }

    /// The answer that is kept, else the one that `read` gives.
    async fn answer<R>(&self, key: &K, read: impl FnOnce() -> R) -> Result<V>
    where
        R: Future<Output = Result<V>>,
    {
        let now = Instant::now();
        let changes = {
            let answers = self.answers();
            match answers.by_key.get(key) {
                Some((at, answer)) if now < *at + GOOD_FOR => return Ok(answer.clone()),
                _ => answers.changes,
            }
        };
        let answer = read().await?;
        let mut answers = self.answers();
        // What was written meanwhile may not be in it.
        if answers.changes == changes {
            if answers.by_key.len() >= ROOM {
                answers.by_key.clear();
            }
            answers.by_key.insert(key.clone(), (now, answer.clone()));
        }
        Ok(answer)
    }

    /// Has something written. Nothing that was read before it began, or before it was over or given
    /// up, serves again.
    async fn writing<T>(&self, write: impl Future<Output = T>) -> T {
        let _forgets = Forgets(self);
        self.forget();
        write.await
    }

    fn forget(&self) {
        let mut answers = self.answers();
        answers.changes += 1;
        answers.by_key.clear();
    }

    fn answers(&self) -> MutexGuard<'_, Answers<K, V>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets once it goes.
struct Forgets<'a, P: ?Sized, K: Clone + Eq + Hash, V: Clone>(&'a Kept<P, K, V>);

impl<P: ?Sized, K: Clone + Eq + Hash, V: Clone> Drop for Forgets<'_, P, K, V> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

#[async_trait]
impl Users for KeptUsers {
    async fn get(&self, id: &UserId) -> Result<Option<User>> {
        self.answer(id, || self.inner.get(id)).await
    }

    async fn find_login(&self, login: &str) -> Result<Option<User>> {
        self.inner.find_login(login).await
    }

    async fn insert(&self, user: User) -> Result<User> {
        self.writing(self.inner.insert(user)).await
    }

    async fn insert_first(&self, user: User) -> Result<Option<User>> {
        self.writing(self.inner.insert_first(user)).await
    }

    async fn update(&self, user: User, read_at: Timestamp) -> Result<User> {
        self.writing(self.inner.update(user, read_at)).await
    }

    async fn following(&self, after: Option<&UserId>, limit: u16) -> Result<Vec<User>> {
        self.inner.following(after, limit).await
    }
}

#[async_trait]
impl Workspaces for KeptWorkspaces {
    async fn get(&self, id: &WorkspaceId) -> Result<Option<Workspace>> {
        self.answer(id, || self.inner.get(id)).await
    }

    async fn of_member(&self, user: &UserId) -> Result<Vec<Workspace>> {
        self.inner.of_member(user).await
    }

    async fn of_installation(
        &self,
        after: Option<&WorkspaceId>,
        limit: u16,
    ) -> Result<Vec<Workspace>> {
        self.inner.of_installation(after, limit).await
    }

    async fn automatic(&self, after: Option<&WorkspaceId>, limit: u16) -> Result<Vec<Workspace>> {
        self.inner.automatic(after, limit).await
    }

    async fn insert(&self, workspace: &Workspace) -> Result<()> {
        self.writing(self.inner.insert(workspace)).await
    }

    async fn update(&self, workspace: Workspace, read_at: Timestamp) -> Result<Workspace> {
        self.writing(self.inner.update(workspace, read_at)).await
    }
}

#[async_trait]
impl RevokedTokens for KeptRevokedTokens {
    async fn revoke(&self, token: &TokenId, expires_at: Timestamp, now: Timestamp) -> Result<()> {
        self.writing(self.inner.revoke(token, expires_at, now))
            .await
    }

    async fn is_revoked(&self, token: &TokenId) -> Result<bool> {
        self.answer(token, || self.inner.is_revoked(token)).await
    }
}

#[cfg(test)]
mod tests {
    use explainer_core::testkit::{
        fakes::MemoryStore,
        samples::{at, id},
    };

    use super::*;

    /// A store that two processes write to; only one of them keeps its answers.
    fn shared() -> (KeptRevokedTokens, Arc<MemoryStore>) {
        let store = Arc::new(MemoryStore::default());
        (Kept::new(store.clone()), store)
    }

    #[tokio::test]
    async fn what_this_process_writes_is_seen_at_once_and_what_another_does_a_moment_later() {
        let (kept, store) = shared();
        let (ours, theirs) = (id("ours"), id("theirs"));
        for token in [&ours, &theirs] {
            assert!(!kept.is_revoked(token).await.unwrap());
        }
        store.revoke(&theirs, at(9), at(0)).await.unwrap();
        let begin = Instant::now();
        while !kept.is_revoked(&theirs).await.unwrap() {
            assert!(
                begin.elapsed() < Duration::from_secs(5),
                "it is kept for ever"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        kept.revoke(&ours, at(9), at(0)).await.unwrap();
        assert!(kept.is_revoked(&ours).await.unwrap());
    }

    #[tokio::test]
    async fn what_was_read_while_something_is_written_is_not_kept() {
        let (kept, store) = shared();
        let token = id("it");
        kept.writing(async {
            assert!(!kept.is_revoked(&token).await.unwrap());
            store.revoke(&token, at(9), at(0)).await.unwrap();
        })
        .await;
        assert!(kept.is_revoked(&token).await.unwrap());

        let (kept, store) = shared();
        let written_meanwhile = || async {
            let found = store.is_revoked(&token).await;
            kept.revoke(&token, at(9), at(0)).await.unwrap();
            found
        };
        assert!(!kept.answer(&token, written_meanwhile).await.unwrap());
        assert!(kept.is_revoked(&token).await.unwrap());
    }

    #[tokio::test]
    async fn no_more_is_kept_than_there_is_room_for() {
        let (kept, _) = shared();
        for number in 0..ROOM + 10 {
            kept.is_revoked(&id(&number.to_string())).await.unwrap();
        }
        assert_eq!(kept.answers().by_key.len(), 10);
    }
}
