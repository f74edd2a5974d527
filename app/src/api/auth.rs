//! `/auth`: accounts and tokens.

#![expect(
    clippy::unused_async,
    reason = "the framework wants every operation async"
)]

use std::sync::Arc;

use explainer_core::{
    domain::{ExposeSecret, SecretString},
    services::{Login, NewAccount, Origin, Services},
};
use poem::web::Data;
use poem_openapi::{Object, OpenApi, types::Password};
use serde::Serialize;

use super::{
    Message, Tags,
    answer::{Answer, Result},
    body::Body,
    security::Token,
    shapes::account::User,
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
    /// The code of an invitation into a workspace.
    #[oai(nullable, validator(max_length = 200))]
    invitation: Option<Password>,
    /// Ignored: the first account of an installation is its admin, later ones are developers.
    #[oai(nullable)]
    role: Option<String>,
}

/// User name or e-mail, and password.
#[derive(Debug, Object)]
#[oai(rename = "Login")]
struct Credentials {
    /// The user name or the e-mail.
    #[oai(validator(max_length = 254))]
    username: String,
    /// The password.
    #[oai(validator(max_length = 1024))]
    password: Password,
}

/// The token that asks for the next one.
#[derive(Debug, Object)]
struct Refresh {
    /// The `refresh_token` of the login, or of the refresh before. It can be used once.
    #[oai(validator(max_length = 1024))]
    refresh_token: Password,
}

/// The password that is, and the one that is to be.
#[derive(Debug, Object)]
struct NewPassword {
    /// The password until now.
    #[oai(validator(max_length = 1024))]
    current_password: Password,
    /// At least 6 characters; every one of them counts.
    #[oai(validator(min_length = 6, max_length = 1024))]
    new_password: Password,
}

/// A new account, logged in.
#[derive(Debug, Object, Serialize)]
struct Registered {
    /// What to send as `Authorization: Bearer …`.
    access_token: String,
    /// Always `bearer`.
    token_type: String,
    /// When the token runs out.
    expires_at: Time,
    /// What to ask for the next token with.
    refresh_token: String,
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
    /// When the token runs out.
    expires_at: Time,
    /// What to ask for the next token with.
    refresh_token: String,
    /// The account.
    user: User,
}

#[OpenApi(prefix_path = "/api/v1/auth", tag = "Tags::Accounts")]
impl AuthApi {
    /// Make an account
    ///
    /// The answer carries a token beside the account: who registers is logged in.
    #[oai(path = "/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        from: Data<&Origin>,
        body: Body<NewUser>,
    ) -> Result<Answer<Registered>> {
        let account = NewAccount {
            username: body.0.username,
            email: body.0.email,
            password: SecretString::from(body.0.password.0),
            full_name: body.0.full_name,
            invitation: body.0.invitation.map(|code| SecretString::from(code.0)),
        };
        let login = self.services.accounts.register(account, from.0).await?;
        let LoggedIn {
            access_token,
            token_type,
            expires_at,
            refresh_token,
            user,
        } = login.into();
        Ok(Answer(Registered {
            access_token,
            token_type,
            expires_at,
            refresh_token,
            user,
        }))
    }

    /// Log in
    ///
    /// After ten wrong passwords in a row each costs a wait, told in `Retry-After`.
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        from: Data<&Origin>,
        body: Body<Credentials>,
    ) -> Result<Answer<LoggedIn>> {
        let password = SecretString::from(body.0.password.0);
        let accounts = &self.services.accounts;
        let login = accounts.login(&body.0.username, password, from.0).await?;
        Ok(Answer(login.into()))
    }

    /// Exchange a refresh token for the next token
    ///
    /// The answer carries the next refresh token. One that is used twice is in two hands: all that
    /// came of its login is worthless then.
    #[oai(path = "/refresh", method = "post", operation_id = "refresh")]
    async fn refresh(&self, body: Body<Refresh>) -> Result<Answer<LoggedIn>> {
        let refresh_token = SecretString::from(body.0.refresh_token.0);
        let login = self.services.accounts.refresh(&refresh_token).await?;
        Ok(Answer(login.into()))
    }

    /// Make the token of this call worthless, and every other of its login
    #[oai(path = "/logout", method = "post", operation_id = "logout")]
    async fn logout(&self, token: Token) -> Result<Answer<Message>> {
        self.services.accounts.logout(&token.0).await?;
        Ok(Answer(Message::new("Successfully logged out")))
    }

    /// End every login of the account, on every device
    ///
    /// Personal access tokens stay: they are deleted one by one. Tokens of an identity provider stay
    /// too: its logins are ended there.
    #[oai(
        path = "/logout-everywhere",
        method = "post",
        operation_id = "logoutEverywhere"
    )]
    async fn logout_everywhere(&self, token: Token) -> Result<Answer<Message>> {
        self.services.accounts.logout_everywhere(&token.0).await?;
        Ok(Answer(Message::new("Successfully logged out everywhere")))
    }

    /// Change the caller's password
    ///
    /// Ends every login of the account; the answer begins a new one.
    #[oai(path = "/password", method = "put", operation_id = "changePassword")]
    async fn change_password(
        &self,
        token: Token,
        body: Body<NewPassword>,
    ) -> Result<Answer<LoggedIn>> {
        let current = SecretString::from(body.0.current_password.0);
        let new = SecretString::from(body.0.new_password.0);
        let accounts = &self.services.accounts;
        let login = accounts.change_password(&token.0, current, new).await?;
        Ok(Answer(login.into()))
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

impl From<Login> for LoggedIn {
    fn from(login: Login) -> Self {
        Self {
            access_token: login.token.token.expose_secret().to_owned(),
            token_type: "bearer".to_owned(),
            expires_at: login.token.expires_at.into(),
            refresh_token: login.refresh_token.expose_secret().to_owned(),
            user: login.user.into(),
        }
    }
}
