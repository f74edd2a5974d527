//! Encrypting secrets before they are stored.

use std::fmt::Debug;

use crate::{
    Result,
    domain::{Sealed, SecretString},
};

/// Seals secrets for the store and opens them for use.
///
/// # Behaviour
/// - a sealed secret opens to itself
/// - the same secret seals to another text each time
/// - a sealed secret does not contain the secret
/// - a changed seal does not open
/// - the seal of another key does not open and the error says what to do
/// - the seal of a former key opens and is not current
pub trait Vault: Send + Sync + Debug + 'static {
    /// Encrypts.
    fn seal(&self, secret: &SecretString) -> Result<Sealed>;

    /// Decrypts; `Invalid` when it was sealed with another key or changed since.
    fn open(&self, sealed: &Sealed) -> Result<SecretString>;

    /// Whether it was sealed with the key that seals now.
    fn is_current(&self, sealed: &Sealed) -> bool;
}
