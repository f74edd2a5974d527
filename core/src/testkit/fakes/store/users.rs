//! Accounts in memory.

use async_trait::async_trait;

use super::{MemoryStore, State, refused};
use crate::{
    ErrorKind, Result,
    domain::{Role, User, UserId, login_key},
    ports::Users,
};

#[async_trait]
impl Users for MemoryStore {
    async fn get(&self, id: &UserId) -> Result<Option<User>> {
        Ok(self.state().users.get(id).cloned())
    }

    async fn find_login(&self, login: &str) -> Result<Option<User>> {
        let state = self.state();
        let key = login_key(login);
        let by_name = state
            .users
            .values()
            .find(|user| login_key(&user.username) == key);
        let by_email = || {
            state
                .users
                .values()
                .find(|user| login_key(&user.email) == key)
        };
        Ok(by_name.or_else(by_email).cloned())
    }

    async fn insert(&self, mut user: User) -> Result<User> {
        let mut state = self.state();
        if state.users.is_empty() {
            user.role = Role::Admin;
        }
        if state.users.contains_key(&user.id) {
            return Err(refused(
                ErrorKind::Conflict,
                "insert user",
                "could not add the user because its id is taken; use a new one",
            ));
        }
        state.refuse_taken(&user)?;
        state.users.insert(user.id.clone(), user.clone());
        Ok(user)
    }

    async fn update(&self, user: &User) -> Result<()> {
        let mut state = self.state();
        if !state.users.contains_key(&user.id) {
            return Err(refused(
                ErrorKind::NotFound,
                "update user",
                "could not update the user because there is none with this id",
            ));
        }
        state.refuse_taken(user)?;
        state.users.insert(user.id.clone(), user.clone());
        Ok(())
    }
}

impl State {
    pub(super) fn refuse_taken(&self, user: &User) -> Result<()> {
        let taken = |part: fn(&User) -> &str| {
            let key = login_key(part(user));
            let mut others = self.users.values().filter(|other| other.id != user.id);
            others.any(|other| login_key(part(other)) == key)
        };
        let what = if taken(|user| &user.username) {
            "username"
        } else if taken(|user| &user.email) {
            "email"
        } else {
            return Ok(());
        };
        Err(refused(
            ErrorKind::Conflict,
            "store user",
            format!("{what} is taken by another account; choose another"),
        ))
    }
}
