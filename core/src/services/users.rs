//! What administrators of the installation do with accounts.

use crate::{
    ErrorKind,
    domain::{Role, SecretString, User, UserId},
    services::{Caller, Failure, Ports},
};

/// How often a change is tried again when someone else changed the account meanwhile.
const TRIES: u32 = 5;

/// Changes to an account.
#[derive(Debug, Default)]
pub struct UserChanges {
    /// What it may do on this installation.
    pub role: Option<Role>,
    /// Whether it may be used.
    pub is_active: Option<bool>,
    /// A new password, for somebody who forgot theirs; it ends all logins of the account.
    pub password: Option<SecretString>,
}

/// What administrators of the installation do with accounts.
#[derive(Debug)]
pub struct UserService {
    ports: Ports,
}

impl UserService {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Up to `limit` accounts in order of id, those that follow `after`.
    pub async fn list(
        &self,
        caller: &Caller,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Vec<User>, Failure> {
        caller.require_administrator()?;
        let after: Option<UserId> = after.map(str::parse).transpose().map_err(|_| {
            let message = "must be the `next_cursor` of a page before".to_owned();
            Failure::Invalid {
                field: "cursor",
                message,
            }
        })?;
        Ok(self.ports.users.following(after.as_ref(), limit).await?)
    }

    /// Changes somebody else's account. Nobody changes their own role or disables themselves: so
    /// whoever does it is still there to undo it.
    pub async fn update(
        &self,
        caller: &Caller,
        id: &str,
        changes: UserChanges,
    ) -> Result<User, Failure> {
        caller.require_administrator()?;
        let id: UserId = id.parse().map_err(|_| Failure::UserNotFound)?;
        if id == caller.user().id {
            return Err(Failure::OwnAccount);
        }
        let password_hash = match changes.password {
            Some(password) => Some(self.ports.passwords.hash(password).await?),
            None => None,
        };
        let user = self
            .ports
            .change_user(&id, |user| {
                user.role = changes.role.unwrap_or(user.role);
                user.is_active = changes.is_active.unwrap_or(user.is_active);
                if let Some(hash) = &password_hash {
                    user.password_hash.clone_from(hash);
                }
                // Whoever is let in again logs in again.
                if password_hash.is_some() || !user.is_active {
                    user.generation = user.generation.wrapping_add(1);
                }
            })
            .await?
            .ok_or(Failure::UserNotFound)?;
        let fields = [
            changes.role.map(|_| "role"),
            changes.is_active.map(|_| "is_active"),
            password_hash.map(|_| "password"),
        ];
        let fields: Vec<_> = fields.into_iter().flatten().collect();
        let target = format!("{id}: {}", fields.join(", "));
        self.ports.note(caller, "account.updated", &target).await;
        Ok(user)
    }
}

impl Ports {
    /// Reads, changes and writes an account, again if someone else came in between; `None` where
    /// there is none.
    pub(super) async fn change_user(
        &self,
        id: &UserId,
        change: impl Fn(&mut User) + Send,
    ) -> Result<Option<User>, Failure> {
        let mut tries = TRIES;
        loop {
            let Some(before) = self.users.get(id).await? else {
                return Ok(None);
            };
            let mut after = before.clone();
            change(&mut after);
            if after == before {
                return Ok(Some(after));
            }
            after.updated_at = self.clock.now();
            tries -= 1;
            match self.users.update(after, before.updated_at).await {
                Err(error) if error.kind() == ErrorKind::Conflict && tries > 0 => {}
                done => return Ok(done.map(Some)?),
            }
        }
    }
}
