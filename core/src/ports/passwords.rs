//! Hashing passwords, which is slow on purpose.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{Result, domain::SecretString};

/// Hashes and verifies passwords off the threads that serve requests.
///
/// # Behaviour
/// - a hashed password verifies and another does not
/// - the same password hashes to another text each time
/// - every byte of a long password counts
/// - a password of more than 1024 bytes is invalid
/// - verifying against no hash takes as long as against one and fails
/// - a hash that cannot be read is internal, not a match
/// - a fresh hash is current and another is not
#[async_trait]
pub trait Passwords: Send + Sync + Debug + 'static {
    /// The password as a PHC string.
    async fn hash(&self, password: SecretString) -> Result<String>;

    /// Whether `password` is the one `hash` was made from. Without a hash it does the same work
    /// and answers no, so that an unknown account cannot be told from a wrong password by time.
    async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool>;

    /// Whether `hash` is as [`Passwords::hash`] makes them now; another is to be made anew when the
    /// password is next known.
    fn is_current(&self, hash: &str) -> bool;
}
