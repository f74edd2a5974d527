//! Who is calling.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Result,
    domain::{SecretString, Timestamp, TokenId, User, UserId},
};

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account it was issued to. That the account still exists and is active is the caller's to check.
    pub user_id: UserId,
    /// The token's own name.
    pub token_id: TokenId,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// The account's [`User::generation`] when it was issued; `None` where tokens come from elsewhere.
    pub generation: Option<u32>,
}

/// A token fresh from the provider.
#[derive(Debug)]
pub struct IssuedToken {
    /// What the client sends back as `Authorization: Bearer …`.
    pub token: SecretString,
    /// When it runs out.
    pub expires_at: Timestamp,
}

/// Issues and checks bearer tokens.
///
/// # Behaviour
/// - an issued token authenticates its user
/// - a token has the name it was issued under and says its account's generation
/// - an expired token is unauthorized
/// - a token of another installation is unauthorized
/// - a changed token is unauthorized
/// - an unsigned token is unauthorized
/// - a token without an expiry is unauthorized
/// - a token whose subject is no id is unauthorized
/// - garbage is unauthorized
/// - a revoked name makes every token of it unauthorized and others of the user stay good
#[async_trait]
pub trait AuthProvider: Send + Sync + Debug + 'static {
    /// Checks a token; anything wrong with it is `Unauthorized`.
    async fn authenticate(&self, token: &str) -> Result<Principal>;

    /// Makes a token called `name` for `user`; `Unsupported` where tokens come from elsewhere.
    async fn issue(&self, user: &User, name: &TokenId) -> Result<IssuedToken>;

    /// Makes every token called `name` worthless from now on; one of them runs out at `expires_at`.
    async fn revoke(&self, name: &TokenId, expires_at: Timestamp) -> Result<()>;
}

/// Remembers revoked tokens until they would have run out anyway.
///
/// # Behaviour
/// - a revoked token is known as revoked
/// - an unknown token is not revoked
/// - revoking twice is no error
/// - a revocation is forgotten once its token has expired
#[async_trait]
pub trait RevokedTokens: Send + Sync + Debug + 'static {
    /// Remembers `token` until `expires_at`, and forgets those that have expired by `now`.
    async fn revoke(&self, token: &TokenId, expires_at: Timestamp, now: Timestamp) -> Result<()>;

    /// Whether `token` was revoked.
    async fn is_revoked(&self, token: &TokenId) -> Result<bool>;
}
