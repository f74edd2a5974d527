//! Secrets sealed with XChaCha20-Poly1305 before they reach a store.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, Payload},
};
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{ExposeSecret, Sealed, SecretString},
    ports::Vault,
};

use crate::secret::{SecretKeys, derive, key_id};

/// What errors call this adapter.
const ADAPTER: &str = "vault";

/// How a seal begins. Another cipher or layout would be another version.
const VERSION: &str = "v1";

/// The nonce's length in bytes: so long that random ones never meet.
const NONCE: usize = 24;

/// Seals as `v1.<key id>.<base64url of nonce, ciphertext and tag>`.
///
/// The key id tells which key opens a seal, and seals of an unknown key from damaged ones. What
/// stands before the data is authenticated with it.
pub struct XChaChaVault {
    /// The current key seals and comes first; every one opens.
    keys: Vec<Key>,
}

struct Key {
    cipher: XChaCha20Poly1305,
    /// `v1.<key id>.`
    header: String,
}

impl XChaChaVault {
    /// A vault under keys derived from the installation's secrets.
    pub fn new(secrets: &SecretKeys) -> Self {
        let keys = secrets.each(|secret| {
            let key = derive(secret, "issue-explainer/vault/xchacha20-poly1305");
            let id = key_id(secret, "issue-explainer/vault/key-id");
            Key {
                cipher: XChaCha20Poly1305::new(&key.into()),
                header: format!("{VERSION}.{id}."),
            }
        });
        Self { keys }
    }
}

impl Vault for XChaChaVault {
    fn seal(&self, secret: &SecretString) -> Result<Sealed> {
        let nonce = XNonce::try_generate().map_err(|error| {
            Error::new(
                ErrorKind::Unavailable,
                ADAPTER,
                "seal",
                "could not seal a secret because the machine gives no random numbers; try again",
            )
            .with_source(error)
        })?;
        let Some(key) = self.keys.first() else {
            return Err(foreign());
        };
        let payload = Payload {
            msg: secret.expose_secret().as_bytes(),
            aad: key.header.as_bytes(),
        };
        let sealed = key.cipher.encrypt(&nonce, payload).map_err(|_| {
            Error::new(
                ErrorKind::Invalid,
                ADAPTER,
                "seal",
                "could not seal a secret because it is too long; use a shorter one",
            )
        })?;
        let data = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
        Ok(Sealed(format!("{}{data}", key.header)))
    }

    fn open(&self, sealed: &Sealed) -> Result<SecretString> {
        let fitting = |key: &Key| {
            Some((key.decrypt(sealed.0.strip_prefix(&key.header)?)).ok_or_else(changed))
        };
        let plain = self.keys.iter().find_map(fitting).ok_or_else(foreign)??;
        Ok(SecretString::from(plain))
    }

    fn is_current(&self, sealed: &Sealed) -> bool {
        let current = self.keys.first();
        current.is_some_and(|key| sealed.0.starts_with(&key.header))
    }
}

impl Key {
    fn decrypt(&self, data: &str) -> Option<String> {
        let data = URL_SAFE_NO_PAD.decode(data).ok()?;
        let (nonce, msg) = data.split_first_chunk::<NONCE>()?;
        let aad = self.header.as_bytes();
        let payload = Payload { msg, aad };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(plain).ok()
    }
}

impl fmt::Debug for XChaChaVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XChaChaVault").finish_non_exhaustive()
    }
}

fn foreign() -> Error {
    Error::new(
        ErrorKind::Invalid,
        ADAPTER,
        "open",
        "could not open a stored secret because it was sealed with another key; \
         name the former one in FORMER_SECRET_KEYS, or enter the secret again",
    )
}

fn changed() -> Error {
    Error::new(
        ErrorKind::Invalid,
        ADAPTER,
        "open",
        "could not open a stored secret because it was changed since it was sealed; \
         enter the secret again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(secret: &str) -> XChaChaVault {
        XChaChaVault::new(&SecretKeys::of(secret))
    }

    #[test]
    fn a_seal_says_its_version_and_key() {
        let sealed = vault("one").seal(&SecretString::from("token")).unwrap();
        let parts: Vec<&str> = sealed.0.split('.').collect();
        let [version, key, data] = parts[..] else {
            panic!("three parts: {sealed:?}");
        };
        assert_eq!((version, key.len()), ("v1", 8));
        assert_eq!(URL_SAFE_NO_PAD.decode(data).unwrap().len(), NONCE + 5 + 16);
        assert!(!sealed.0.starts_with(&vault("two").keys[0].header));
    }

    #[test]
    fn a_header_put_before_foreign_data_does_not_open() {
        let (one, two) = (vault("one"), vault("two"));
        let sealed = two.seal(&SecretString::from("token")).unwrap();
        let data = sealed.0.rsplit('.').next().unwrap();
        for hostile in [
            format!("{}{data}", one.keys[0].header),
            one.keys[0].header.clone(),
            format!("{}AAAA", one.keys[0].header),
            format!("{}é", one.keys[0].header),
            String::new(),
        ] {
            let error = one.open(&Sealed(hostile.clone())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{hostile}");
        }
    }
}
