//! Stores: where accounts, workspaces, analyses and revoked tokens are kept.

#[cfg(feature = "storage-sqlite")]
pub mod sqlite;
