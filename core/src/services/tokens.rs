//! Personal access tokens: for scripts, with a name, a scope and an end.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::{
    digest::hex,
    domain::{AccessToken, ExposeSecret, Scope, SecretString, TokenId},
    ports::Principal,
    services::{Caller, Failure, Ports, new_id},
};

/// How every personal token begins: secret scanners know one by it.
pub const PERSONAL_PREFIX: &str = "iexp_";
/// How many one account may have.
const MOST: usize = 50;
/// The longest one may last, in days.
const LONGEST: u16 = 366;

/// What a new token is to be.
#[derive(Debug)]
pub struct NewToken {
    /// 1 to 100 characters.
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// How long it lasts, in days, 1 to 366.
    pub days: u16,
}

/// Personal access tokens.
#[derive(Debug)]
pub struct PersonalTokens {
    ports: Ports,
}

impl PersonalTokens {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Makes a token. It is shown this once: what is kept is a hash of it.
    pub async fn create(
        &self,
        caller: &Caller,
        new: NewToken,
    ) -> Result<(AccessToken, SecretString), Failure> {
        caller.require(Scope::Admin)?;
        let name = checked_name(&new.name)?;
        if !(1..=LONGEST).contains(&new.days) {
            let message = format!("must be 1 to {LONGEST}");
            return Err(Failure::Invalid {
                field: "days",
                message,
            });
        }
        let user_id = caller.user().id.clone();
        if self.ports.access_tokens.of_user(&user_id).await?.len() >= MOST {
            return Err(Failure::TooMany {
                what: "access tokens",
                most: MOST,
            });
        }
        let secret = self.ports.ids.secret()?;
        let secret = format!("{PERSONAL_PREFIX}{}", secret.expose_secret());
        let now = self.ports.clock.now();
        let token = AccessToken {
            id: new_id(&*self.ports.ids)?,
            user_id,
            name,
            scope: new.scope,
            secret_hash: hashed(&secret),
            created_at: now,
            expires_at: now + Duration::from_secs(u64::from(new.days) * 24 * 60 * 60),
        };
        self.ports.access_tokens.insert(&token, now).await?;
        self.ports
            .note(caller, "token.created", token.id.as_str())
            .await;
        Ok((token, secret.into()))
    }

    /// The caller's tokens, oldest first.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<AccessToken>, Failure> {
        caller.require(Scope::Read)?;
        Ok(self.ports.access_tokens.of_user(&caller.user().id).await?)
    }

    /// Makes one of the caller's tokens worthless.
    pub async fn delete(&self, caller: &Caller, id: &str) -> Result<(), Failure> {
        caller.require(Scope::Admin)?;
        let id: TokenId = id.parse().map_err(|_| Failure::TokenNotFound)?;
        let tokens = &self.ports.access_tokens;
        if tokens.delete(&caller.user().id, &id).await? {
            self.ports.note(caller, "token.deleted", id.as_str()).await;
            return Ok(());
        }
        Err(Failure::TokenNotFound)
    }
}

/// Who the bearer of a personal token is; `None` where the token is of another kind.
pub(super) async fn principal(
    ports: &Ports,
    token: &str,
) -> Result<Option<(Principal, Scope)>, Failure> {
    if !token.starts_with(PERSONAL_PREFIX) {
        return Ok(None);
    }
    let found = ports.access_tokens.find(&hashed(token)).await?;
    let now = ports.clock.now();
    let lasting = found.filter(|token| token.expires_at > now);
    let token = lasting.ok_or(Failure::InvalidToken)?;
    let principal = Principal {
        user_id: token.user_id,
        token_id: token.id,
        expires_at: token.expires_at,
        generation: None,
        identity: None,
    };
    Ok(Some((principal, token.scope)))
}

/// What is kept of a secret of 256 bits of chance: nobody can guess it, so a quick hash will do.
pub(super) fn hashed(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

fn checked_name(text: &str) -> Result<String, Failure> {
    let name = text.trim();
    if (1..=100).contains(&name.chars().count()) {
        return Ok(name.to_owned());
    }
    Err(Failure::Invalid {
        field: "name",
        message: "must have 1 to 100 characters, spaces around it not counted".to_owned(),
    })
}
