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
pub trait Vault: Send + Sync + Debug + 'static {
    /// Encrypts.
    fn seal(&self, secret: &SecretString) -> Result<Sealed>;

    /// Decrypts; `Invalid` when it was sealed with another key or changed since.
    fn open(&self, sealed: &Sealed) -> Result<SecretString>;
}
