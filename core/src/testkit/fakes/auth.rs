//! Tokens that anybody could forge, checked as strictly as real ones.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::Deserialize;

use super::{MemoryStore, digest, hex, unhex};
use crate::{
    Error, ErrorKind, Result,
    domain::{SecretString, Timestamp, TokenId, User, UserId},
    ports::{AuthProvider, Clock, IssuedToken, Principal, RevokedTokens, TokenVerifier},
};

/// How long its tokens are good for.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Issues `<hex of the claims>.<digest>`, good for an hour.
#[derive(Debug)]
pub struct FakeAuth {
    installation: String,
    clock: Arc<dyn Clock>,
    revoked: Arc<MemoryStore>,
}

#[derive(Deserialize)]
struct Claims {
    sub: UserId,
    jti: TokenId,
    exp: i64,
    #[serde(default)]
    generation: u32,
}

impl FakeAuth {
    /// The provider of an installation; another installation's tokens are refused.
    pub fn new(installation: &str, clock: Arc<dyn Clock>) -> Self {
        Self {
            installation: installation.to_owned(),
            clock,
            revoked: Arc::default(),
        }
    }

    /// Where it keeps the names it revoked.
    pub fn revoked(&self) -> Arc<dyn RevokedTokens> {
        self.revoked.clone()
    }

    /// A token of this installation that says just this.
    pub fn sign(&self, claims: &serde_json::Value) -> String {
        let body = hex(claims.to_string().as_bytes());
        let tag = digest(&[&self.installation, &body]);
        format!("{body}.{tag}")
    }

    fn read(&self, token: &str) -> Option<Principal> {
        let (body, tag) = token.split_once('.')?;
        if tag != digest(&[&self.installation, body]) {
            return None;
        }
        let claims: Claims = serde_json::from_slice(&unhex(body)?).ok()?;
        Some(Principal {
            user_id: claims.sub,
            token_id: claims.jti,
            expires_at: Timestamp::from_second(claims.exp).ok()?,
            generation: Some(claims.generation),
            identity: None,
        })
    }
}

#[async_trait]
impl TokenVerifier for FakeAuth {
    async fn authenticate(&self, token: &str) -> Result<Principal> {
        let found = self.read(token);
        let lasting = found.filter(|principal| principal.expires_at > self.clock.now());
        match lasting {
            Some(principal) if !self.revoked.is_revoked(&principal.token_id).await? => {
                Ok(principal)
            }
            _ => Err(Error::new(
                ErrorKind::Unauthorized,
                "fake",
                "authenticate",
                "could not accept the token because it is not good; log in again",
            )),
        }
    }
}

#[async_trait]
impl AuthProvider for FakeAuth {
    async fn issue(&self, user: &User, name: &TokenId) -> Result<IssuedToken> {
        let expires_at = self.clock.now().saturating_add(LIFETIME);
        let exp = expires_at.unwrap_or(Timestamp::MAX).as_second();
        let claims = serde_json::json!({
            "sub": user.id, "jti": name, "exp": exp, "generation": user.generation,
        });
        Ok(IssuedToken {
            token: SecretString::from(self.sign(&claims)),
            expires_at: Timestamp::from_second(exp).unwrap_or(Timestamp::MAX),
        })
    }

    async fn revoke(&self, name: &TokenId, expires_at: Timestamp) -> Result<()> {
        let now = self.clock.now();
        let newest = now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX);
        self.revoked.revoke(name, expires_at.max(newest), now).await
    }
}
