//! Time and identifiers, so that tests can set both.

use std::fmt::Debug;

use crate::{
    Result,
    domain::{SecretString, Timestamp},
};

/// Tells the time.
///
/// # Behaviour
/// - time is told to the millisecond
/// - a later reading is not earlier
pub trait Clock: Send + Sync + Debug + 'static {
    /// The present moment, cut to the millisecond.
    fn now(&self) -> Timestamp;
}

/// Makes identifiers.
///
/// # Behaviour
/// - no identifier is made twice
/// - every identifier is a valid one of the domain
/// - identifiers made later sort later
/// - a secret is 256 bits of chance, and letters, digits, `-` and `_`
pub trait Ids: Send + Sync + Debug + 'static {
    /// A new identifier: 1 to 64 letters, digits, `-` or `_`.
    fn next(&self) -> String;

    /// Something nobody can guess: 43 letters, digits, `-` or `_` that hold 256 bits of chance.
    fn secret(&self) -> Result<SecretString>;
}
