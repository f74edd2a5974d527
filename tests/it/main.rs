//! Black-box tests: the built service over HTTP and on the command line, and the house rules.
//!
//! Each test starts its own service on a port and in a folder of its own, and stops it again.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

/// Where the services of these tests keep things.
const STORE: support::Store = support::Store::Sqlite;

mod api;
mod architecture;
mod cli;
mod durability;
mod migrate;
mod models;
mod openapi;
mod passwords;
mod plugins;
#[path = "../../adapters/tests/support/sentry.rs"]
mod replay;
mod replicas;
mod rotation;
mod support;
mod telemetry;
