//! Where things are kept.

use std::sync::Arc;

use explainer_adapters::secret;
use explainer_core::{
    Result,
    domain::SecretString,
    ports::{Analyses, RevokedTokens, Users, Workspaces},
};

use super::compiled_out;
use crate::config::Config;

/// The repositories of one store.
pub(super) struct Stores {
    pub users: Arc<dyn Users>,
    pub workspaces: Arc<dyn Workspaces>,
    pub analyses: Arc<dyn Analyses>,
    pub revoked_tokens: Arc<dyn RevokedTokens>,
}

/// Opens the store the configuration names.
pub(super) fn open(config: &Config) -> Result<Stores> {
    if config.storage.uses_mongodb() {
        return Err(compiled_out(
            "storage",
            "mongodb",
            "unset MONGODB_URI to keep things in SQLite",
        ));
    }
    sqlite(config)
}

#[cfg(feature = "storage-sqlite")]
fn sqlite(config: &Config) -> Result<Stores> {
    use explainer_adapters::storage::sqlite::SqliteStore;

    let store = Arc::new(SqliteStore::open(config.storage.sqlite_file())?);
    Ok(Stores {
        users: store.clone(),
        workspaces: store.clone(),
        analyses: store.clone(),
        revoked_tokens: store,
    })
}

#[cfg(not(feature = "storage-sqlite"))]
fn sqlite(_: &Config) -> Result<Stores> {
    Err(compiled_out(
        "storage",
        "sqlite",
        "build with it, or choose a store this build has",
    ))
}

/// The installation's secret: the configured one, else one that is made once and kept beside the data.
pub(super) fn secret_key(config: &Config) -> Result<SecretString> {
    match &config.auth.secret_key {
        Some(secret) => Ok(secret.clone()),
        None => secret::secret_key(&config.storage.data_dir),
    }
}
