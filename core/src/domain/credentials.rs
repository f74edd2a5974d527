//! What proves that somebody may speak for an account: logins that are renewed, and tokens for scripts.

use serde::{Deserialize, Serialize};

use super::{Timestamp, TokenId, UserId};

/// A login that is renewed with a refresh token. Every bearer token it is given has its name.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its name, and that of its bearer tokens.
    pub id: TokenId,
    /// Whose it is.
    pub user_id: UserId,
    /// The account's [`User::generation`](super::User::generation) when it began.
    pub generation: u32,
    /// What the refresh token hashes to that renews it next.
    pub secret_hash: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends unless it is renewed.
    pub expires_at: Timestamp,
}

/// A personal access token: for scripts, named by its owner. The token itself is not kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessToken {
    /// Its identifier.
    pub id: TokenId,
    /// Whose it is.
    pub user_id: UserId,
    /// What its owner calls it, 1 to 100 characters.
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// What the token hashes to.
    pub secret_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it runs out.
    pub expires_at: Timestamp,
}

/// How much of what its owner may do a token may be used for; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Reading.
    Read,
    /// Working with issues.
    Write,
    /// Everything: settings, members, the account itself.
    Admin,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessToken")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .field("scope", &self.scope)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
