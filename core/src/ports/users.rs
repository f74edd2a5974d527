//! Where accounts are kept.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Result,
    domain::{Timestamp, User, UserId},
};

/// Keeps accounts.
///
/// # Behaviour
/// - an inserted user is found by id, by user name and by e-mail
/// - names and e-mails are found in any case
/// - a user name wins over an e-mail
/// - an unknown user is none, not an error
/// - a taken user name or e-mail is a conflict, in any case
/// - the conflict says which of the two is taken
/// - an update replaces the whole user
/// - an update may write the user's own names in another case
/// - an update of an unknown user is not found
/// - an update made from an outdated copy is a conflict and changes nothing
/// - an update to a taken name is a conflict and changes nothing
/// - a taken id is a conflict and changes nothing
/// - of many simultaneous inserts of one name only one is made
/// - of many simultaneous first inserts one is told it is the first
/// - a first insert is made only where there is nobody
/// - users are listed by id, a page at a time
#[async_trait]
pub trait Users: Send + Sync + Debug + 'static {
    /// The user with this id.
    async fn get(&self, id: &UserId) -> Result<Option<User>>;

    /// The user whose user name or e-mail is `login`, compared without case.
    /// A user name wins over an e-mail.
    async fn find_login(&self, login: &str) -> Result<Option<User>>;

    /// Adds a user. If the store held none at all, it is stored with the role `Admin` whatever it
    /// came with: the first account owns the installation. Gives back what was stored.
    ///
    /// A conflict's message begins with `username` or `email`.
    async fn insert(&self, user: User) -> Result<User>;

    /// As [`Users::insert`], and only if the store holds none at all; `None` where it does.
    async fn insert_first(&self, user: User) -> Result<Option<User>>;

    /// Replaces the user with the same id, if its stored `updated_at` still is `read_at`. Gives
    /// back what was stored: see [`User::succeed`]. The message of a conflict over a name begins
    /// with `username` or `email`.
    async fn update(&self, user: User, read_at: Timestamp) -> Result<User>;

    /// The first `limit` users in order of id, or those that follow `after`.
    async fn following(&self, after: Option<&UserId>, limit: u16) -> Result<Vec<User>>;
}
