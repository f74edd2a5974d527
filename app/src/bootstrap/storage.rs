//! Where things are kept.

use std::{path::Path, sync::Arc};

use explainer_adapters::secret;
#[cfg(feature = "storage-mongodb")]
use explainer_adapters::storage::mongodb::{MongoConfig, MongoStore};
use explainer_core::{
    Result,
    domain::SecretString,
    ports::{Analyses, Changes, RevokedTokens, Users, Vitals, Workspaces},
};

#[cfg(not(all(feature = "storage-sqlite", feature = "storage-mongodb")))]
use super::compiled_out;
use crate::config::{Config, Storage};

/// The repositories of one store.
pub(super) struct Stores {
    pub users: Arc<dyn Users>,
    pub workspaces: Arc<dyn Workspaces>,
    pub analyses: Arc<dyn Analyses>,
    pub revoked_tokens: Arc<dyn RevokedTokens>,
    pub vitals: Arc<dyn Vitals>,
    pub changes: Arc<dyn Changes>,
}

/// Opens the store the configuration names.
pub(super) async fn open(config: &Storage) -> Result<Stores> {
    match &config.mongodb_uri {
        Some(uri) if config.uses_mongodb() => mongodb(config, uri).await,
        _ => sqlite(&config.sqlite_file()),
    }
}

#[cfg(any(feature = "storage-sqlite", feature = "storage-mongodb"))]
impl Stores {
    /// One store that is every repository at once.
    fn of<S>(store: S) -> Self
    where
        S: Users + Workspaces + Analyses + RevokedTokens + Vitals + Changes,
    {
        let store = Arc::new(store);
        Self {
            users: store.clone(),
            workspaces: store.clone(),
            analyses: store.clone(),
            revoked_tokens: store.clone(),
            vitals: store.clone(),
            changes: store,
        }
    }
}

#[cfg(feature = "storage-sqlite")]
fn sqlite(file: &Path) -> Result<Stores> {
    use explainer_adapters::storage::sqlite::SqliteStore;

    SqliteStore::open(file).map(Stores::of)
}

#[cfg(not(feature = "storage-sqlite"))]
fn sqlite(_: &Path) -> Result<Stores> {
    Err(compiled_out(
        "storage",
        "sqlite",
        "set MONGODB_URI, or use a build with it",
    ))
}

#[cfg(feature = "storage-mongodb")]
async fn mongodb(config: &Storage, uri: &SecretString) -> Result<Stores> {
    MongoStore::open(&mongo_config(config, uri))
        .await
        .map(Stores::of)
}

#[cfg(feature = "storage-mongodb")]
fn mongo_config(config: &Storage, uri: &SecretString) -> MongoConfig {
    use std::time::Duration;

    MongoConfig {
        max_pool_size: config.mongodb_pool_size,
        read_timeout: Duration::from_millis(config.mongodb_read_timeout_ms),
        write_timeout: Duration::from_millis(config.mongodb_write_timeout_ms),
        ..MongoConfig::new(uri.clone(), &*config.mongodb_database)
    }
}

#[cfg(not(feature = "storage-mongodb"))]
#[expect(clippy::unused_async, reason = "with the feature it is")]
async fn mongodb(_: &Storage, _: &SecretString) -> Result<Stores> {
    Err(compiled_out(
        "storage",
        "mongodb",
        "unset MONGODB_URI to keep things in SQLite",
    ))
}

/// The installation's secret: the configured one, else one that is made once and kept beside the data.
pub(super) fn secret_key(config: &Config) -> Result<SecretString> {
    match &config.auth.secret_key {
        Some(secret) => Ok(secret.clone()),
        None => secret::secret_key(&config.storage.data_dir),
    }
}
