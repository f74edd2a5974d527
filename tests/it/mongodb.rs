//! The REST surface once more, row by row, on MongoDB: what `main.rs` runs on SQLite.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

/// Where the services of these tests keep things.
const STORE: support::Store = support::Store::Mongodb;

mod api;
#[path = "../../adapters/tests/support/sentry.rs"]
mod replay;
#[expect(dead_code, reason = "not all that a service can do is tried here")]
mod support;
