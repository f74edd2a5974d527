//! Where things are kept.

use std::{path::Path, sync::Arc};

use explainer_adapters::secret;
use explainer_core::{
    Result,
    domain::SecretString,
    ports::{
        Analyses, Deliveries, IdempotencyKeys, Ledger, RevokedTokens, Users, Watches, Workspaces,
    },
};

#[cfg(not(all(feature = "storage-sqlite", feature = "storage-mongodb")))]
use super::compiled_out;
use crate::config::{Config, Storage};

/// The repositories of one store.
pub(super) struct Stores {
    pub users: Arc<dyn Users>,
    pub workspaces: Arc<dyn Workspaces>,
    pub analyses: Arc<dyn Analyses>,
    pub ledger: Arc<dyn Ledger>,
    pub deliveries: Arc<dyn Deliveries>,
    pub watches: Arc<dyn Watches>,
    pub idempotency: Arc<dyn IdempotencyKeys>,
    pub revoked_tokens: Arc<dyn RevokedTokens>,
}

/// Opens the store the configuration names.
pub(super) async fn open(config: &Storage) -> Result<Stores> {
    match &config.mongodb_uri {
        Some(uri) if config.uses_mongodb() => mongodb(uri, &config.mongodb_database).await,
        _ => sqlite(&config.sqlite_file()),
    }
}

#[cfg(any(feature = "storage-sqlite", feature = "storage-mongodb"))]
impl Stores {
    /// One store that is every repository at once.
    fn of<S>(store: S) -> Self
    where
        S: Users
            + Workspaces
            + Analyses
            + Ledger
            + Deliveries
            + Watches
            + IdempotencyKeys
            + RevokedTokens,
    {
        let store = Arc::new(store);
        Self {
            users: store.clone(),
            workspaces: store.clone(),
            analyses: store.clone(),
            ledger: store.clone(),
            deliveries: store.clone(),
            watches: store.clone(),
            idempotency: store.clone(),
            revoked_tokens: store,
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
async fn mongodb(uri: &SecretString, database: &str) -> Result<Stores> {
    use explainer_adapters::storage::mongodb::{MongoConfig, MongoStore};

    MongoStore::open(&MongoConfig::new(uri.clone(), database))
        .await
        .map(Stores::of)
}

#[cfg(not(feature = "storage-mongodb"))]
#[expect(clippy::unused_async, reason = "with the feature it is")]
async fn mongodb(_: &SecretString, _: &str) -> Result<Stores> {
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
