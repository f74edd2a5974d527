//! Bearer tokens of our own: JSON Web Tokens signed with HMAC-SHA256 (RFC 7519).

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{SecretString, Timestamp, TokenId, User, UserId},
    ports::{AuthProvider, Clock, Ids, IssuedToken, Principal, RevokedTokens},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::secret::derive;

#[cfg(test)]
mod tests;

/// What errors call this adapter.
const ADAPTER: &str = "jwt";

/// Who issues our tokens and whom they are for.
const ISSUER: &str = "issue-explainer";
const AUDIENCE: &str = "issue-explainer/api";

/// How far the clocks of two replicas may differ.
const LEEWAY: Duration = Duration::from_secs(5);

/// The longest token that is looked at, in bytes; ours have about 400.
const MAX_LEN: usize = 4096;

/// What [`JwtAuth`] is made with.
#[derive(Clone)]
pub struct JwtConfig {
    /// The installation's secret; the signing key is derived from it.
    pub secret: SecretString,
    /// How long a token is good for.
    pub lifetime: Duration,
}

impl fmt::Debug for JwtConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtConfig")
            .field("secret", &"***")
            .field("lifetime", &self.lifetime)
            .finish()
    }
}

/// Issues and checks the tokens of this installation.
///
/// A token is good for five seconds longer than it says, for replicas whose clocks differ.
pub struct JwtAuth {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    revoked: Arc<dyn RevokedTokens>,
}

impl JwtAuth {
    /// Tokens under a key derived from `config.secret`, remembered in `revoked` once revoked.
    pub fn new(
        config: &JwtConfig,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        revoked: Arc<dyn RevokedTokens>,
    ) -> Self {
        let key = derive(&config.secret, "issue-explainer/jwt/hs256");
        Self {
            encoding: EncodingKey::from_secret(&key),
            decoding: DecodingKey::from_secret(&key),
            validation: validation(),
            lifetime: config.lifetime,
            clock,
            ids,
            revoked,
        }
    }

    fn decode(&self, token: &str) -> Result<Claims> {
        if token.len() > MAX_LEN {
            return Err(unauthorized("it is too long to be one"));
        }
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = decoded
            .map_err(|error| unauthorized("it is not one of this installation").with_source(error))?
            .claims;
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
}

#[async_trait]
impl AuthProvider for JwtAuth {
    async fn authenticate(&self, token: &str) -> Result<Principal> {
        let claims = self.decode(token)?;
        if self.revoked.is_revoked(&claims.jti).await? {
            return Err(unauthorized("it was revoked"));
        }
        Ok(Principal {
            user_id: claims.sub,
            token_id: claims.jti,
            expires_at: later(claims.exp, Duration::ZERO)?,
        })
    }

    async fn issue(&self, user: &User) -> Result<IssuedToken> {
        let fault = |message| Error::new(ErrorKind::Internal, ADAPTER, "issue", message);
        let now = self.clock.now();
        let expires_at = add(now, self.lifetime);
        let claims = Claims {
            sub: user.id.clone(),
            jti: TokenId::try_from(self.ids.next()).map_err(|error| {
                fault("could not issue a token because the new id is none; report it")
                    .with_source(error)
            })?,
            exp: expires_at.as_second(),
            iat: now.as_second(),
            nbf: None,
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
        };
        let header = Header::new(Algorithm::HS256);
        let token = jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(|error| {
            fault("could not issue a token because it could not be signed; report it")
                .with_source(error)
        })?;
        Ok(IssuedToken {
            token: SecretString::from(token),
            expires_at: later(claims.exp, Duration::ZERO)?,
        })
    }

    async fn revoke(&self, principal: &Principal) -> Result<()> {
        // Remembered for as long as the token is accepted, which is the leeway longer than it says.
        let forget_at = add(principal.expires_at, LEEWAY);
        let now = self.clock.now();
        self.revoked
            .revoke(&principal.token_id, forget_at, now)
            .await
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
