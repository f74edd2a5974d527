//! Seals that look like some, and protect nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{digest, hex, unhex};
use crate::{
    Error, ErrorKind, Result,
    domain::{ExposeSecret, Sealed, SecretString},
    ports::Vault,
};

/// Seals as `<key>.<number>.<hex>.<digest>`; two with the same key open each other's seals.
#[derive(Debug)]
pub struct FakeVault {
    key: String,
    former: Option<String>,
    sealed: AtomicU64,
}

impl FakeVault {
    /// A vault with this key.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            former: None,
            sealed: AtomicU64::new(0),
        }
    }

    /// A vault with this key that opens what was sealed with the former one too.
    pub fn succeeding(key: &str, former: &str) -> Self {
        Self {
            former: Some(former.to_owned()),
            ..Self::new(key)
        }
    }
}

impl Default for FakeVault {
    fn default() -> Self {
        Self::new("key")
    }
}

impl Vault for FakeVault {
    fn seal(&self, secret: &SecretString) -> Result<Sealed> {
        let number = self.sealed.fetch_add(1, Ordering::Relaxed).to_string();
        let data = hex(secret.expose_secret().as_bytes());
        let tag = digest(&[&self.key, &number, &data]);
        Ok(Sealed(format!("{}.{number}.{data}.{tag}", self.key)))
    }

    fn open(&self, sealed: &Sealed) -> Result<SecretString> {
        let parts: Vec<&str> = sealed.0.split('.').collect();
        let [key, number, data, tag] = parts[..] else {
            return Err(refused("changed"));
        };
        if key != self.key && Some(key) != self.former.as_deref() {
            return Err(refused("sealed with another key"));
        }
        if tag != digest(&[key, number, data]) {
            return Err(refused("changed"));
        }
        let plain = unhex(data).and_then(|bytes| String::from_utf8(bytes).ok());
        plain
            .map(SecretString::from)
            .ok_or_else(|| refused("changed"))
    }

    fn is_current(&self, sealed: &Sealed) -> bool {
        let key = sealed.0.split('.').next();
        key == Some(&self.key)
    }
}

fn refused(because: &str) -> Error {
    Error::new(
        ErrorKind::Invalid,
        "fake",
        "open",
        format!("could not open a stored secret because it was {because}; enter it again"),
    )
}
