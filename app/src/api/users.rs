//! `/users`: the accounts of the installation, for its administrators.

use std::sync::Arc;

use explainer_core::{
    domain::SecretString,
    services::{Failure, Services, UserChanges},
};
use poem_openapi::{
    Object, OpenApi,
    param::{Path, Query},
    types::Password,
};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result, next_cursor},
    body::Body,
    security::Token,
    shapes::account::{Role, User},
};

/// The operations.
pub(crate) struct UsersApi {
    pub services: Arc<Services>,
}

/// Changes to an account. What is left out or null stays.
#[derive(Debug, Object)]
struct UserUpdate {
    /// What it may do on this installation.
    #[oai(nullable)]
    role: Option<Role>,
    /// Whether it may be used. Disabling an account ends all its logins.
    #[oai(nullable)]
    is_active: Option<bool>,
    /// A new password; it ends all logins of the account.
    #[oai(nullable, validator(min_length = 6, max_length = 1024))]
    password: Option<Password>,
}

/// Some accounts.
#[derive(Debug, Object, Serialize)]
struct UserPage {
    /// The accounts, in order of id.
    users: Vec<User>,
    /// What to send as `cursor` for those that follow; null when there are none.
    #[oai(nullable)]
    next_cursor: Option<String>,
}

#[OpenApi(prefix_path = "/api/v1/users", tag = "Tags::Accounts")]
impl UsersApi {
    /// The accounts of the installation
    ///
    /// Administrators alone see them.
    #[oai(path = "/", method = "get", operation_id = "listUsers")]
    async fn list(
        &self,
        token: Token,
        /// The `next_cursor` of the page before.
        #[oai(validator(max_length = 64))]
        cursor: Query<Option<String>>,
        /// How many.
        #[oai(
            default = "page_size",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<u16>,
    ) -> Result<Answer<UserPage>> {
        let users = &self.services.users;
        let found = users.list(&token.0, cursor.0.as_deref(), limit.0).await?;
        Ok(Answer(UserPage {
            next_cursor: next_cursor(&found, limit.0, |user| &user.id),
            users: found.into_iter().map(Into::into).collect(),
        }))
    }

    /// Change somebody else's account
    ///
    /// Administrators may.
    #[oai(path = "/:id", method = "put", operation_id = "updateUser")]
    async fn update(
        &self,
        token: Token,
        /// The account's id.
        id: Path<String>,
        body: Body<UserUpdate>,
    ) -> Result<Answer<User>> {
        let sent = body.0;
        if sent.role.is_none() && sent.is_active.is_none() && sent.password.is_none() {
            return Err(Failure::NothingToUpdate.into());
        }
        let changes = UserChanges {
            role: sent.role.map(Into::into),
            is_active: sent.is_active,
            password: sent.password.map(|it| SecretString::from(it.0)),
        };
        let user = self.services.users.update(&token.0, &id.0, changes).await?;
        Ok(Answer(user.into()))
    }
}

fn page_size() -> u16 {
    50
}
