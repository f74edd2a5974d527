//! The ports in memory: quick, predictable, and held to the same suites as the real adapters.

mod auth;
mod clock;
mod llm;
mod notifier;
mod passwords;
mod source;
mod store;
mod vault;

pub use auth::FakeAuth;
pub use clock::{FixedClock, SequentialIds};
pub use llm::{FakeLlm, FakeLlmKind, Heard};
pub use notifier::RecordingNotifier;
pub use passwords::FakePasswords;
pub use source::FakeSource;
pub use store::MemoryStore;
pub use vault::FakeVault;

use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

/// Locks what one panicked test must not take from the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A digest that stands in for signatures, tags and hashes.
fn digest(parts: &[&str]) -> String {
    hex(&Sha256::digest(parts.join("\0")))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let both = |&byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    bytes.iter().flat_map(both).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    let pairs = digits.chunks_exact(2);
    pairs
        .remainder()
        .is_empty()
        .then(|| pairs.map(|pair| (pair[0] << 4) | pair[1]).collect())
}
