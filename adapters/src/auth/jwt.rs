//! Bearer tokens of our own: JSON Web Tokens signed with HMAC-SHA256 (RFC 7519).

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{SecretString, Timestamp, TokenId, User, UserId},
    ports::{AuthProvider, Clock, IssuedToken, Principal, RevokedTokens, TokenVerifier},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use self::checked::Checked;
use crate::secret::{SecretKeys, derive, key_id};

mod checked;
#[cfg(test)]
mod tests;

/// What errors call this adapter.
const ADAPTER: &str = "jwt";

/// Who issues our tokens and whom they are for.
const ISSUER: &str = "issue-explainer";
const AUDIENCE: &str = "issue-explainer/api";

/// What the signing key is derived for, and its public name.
const KEY: &str = "issue-explainer/jwt/hs256";
const KEY_ID: &str = "issue-explainer/jwt/key-id";

/// How far the clocks of two replicas may differ.
const LEEWAY: Duration = Duration::from_secs(5);

/// The longest token that is looked at, in bytes; ours have about 400.
const MAX_LEN: usize = 4096;

/// What [`JwtAuth`] is made with.
#[derive(Clone)]
pub struct JwtConfig {
    /// The installation's secrets; the signing keys are derived from them.
    pub secrets: SecretKeys,
    /// How long a token is good for.
    pub lifetime: Duration,
}

impl fmt::Debug for JwtConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtConfig")
            .field("secrets", &"***")
            .field("lifetime", &self.lifetime)
            .finish()
    }
}

/// Issues and checks the tokens of this installation.
///
/// A token is good for five seconds longer than it says, for replicas whose clocks differ.
pub struct JwtAuth {
    encoding: EncodingKey,
    key_id: String,
    /// By the name in a token's header, the current one first.
    decoding: Vec<(String, DecodingKey)>,
    validation: Validation,
    checked: Checked,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    revoked: Arc<dyn RevokedTokens>,
}

impl JwtAuth {
    /// Tokens under keys derived from `config.secrets`, remembered in `revoked` once revoked.
    pub fn new(config: &JwtConfig, clock: Arc<dyn Clock>, revoked: Arc<dyn RevokedTokens>) -> Self {
        let secrets = &config.secrets;
        let decoding = secrets.each(|secret| {
            let key = derive(secret, KEY);
            (key_id(secret, KEY_ID), DecodingKey::from_secret(&key))
        });
        Self {
            encoding: EncodingKey::from_secret(&derive(&secrets.current, KEY)),
            key_id: key_id(&secrets.current, KEY_ID),
            decoding,
            validation: validation(),
            checked: Checked::default(),
            lifetime: config.lifetime,
            clock,
            revoked,
        }
    }

    fn decode(&self, token: &str) -> Result<Arc<Claims>> {
        if token.len() > MAX_LEN {
            return Err(unauthorized("it is too long to be one"));
        }
        let claims = self.checked.claims(token, || self.verify(token))?;
        let now = self.clock.now();
        if later(claims.exp, LEEWAY)? <= now {
            return Err(unauthorized("it has expired"));
        }
        match claims.nbf {
            Some(begin) if later(begin, Duration::ZERO)? > add(now, LEEWAY) => {
                Err(unauthorized("it is not good yet"))
            }
            _ => Ok(claims),
        }
    }

    /// Checks the signature against the key that the token names, among ours and nowhere else; a
    /// token that names none is checked against each.
    fn verify(&self, token: &str) -> Result<Claims> {
        let foreign = |error| unauthorized("it is not one of this installation").with_source(error);
        let named = jsonwebtoken::decode_header(token).map_err(foreign)?.kid;
        let fitting = self
            .decoding
            .iter()
            .filter(|(id, _)| named.as_ref().is_none_or(|it| it == id));
        let mut refused = unauthorized("it is not one of this installation");
        for (_, key) in fitting {
            match jsonwebtoken::decode::<Claims>(token, key, &self.validation) {
                Ok(decoded) => return Ok(decoded.claims),
                Err(error) => refused = foreign(error),
            }
        }
        Err(refused)
    }
}

#[async_trait]
impl TokenVerifier for JwtAuth {
    async fn authenticate(&self, token: &str) -> Result<Principal> {
        let claims = self.decode(token)?;
        if self.revoked.is_revoked(&claims.jti).await? {
            return Err(unauthorized("it was revoked"));
        }
        Ok(Principal {
            user_id: claims.sub.clone(),
            token_id: claims.jti.clone(),
            expires_at: later(claims.exp, Duration::ZERO)?,
            generation: Some(claims.generation),
            identity: None,
        })
    }
}

#[async_trait]
impl AuthProvider for JwtAuth {
    async fn issue(&self, user: &User, name: &TokenId) -> Result<IssuedToken> {
        let fault = |message| Error::new(ErrorKind::Internal, ADAPTER, "issue", message);
        let now = self.clock.now();
        let expires_at = add(now, self.lifetime);
        let claims = Claims {
            sub: user.id.clone(),
            jti: name.clone(),
            generation: user.generation,
            exp: expires_at.as_second(),
            iat: now.as_second(),
            nbf: None,
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
        };
        let header = Header {
            kid: Some(self.key_id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        let token = jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(|error| {
            fault("could not issue a token because it could not be signed; report it")
                .with_source(error)
        })?;
        Ok(IssuedToken {
            token: SecretString::from(token),
            expires_at: later(claims.exp, Duration::ZERO)?,
        })
    }

    async fn revoke(&self, name: &TokenId, expires_at: Timestamp) -> Result<()> {
        let now = self.clock.now();
        // Another token of this name may have been issued this very moment; and one is accepted
        // for as long as the leeway after it says.
        let last = expires_at.max(add(now, self.lifetime));
        self.revoked.revoke(name, add(last, LEEWAY), now).await
    }
}

/// What a token says; a claim that is missing or of another type makes it none of ours.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    jti: TokenId,
    /// When it runs out, in seconds since 1970.
    exp: i64,
    /// When it was issued, in seconds since 1970.
    iat: i64,
    /// Tokens of before there were generations are of the first.
    #[serde(default)]
    generation: u32,
    /// From when on it is good, in seconds since 1970. We never say so, and heed it all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    iss: String,
    aud: String,
}

/// One algorithm, our issuer, our audience. Times are checked in [`JwtAuth::decode`]: the library
/// would ask the system for the time and not the [`Clock`].
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

/// `seconds` since 1970, and `more`.
fn later(seconds: i64, more: Duration) -> Result<Timestamp> {
    let time = Timestamp::from_second(seconds);
    time.map(|time| add(time, more))
        .map_err(|error| unauthorized("it names no time there is").with_source(error))
}

fn add(time: Timestamp, more: Duration) -> Timestamp {
    time.saturating_add(more).unwrap_or(Timestamp::MAX)
}

fn unauthorized(because: &str) -> Error {
    Error::new(
        ErrorKind::Unauthorized,
        ADAPTER,
        "authenticate",
        format!("could not accept the token because {because}; log in again"),
    )
}

impl fmt::Debug for JwtAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuth")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
