//! Stores: where accounts, workspaces, analyses and revoked tokens are kept.

#[cfg(feature = "storage-mongodb")]
pub mod mongodb;
#[cfg(feature = "storage-sqlite")]
pub mod sqlite;
