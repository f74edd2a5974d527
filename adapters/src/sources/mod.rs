//! Where issues come from.

pub mod files;
#[cfg(feature = "source-sentry")]
pub mod sentry;
