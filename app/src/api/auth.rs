//! `/auth`: accounts and tokens.

#![expect(
    clippy::unused_async,
    reason = "the framework wants every operation async"
)]

use std::sync::Arc;

use explainer_core::{
    domain::{self, ExposeSecret, SecretString},
    services::{NewAccount, Services, Session},
};
use poem_openapi::{Enum, Object, OpenApi, types::Password};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result},
    body::Body,
    security::Token,
    time::Time,
};

/// The operations.
pub(crate) struct AuthApi {
    pub services: Arc<Services>,
}

/// A new account.
#[derive(Debug, Object)]
struct NewUser {
    /// The name to log in with.
    #[oai(validator(min_length = 3, max_length = 50))]
    username: String,
    /// The e-mail, which works for logging in too.
    #[oai(validator(max_length = 254))]
    email: String,
    /// At least 6 characters; every one of them counts.
    #[oai(validator(min_length = 6, max_length = 1024))]
    password: Password,
    /// The name to show.
    #[oai(nullable, validator(max_length = 200))]
    full_name: Option<String>,
    /// Ignored: the first account of an installation is its admin, later ones are developers.
    #[oai(nullable)]
    role: Option<String>,
}

/// User name or e-mail, and password.
#[derive(Debug, Object)]
struct Login {
    /// The user name or the e-mail.
    #[oai(validator(max_length = 254))]
    username: String,
    /// The password.
    #[oai(validator(max_length = 1024))]
    password: Password,
}

/// What an account may do on this installation.
#[derive(Debug, Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Role {
    /// Everything.
    Admin,
    /// What a developer may.
    Manager,
    /// Works with issues.
    Developer,
}

/// An account.
#[derive(Debug, Object, Serialize)]
struct User {
    /// Its identifier.
    id: String,
    /// The name to log in with.
    username: String,
    /// The e-mail.
    email: String,
    /// The name to show.
    #[oai(nullable)]
    full_name: Option<String>,
    /// What it may do.
    role: Role,
    /// Whether it may be used.
    is_active: bool,
    /// The workspace it works in now.
    #[oai(nullable)]
    workspace_id: Option<String>,
    /// When it was made.
    created_at: Time,
}

/// A new account, logged in.
#[derive(Debug, Object, Serialize)]
struct Registered {
    /// What to send as `Authorization: Bearer …`.
    access_token: String,
    /// Always `bearer`.
    token_type: String,
    /// The account.
    #[oai(flatten)]
    #[serde(flatten)]
    user: User,
}

/// A token and the account it is for.
#[derive(Debug, Object, Serialize)]
struct LoggedIn {
    /// What to send as `Authorization: Bearer …`.
    access_token: String,
    /// Always `bearer`.
    token_type: String,
    /// The account.
    user: User,
}

/// What was done.
#[derive(Debug, Object, Serialize)]
struct LoggedOut {
    /// One sentence.
    message: String,
}

#[OpenApi(prefix_path = "/api/v1/auth", tag = "Tags::Accounts")]
impl AuthApi {
    /// Make an account
    ///
    /// The answer carries a token beside the account: who registers is logged in.
    #[oai(path = "/register", method = "post", operation_id = "register")]
    async fn register(&self, body: Body<NewUser>) -> Result<Answer<Registered>> {
        let account = NewAccount {
            username: body.0.username,
            email: body.0.email,
            password: SecretString::from(body.0.password.0),
            full_name: body.0.full_name,
        };
        let session = self.services.accounts.register(account).await?;
        let (access_token, user) = parts(session);
        Ok(Answer(Registered {
            access_token,
            token_type: "bearer".to_owned(),
            user,
        }))
    }

    /// Log in
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn login(&self, body: Body<Login>) -> Result<Answer<LoggedIn>> {
        let password = SecretString::from(body.0.password.0);
        let session = self
            .services
            .accounts
            .login(&body.0.username, password)
            .await?;
        let (access_token, user) = parts(session);
        Ok(Answer(LoggedIn {
            access_token,
            token_type: "bearer".to_owned(),
            user,
        }))
    }

    /// Make the token of this call worthless
    #[oai(path = "/logout", method = "post", operation_id = "logout")]
    async fn logout(&self, token: Token) -> Result<Answer<LoggedOut>> {
        self.services.accounts.logout(&token.0).await?;
        Ok(Answer(LoggedOut {
            message: "Successfully logged out".to_owned(),
        }))
    }

    /// The caller's account
    #[oai(path = "/me", method = "get", operation_id = "me")]
    async fn me(&self, token: Token) -> Result<Answer<User>> {
        Ok(Answer(token.0.user().clone().into()))
    }

    /// Whether the token is good, and whose it is
    #[oai(path = "/verify-token", method = "post", operation_id = "verifyToken")]
    async fn verify_token(&self, token: Token) -> Result<Answer<User>> {
        Ok(Answer(token.0.user().clone().into()))
    }
}

fn parts(session: Session) -> (String, User) {
    (
        session.token.token.expose_secret().to_owned(),
        session.user.into(),
    )
}

impl From<domain::User> for User {
    fn from(user: domain::User) -> Self {
        Self {
            id: user.id.into(),
            username: user.username,
            email: user.email,
            full_name: user.full_name,
            role: match user.role {
                domain::Role::Admin => Role::Admin,
                domain::Role::Manager => Role::Manager,
                domain::Role::Developer => Role::Developer,
            },
            is_active: user.is_active,
            workspace_id: user.workspace_id.map(Into::into),
            created_at: user.created_at.into(),
        }
    }
}
