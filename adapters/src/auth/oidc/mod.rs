//! Bearer tokens of an outside identity provider: OpenID Connect.
//!
//! A token counts when a key that the provider publishes signed it, by an algorithm the operator
//! allows, for one of the operator's audiences, and when it has not run out. An account here is an
//! issuer and a subject over there, and nothing else: its id is a digest of the two.

mod claims;
mod keys;
mod provider;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use explainer_core::{
    Error, ErrorKind, Result,
    domain::Timestamp,
    ports::{Clock, Principal, RevokedTokens, TokenVerifier},
};
use jsonwebtoken::{Algorithm, AlgorithmFamily, Header, Validation};
use serde::Deserialize;

use claims::Claims;
use keys::Keys;
use provider::Provider;

/// What errors call this adapter.
const ADAPTER: &str = "oidc";

/// How far the provider's clock may differ from ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// The longest token that is looked at, in bytes: as long as all headers of a request may be.
const MAX_LEN: usize = 16 * 1024;

/// How long a subject may be, in bytes (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT: usize = 255;

/// The types a token may call itself, where it does (RFC 7519 and RFC 9068): what a provider signs
/// for other ends, such as a notice of a logout, is none.
const TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];

/// What [`OidcVerifier`] is made with.
#[derive(Debug, Clone)]
pub struct OidcConfig {
    /// The provider, exactly as it calls itself.
    pub issuer: String,
    /// Whom a token must be for; one of them is enough.
    pub audiences: Vec<String>,
    /// How it may be signed: names of RFC 7518, none of a shared secret.
    pub algorithms: Vec<String>,
    /// The claim that holds groups or roles; `realm_access.roles` is `roles` in `realm_access`.
    pub groups_claim: String,
}

/// Checks the tokens of one outside identity provider.
#[derive(Debug)]
pub struct OidcVerifier {
    config: OidcConfig,
    algorithms: Vec<Algorithm>,
    keys: Keys,
    clock: Arc<dyn Clock>,
    revoked: Arc<dyn RevokedTokens>,
}

impl OidcVerifier {
    /// A verifier that asks the provider for its keys once it needs them, and does not take what
    /// was `revoked` here.
    pub fn new(
        config: OidcConfig,
        clock: Arc<dyn Clock>,
        revoked: Arc<dyn RevokedTokens>,
    ) -> Result<Self> {
        let algorithms = algorithms(&config)?;
        let provider = Provider::new(&config.issuer, algorithms.clone())?;
        Ok(Self {
            keys: Keys::new(provider, clock.clone()),
            algorithms,
            config,
            clock,
            revoked,
        })
    }

    /// Asks the provider, now, and gives back how many of its keys can be used.
    pub async fn check(config: &OidcConfig) -> Result<usize> {
        let provider = Provider::new(&config.issuer, algorithms(config)?)?;
        Ok(provider.keys().await?.len())
    }

    /// What the token says, once its signature and all that is said of its use are right.
    async fn verify(&self, token: &str) -> Result<Claims> {
        let foreign = |error| unauthorized("it is none of the provider's").with_source(error);
        if token.len() > MAX_LEN {
            return Err(unauthorized("it is too long to be one"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(foreign)?;
        self.check_header(&header)?;
        // Looked at before anything is checked, so that another's token costs no question.
        let said: Issuer =
            jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(foreign)?;
        if said.iss != self.config.issuer {
            return Err(unauthorized("another issued it"));
        }
        let validation = self.validation(header.alg);
        let mut refused = unauthorized("it is none of the provider's");
        for key in self.keys.fitting(header.kid.as_deref(), header.alg).await? {
            match jsonwebtoken::decode(token, &key.decoding, &validation) {
                Ok(decoded) => return Ok(Claims(decoded.claims)),
                Err(error) => refused = foreign(error),
            }
        }
        Err(refused)
    }

    fn check_header(&self, header: &Header) -> Result<()> {
        if !self.algorithms.contains(&header.alg) {
            return Err(unauthorized(
                "it is signed by an algorithm that is not allowed",
            ));
        }
        if header.crit.is_some() {
            return Err(unauthorized("it asks for what is not known here"));
        }
        let of_a_type = |typ: &String| TYPES.contains(&typ.to_ascii_lowercase().as_str());
        if !header.typ.as_ref().is_none_or(of_a_type) {
            return Err(unauthorized("it was made for another end"));
        }
        Ok(())
    }

    /// One algorithm, one issuer, our audiences. Times are checked in [`Self::check_times`]: the
    /// library would ask the system for the time and not the [`Clock`].
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&self.config.audiences);
        validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }

    /// When it is accepted no more, if it is now.
    fn check_times(&self, claims: &Claims) -> Result<Timestamp> {
        let end = claims.time("exp")?;
        let end = end.ok_or_else(|| unauthorized("it does not say when it runs out"))?;
        let (end, now) = (later(end), self.clock.now());
        if end <= now {
            return Err(unauthorized("it has expired"));
        }
        match claims.time("nbf")? {
            Some(begin) if begin > later(now) => Err(unauthorized("it is not good yet")),
            _ => Ok(end),
        }
    }
}

#[async_trait]
impl TokenVerifier for OidcVerifier {
    async fn authenticate(&self, token: &str) -> Result<Principal> {
        let claims = self.verify(token).await?;
        let expires_at = self.check_times(&claims)?;
        let subject = claims.text("sub").unwrap_or_default();
        if subject.is_empty() || subject.len() > MAX_SUBJECT || subject.contains('\0') {
            return Err(unauthorized("its subject is no name of anybody"));
        }
        // Of what is signed alone: some signatures have two forms.
        let (signed, _) = token.rsplit_once('.').unwrap_or((token, ""));
        let token_id = id(&[signed]).try_into().map_err(defect)?;
        if self.revoked.is_revoked(&token_id).await? {
            return Err(unauthorized("it was revoked"));
        }
        Ok(Principal {
            user_id: id(&[&self.config.issuer, subject])
                .try_into()
                .map_err(defect)?,
            token_id,
            expires_at,
            generation: None,
            identity: Some(claims.identity(&self.config.groups_claim)?),
        })
    }
}

/// What is looked at first.
#[derive(Deserialize)]
struct Issuer {
    iss: String,
}

/// What the operator allows, as far as only the provider can sign by it.
fn algorithms(config: &OidcConfig) -> Result<Vec<Algorithm>> {
    let read = |name: &String| {
        let known = name.parse::<Algorithm>().ok();
        let own = known.filter(|it| it.family() != AlgorithmFamily::Hmac);
        own.ok_or_else(|| {
            let message = format!(
                "could not allow the algorithm `{name}` because it is none that a provider signs \
                 by with a key of its own; use RS256 or ES256"
            );
            Error::new(ErrorKind::Invalid, ADAPTER, "open", message)
        })
    };
    config.algorithms.iter().map(read).collect()
}

/// A name for what these texts are together: 48 letters, digits, `-` and `_`.
fn id(texts: &[&str]) -> String {
    let mut digest = Context::new(&SHA256);
    for text in texts {
        digest.update(text.as_bytes());
        // No text holds one, so none runs into the next.
        digest.update(&[0]);
    }
    format!("oidc-{}", URL_SAFE_NO_PAD.encode(digest.finish()))
}

fn later(time: Timestamp) -> Timestamp {
    time.saturating_add(LEEWAY).unwrap_or(Timestamp::MAX)
}

fn unauthorized(because: &str) -> Error {
    Error::new(
        ErrorKind::Unauthorized,
        ADAPTER,
        "authenticate",
        format!(
            "could not accept the token because {because}; get another from the identity provider"
        ),
    )
}

fn defect(error: explainer_core::domain::InvalidId) -> Error {
    let message = "could not name what a token is for because the name is no id; report it";
    Error::new(ErrorKind::Internal, ADAPTER, "authenticate", message).with_source(error)
}
