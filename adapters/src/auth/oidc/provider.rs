//! The provider itself: where it publishes its keys (OpenID Connect Discovery 1.0), and which of them
//! are of any use (RFC 7517).

use std::time::Duration;

use explainer_core::{Error, ErrorKind, Result};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use reqwest::{Client, Url, header::ACCEPT};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::ADAPTER;
use crate::outbound::{Patience, Target, client, fault, read_capped};

/// The largest document, in bytes; real ones have a few thousand.
const MAX_DOCUMENT: usize = 256 * 1024;
/// How many keys are kept; real providers have two or three.
const MAX_KEYS: usize = 32;
/// How long each of two requests may take: somebody waits for both.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(3),
    read: Duration::from_secs(4),
    total: Duration::from_secs(4),
};

/// A provider and what is allowed of it.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: String,
    algorithms: Vec<Algorithm>,
    target: Target,
    client: Client,
}

/// A key that signs tokens.
pub(super) struct Key {
    pub(super) id: Option<String>,
    /// By which it may have been used.
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

/// The part of the provider's description that is read.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    /// Each is read by itself: one that is not understood says nothing of the others.
    keys: Vec<Value>,
}

impl Provider {
    pub(super) fn new(issuer: &str, algorithms: Vec<Algorithm>) -> Result<Self> {
        let target = Target::of_operator(issuer);
        let target = target.map_err(|bad| bad.of_setting("auth.oidc.issuer", ADAPTER))?;
        Ok(Self {
            client: client(&target, PATIENCE, ADAPTER)?,
            issuer: issuer.to_owned(),
            algorithms,
            target,
        })
    }

    /// Asks the provider where its keys are, and for them. There is at least one.
    pub(super) async fn keys(&self) -> Result<Vec<Key>> {
        let described = self.target.at(&[".well-known", "openid-configuration"]);
        let described: Description = get(&self.client, described).await?;
        if described.issuer != self.issuer {
            let said: String = described.issuer.chars().take(200).collect();
            let because = format!(
                "it calls itself {said:?}; if that is right, set auth.oidc.issuer to exactly this"
            );
            return Err(broken(&because));
        }
        let (client, keys_at) = self.way_to(&described.jwks_uri)?;
        let set: KeySet = get(&client, keys_at).await?;
        let keys = set.keys.into_iter().filter_map(|key| self.usable(key));
        let keys: Vec<Key> = keys.take(MAX_KEYS).collect();
        if keys.is_empty() {
            return Err(broken(
                "it has no key for any of the algorithms in auth.oidc.algorithms; see which it uses",
            ));
        }
        Ok(keys)
    }

    /// The keys may be on another server, as long as that is not less safe to speak to.
    fn way_to(&self, address: &str) -> Result<(Client, Url)> {
        let bad =
            || broken("the address of its keys is none of the web, or not https as its own is");
        let url = Url::parse(address).map_err(|_| bad())?;
        let secure = url.scheme() == "https" || self.target.base().scheme() == "http";
        if !secure {
            return Err(bad());
        }
        if url.origin() == self.target.base().origin() {
            return Ok((self.client.clone(), url));
        }
        let target = Target::of_operator(&url.origin().ascii_serialization()).map_err(|_| bad())?;
        Ok((client(&target, PATIENCE, ADAPTER)?, url))
    }

    /// A key of the set, if it signs by an algorithm that is allowed.
    fn usable(&self, key: Value) -> Option<Key> {
        let jwk: Jwk = serde_json::from_value(key).ok()?;
        let common = &jwk.common;
        let signs = |purpose: &PublicKeyUse| *purpose == PublicKeyUse::Signature;
        let verifies = |all: &Vec<KeyOperations>| all.contains(&KeyOperations::Verify);
        if !common.public_key_use.as_ref().is_none_or(signs)
            || !common.key_operations.as_ref().is_none_or(verifies)
        {
            return None;
        }
        let own = common.key_algorithm;
        let fits = |by: &&Algorithm| {
            fits(&jwk.algorithm, **by) && own.is_none_or(|own| own == KeyAlgorithm::from(**by))
        };
        let algorithms: Vec<_> = self.algorithms.iter().filter(fits).copied().collect();
        if algorithms.is_empty() {
            return None;
        }
        Some(Key {
            decoding: DecodingKey::from_jwk(&jwk).ok()?,
            id: jwk.common.key_id,
            algorithms,
        })
    }
}

/// Whether a key of this kind can be used by `algorithm`.
fn fits(key: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    match key {
        AlgorithmParameters::RSA(_) => algorithm.family() == AlgorithmFamily::Rsa,
        AlgorithmParameters::EllipticCurve(key) => matches!(
            (&key.curve, algorithm),
            (EllipticCurve::P256, Algorithm::ES256) | (EllipticCurve::P384, Algorithm::ES384)
        ),
        AlgorithmParameters::OctetKeyPair(key) => {
            key.curve == EllipticCurve::Ed25519 && algorithm == Algorithm::EdDSA
        }
        // What is shared is no key that only the provider has.
        _ => false,
    }
}

async fn get<T: DeserializeOwned>(client: &Client, url: Url) -> Result<T> {
    const OPERATION: &str = "ask the identity provider";
    let host = url.host_str().unwrap_or_default().to_owned();
    let request = client.get(url).header(ACCEPT, "application/json");
    let response = request.send().await;
    let response = response.map_err(|error| fault(error, &host, ADAPTER, OPERATION))?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(broken(&format!(
            "{host} answers {status}; see that auth.oidc.issuer is right and the provider runs"
        )));
    }
    let body = read_capped(response, MAX_DOCUMENT, ADAPTER, OPERATION).await?;
    serde_json::from_slice(&body).map_err(|error| {
        let because = format!(
            "{host} answers something else than OpenID Connect wants; see that \
             auth.oidc.issuer is right"
        );
        broken(&because).with_source(error)
    })
}

fn broken(because: &str) -> Error {
    let message = format!("could not get the keys of the identity provider because {because}");
    Error::new(
        ErrorKind::Protocol,
        ADAPTER,
        "ask the identity provider",
        message,
    )
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}
