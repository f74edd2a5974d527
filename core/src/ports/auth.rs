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
    /// The account it is for. That the account exists and is active is the caller's to check.
    pub user_id: UserId,
    /// The token's own name.
    pub token_id: TokenId,
    /// When it is accepted no more.
    pub expires_at: Timestamp,
    /// The account's [`User::generation`] when it was issued; `None` where tokens come from elsewhere.
    pub generation: Option<u32>,
    /// Who its bearer is; `None` where tokens are our own, and the account says it.
    pub identity: Option<Identity>,
}

/// What an outside identity provider says of the bearer of its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name they log in with over there.
    pub username: Option<String>,
    /// Where mail reaches them, unless the provider itself doubts it.
    pub email: Option<String>,
    /// The name to show.
    pub full_name: Option<String>,
    /// The groups or roles they have over there.
    pub groups: Vec<String>,
    /// When the provider said so.
    pub issued_at: Timestamp,
}

/// A token fresh from the provider.
#[derive(Debug)]
pub struct IssuedToken {
    /// What the client sends back as `Authorization: Bearer …`.
    pub token: SecretString,
    /// When it runs out.
    pub expires_at: Timestamp,
}

/// Checks bearer tokens.
///
/// # Behaviour
/// - a good token says whose it is, the same each time
/// - an expired token is unauthorized
/// - a token of another installation is unauthorized
/// - a changed token is unauthorized
/// - an unsigned token is unauthorized
/// - a token without an expiry is unauthorized
/// - a token whose subject nobody can be is unauthorized
/// - garbage is unauthorized
/// - a token whose name was revoked is unauthorized
#[async_trait]
pub trait TokenVerifier: Send + Sync + Debug + 'static {
    /// Checks a token; anything wrong with it is `Unauthorized`. Another fault says nothing of the
    /// token: it could not be checked.
    async fn authenticate(&self, token: &str) -> Result<Principal>;
}

/// Issues bearer tokens of our own, and checks them.
///
/// # Behaviour
/// - an issued token authenticates its user
/// - a token has the name it was issued under and says its account's generation
/// - a revoked name makes every token of it unauthorized and others of the user stay good
#[async_trait]
pub trait AuthProvider: TokenVerifier {
    /// Makes a token called `name` for `user`.
    async fn issue(&self, user: &User, name: &TokenId) -> Result<IssuedToken>;

    /// Makes every token called `name` worthless from now on, those of a [`TokenVerifier`] beside
    /// this one included; one of them runs out at `expires_at`.
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
