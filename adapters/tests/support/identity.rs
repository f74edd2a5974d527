//! An identity provider: it publishes keys where OpenID Connect Discovery says, signs whatever tokens
//! a test wants, and answers as badly as it is told to.
//!
//! The file needs `replay.rs` beside it, and nothing of the adapter it tries: tokens are put together
//! and signed here.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::replay::{Replay, Reply};

/// Whom its tokens are for.
pub(crate) const AUDIENCE: &str = "issue-explainer";

const DESCRIPTION: &str = "/realms/acme/.well-known/openid-configuration";
const KEYS: &str = "/realms/acme/keys";

/// A running provider; it stops when this is dropped.
pub(crate) struct IdentityServer(Replay);

impl IdentityServer {
    /// A provider with these keys.
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let server = Self(Replay::start().await);
        server.publishes(keys);
        server
    }

    /// What it calls itself.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/realms/acme", self.0.url())
    }

    /// From now on it answers well, and these are its keys.
    pub(crate) fn publishes(&self, keys: &[&SigningKey]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        self.describes_itself(&json!({
            "issuer": self.issuer(), "jwks_uri": format!("{}{KEYS}", self.0.url()),
        }));
        self.publishes_as(Reply::json(200, &json!({ "keys": keys })));
    }

    /// From now on this is its description.
    pub(crate) fn describes_itself(&self, description: &Value) {
        self.describes_as(Reply::json(200, description));
    }

    /// From now on it answers so when it is asked who it is.
    pub(crate) fn describes_as(&self, reply: Reply) {
        self.0.on(DESCRIPTION, [reply]);
    }

    /// From now on it answers so when it is asked for its keys.
    pub(crate) fn publishes_as(&self, reply: Reply) {
        self.0.on(KEYS, [reply]);
    }

    /// How often it was asked anything.
    pub(crate) fn asked(&self) -> usize {
        self.0.asked().len()
    }

    /// What it says of `subject` at this time, in seconds since 1970; good for five minutes.
    pub(crate) fn claims(&self, subject: &str, now: i64) -> Value {
        json!({
            "iss": self.issuer(), "aud": AUDIENCE, "sub": subject,
            "iat": now, "exp": now + 300,
        })
    }
}

/// A key that signs tokens.
pub(crate) struct SigningKey {
    id: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(&'static RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// Made once: it takes a while.
static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

impl SigningKey {
    /// A key for RS256, always the same.
    pub(crate) fn rsa(id: &'static str) -> Self {
        let pair = Pair::Rsa(&RSA);
        Self { id, pair }
    }

    /// A new key for ES256.
    pub(crate) fn ec(id: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let pair = Pair::Ec(pair);
        Self { id, pair }
    }

    /// The public half, as providers publish it.
    pub(crate) fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(pair) => {
                // RFC 8017, A.1.1: two numbers in a sequence, of lengths that are always these.
                let der = pair.public_key().as_ref();
                let (modulus, exponent) = (&der[9..265], &der[267..270]);
                json!({
                    "kty": "RSA", "kid": self.id, "use": "sig", "alg": "RS256",
                    "n": text(modulus), "e": text(exponent),
                })
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({
                    "kty": "EC", "kid": self.id, "use": "sig", "alg": "ES256", "crv": "P-256",
                    "x": text(x), "y": text(y),
                })
            }
        }
    }

    /// The public half as bytes, which anybody may know.
    pub(crate) fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The header of its tokens.
    pub(crate) fn header(&self) -> Value {
        let alg = match &self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec(_) => "ES256",
        };
        json!({ "typ": "JWT", "alg": alg, "kid": self.id })
    }

    /// A token of these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.header(), claims)
    }

    /// The same under any header.
    pub(crate) fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let (random, bytes) = (SystemRandom::new(), message.as_bytes());
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature);
                signed.unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
