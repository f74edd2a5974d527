//! `/auth/tokens`: personal access tokens, for scripts.

use std::sync::Arc;

use explainer_core::{
    domain::{self, ExposeSecret},
    services::{NewToken, Services},
};
use poem_openapi::{Enum, Object, OpenApi, param::Path};
use serde::Serialize;

use super::{
    Message, Tags,
    answer::{Answer, Result},
    body::Body,
    security::Token,
    time::Time,
};

/// The operations.
pub(crate) struct TokensApi {
    pub services: Arc<Services>,
}

/// How much of what its owner may do a token may be used for.
#[derive(Debug, Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Scope {
    /// Reading.
    Read,
    /// Reading, and working with issues.
    Write,
    /// Everything.
    Admin,
}

/// A token to be made.
#[derive(Debug, Object)]
#[oai(rename = "NewAccessToken")]
struct NewTokenBody {
    /// What to call it.
    #[oai(validator(min_length = 1, max_length = 100))]
    name: String,
    /// What it may be used for.
    scope: Scope,
    /// How long it lasts, in days.
    #[oai(validator(minimum(value = "1"), maximum(value = "366")))]
    days: u16,
}

/// A personal access token, without the token itself.
#[derive(Debug, Object, Serialize)]
struct AccessToken {
    /// Its identifier.
    id: String,
    /// What its owner calls it.
    name: String,
    /// What it may be used for.
    scope: Scope,
    /// When it was made.
    created_at: Time,
    /// When it runs out.
    expires_at: Time,
}

/// A token that was made, and the token itself.
#[derive(Debug, Object, Serialize)]
struct AccessTokenCreated {
    /// What to send as `Authorization: Bearer …`. It is shown this once; it begins with `iexp_`.
    token: String,
    /// What is known of it from now on.
    #[oai(flatten)]
    #[serde(flatten)]
    about: AccessToken,
}

#[OpenApi(prefix_path = "/api/v1/auth/tokens", tag = "Tags::Accounts")]
impl TokensApi {
    /// Make a personal access token
    #[oai(path = "/", method = "post", operation_id = "createAccessToken")]
    async fn create(
        &self,
        token: Token,
        body: Body<NewTokenBody>,
    ) -> Result<Answer<AccessTokenCreated>> {
        let new = NewToken {
            name: body.0.name,
            scope: body.0.scope.into(),
            days: body.0.days,
        };
        let (about, secret) = self.services.tokens.create(&token.0, new).await?;
        Ok(Answer(AccessTokenCreated {
            token: secret.expose_secret().to_owned(),
            about: about.into(),
        }))
    }

    /// The caller's personal access tokens, oldest first
    #[oai(path = "/", method = "get", operation_id = "listAccessTokens")]
    async fn list(&self, token: Token) -> Result<Answer<Vec<AccessToken>>> {
        let tokens = self.services.tokens.list(&token.0).await?;
        Ok(Answer(tokens.into_iter().map(Into::into).collect()))
    }

    /// Make one of them worthless
    #[oai(path = "/:id", method = "delete", operation_id = "deleteAccessToken")]
    async fn delete(
        &self,
        token: Token,
        /// The token's id.
        id: Path<String>,
    ) -> Result<Answer<Message>> {
        self.services.tokens.delete(&token.0, &id.0).await?;
        Ok(Answer(Message::new("Access token deleted successfully")))
    }
}

impl From<Scope> for domain::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
            Scope::Admin => Self::Admin,
        }
    }
}

impl From<domain::AccessToken> for AccessToken {
    fn from(token: domain::AccessToken) -> Self {
        Self {
            id: token.id.into(),
            name: token.name,
            scope: match token.scope {
                domain::Scope::Read => Scope::Read,
                domain::Scope::Write => Scope::Write,
                domain::Scope::Admin => Scope::Admin,
            },
            created_at: token.created_at.into(),
            expires_at: token.expires_at.into(),
        }
    }
}
