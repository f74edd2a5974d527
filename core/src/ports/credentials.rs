//! Where logins and the tokens of scripts are kept. Secrets reach these ports as hashes only.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Result,
    domain::{AccessToken, Session, Timestamp, TokenId, UserId},
};

/// What came of renewing a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It goes on, under the new secret.
    Renewed(Session),
    /// The secret was not the current one: somebody uses a copy. The session has been ended.
    Reused(Session),
    /// There is no such session, or it has ended.
    Unknown,
}

/// Keeps logins until they end.
///
/// # Behaviour
/// - a renewed session goes by the new secret
/// - a secret that is not the current one ends the session
/// - of many simultaneous renewals with one secret only one succeeds
/// - an unknown session is unknown, not an error
/// - an ended session is gone
/// - an expired session is unknown
/// - of one account the newest hundred sessions are kept
#[async_trait]
pub trait Sessions: Send + Sync + Debug + 'static {
    /// Adds a session, forgets those that have expired by now and the oldest of the account beyond
    /// a hundred.
    async fn insert(&self, session: &Session, now: Timestamp) -> Result<()>;

    /// Gives the session the secret that hashes to `to`, if its present one hashes to `from`, and
    /// has it end at `expires_at`. Ends it where it does not.
    async fn rotate(
        &self,
        id: &TokenId,
        from: &str,
        to: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Rotation>;

    /// Ends a session and gives it back, if there was one.
    async fn end(&self, id: &TokenId) -> Result<Option<Session>>;
}

/// Keeps personal access tokens.
///
/// # Behaviour
/// - a token is found by its hash
/// - an unknown hash is none, not an error
/// - an account's tokens are its own, oldest first
/// - a deleted token is found no more
/// - the token of another account is not deleted
/// - a taken id or hash is a conflict and changes nothing
/// - a token is forgotten once it has expired
#[async_trait]
pub trait AccessTokens: Send + Sync + Debug + 'static {
    /// Adds a token, and forgets those that have expired by now.
    async fn insert(&self, token: &AccessToken, now: Timestamp) -> Result<()>;

    /// The token with this hash.
    async fn find(&self, secret_hash: &str) -> Result<Option<AccessToken>>;

    /// Every token of `user`, oldest first.
    async fn of_user(&self, user: &UserId) -> Result<Vec<AccessToken>>;

    /// Deletes the token if it is `user`'s, and tells whether it was.
    async fn delete(&self, user: &UserId, id: &TokenId) -> Result<bool>;
}
