//! Accounts.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Timestamp, UserId, WorkspaceId};

/// One account. Two accounts never share a user name or an e-mail, compared without case.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its identifier.
    pub id: UserId,
    /// The name to log in with, 3 to 50 characters.
    pub username: String,
    /// The e-mail to log in with or to write to.
    pub email: String,
    /// The name to show.
    pub full_name: Option<String>,
    /// What the account may do on this installation.
    pub role: Role,
    /// A disabled account cannot log in and its tokens are refused.
    pub is_active: bool,
    /// The workspace the account works in now.
    pub workspace_id: Option<WorkspaceId>,
    /// The password as a PHC string (`$argon2id$…`). Empty where there is none, and then nobody logs
    /// in with one: an outside identity provider vouches for the account.
    pub password_hash: String,
    /// How often all logins of the account were ended at once: a login of an earlier generation is
    /// worth nothing.
    #[serde(default)]
    pub generation: u32,
    /// What its identity provider said of it last, where it has one.
    #[serde(default)]
    pub vouched: Option<Vouched>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl User {
    /// Moves `updated_at` past `read_at`, as [`Workspace::succeed`](super::Workspace::succeed) does.
    pub fn succeed(&mut self, read_at: Timestamp) {
        let next = read_at.saturating_add(SignedDuration::from_millis(1));
        self.updated_at = self.updated_at.max(next.unwrap_or(Timestamp::MAX));
    }
}

/// What an outside identity provider said of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    /// When it said so.
    pub at: Timestamp,
    /// A digest of what that was worth here.
    pub worth: String,
}

/// A user name or e-mail as logins are compared: without case, in every script.
///
/// Upper case first makes one of the small letters that share a capital (`ß` and `ss`, `ς` and `σ`).
pub fn login_key(login: &str) -> String {
    login
        .chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

/// What an account may do on this installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, roles of others included.
    Admin,
    /// Kept for clients that know it; may do what a developer may.
    Manager,
    /// Works with issues.
    Developer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_compared_without_case_in_every_script() {
        for (one, other) in [
            ("Ada", "aDA"),
            ("JÖRG", "jörg"),
            ("Straße", "STRASSE"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
            ("ЖАННА@пример.рф", "жанна@ПРИМЕР.РФ"),
        ] {
            assert_eq!(login_key(one), login_key(other), "{one} and {other}");
        }
        assert_ne!(login_key("ada"), login_key("ada "));
    }
}
