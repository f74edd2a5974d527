//! Stores: where accounts, workspaces, analyses and revoked tokens are kept.

#[cfg(any(feature = "storage-mongodb", feature = "storage-sqlite"))]
mod depth;
#[cfg(feature = "storage-mongodb")]
pub mod mongodb;
#[cfg(feature = "storage-sqlite")]
pub mod sqlite;
