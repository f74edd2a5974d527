//! Password hashes that cost nothing, and protect nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::digest;
use crate::{
    Error, ErrorKind, Result,
    domain::{ExposeSecret, SecretString},
    ports::Passwords,
};

/// Hashes as `$fake$<salt>$<digest>`.
#[derive(Debug, Default)]
pub struct FakePasswords(AtomicU64);

#[async_trait]
impl Passwords for FakePasswords {
    async fn hash(&self, password: SecretString) -> Result<String> {
        let salt = self.0.fetch_add(1, Ordering::Relaxed).to_string();
        let digest = salted(&salt, &password)?;
        Ok(format!("$fake${salt}${digest}"))
    }

    async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool> {
        let read = hash.as_deref().unwrap_or("$fake$nobody$");
        let parts: Vec<&str> = read.split('$').collect();
        let ["", "fake", salt, expected] = parts[..] else {
            return Err(Error::new(
                ErrorKind::Internal,
                "fake",
                "verify",
                "could not read the password hash because it is none; set the password again",
            ));
        };
        Ok(salted(salt, &password)? == expected)
    }

    fn is_current(&self, hash: &str) -> bool {
        hash.starts_with("$fake$")
    }
}

fn salted(salt: &str, password: &SecretString) -> Result<String> {
    let password = password.expose_secret();
    if password.len() > 1024 {
        return Err(Error::new(
            ErrorKind::Invalid,
            "fake",
            "hash",
            "could not use the password because it is too long; use a shorter one",
        ));
    }
    Ok(digest(&[salt, password]))
}
