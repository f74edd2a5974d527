//! The MongoDB database, and that of the older backend.

use std::{sync::Arc, time::Duration};

use explainer_adapters::{
    auth::Argon2Passwords,
    storage::mongodb::{
        MongoConfig, MongoStore,
        older::{Given, OlderDatabase},
    },
    system::{SystemClock, UuidIds},
    vault::XChaChaVault,
};
use explainer_core::{
    Error, ErrorKind, Result,
    domain::SecretString,
    ports::{Clock as _, Export, Ids as _, Import, Passwords as _, Vitals},
    services::Mode,
};

use super::{Older, Stores, secret_key};
use crate::config::{Config, Storage};

pub(super) async fn open(config: &Storage) -> Result<Stores> {
    MongoStore::open(&settings(config)?).await.map(Stores::of)
}

pub(super) async fn check(config: &Storage) -> Result<()> {
    let store = MongoStore::open_to_read(&settings(config)?).await?;
    store.ping().await
}

pub(super) async fn export(config: &Storage) -> Result<Arc<dyn Export>> {
    let store = MongoStore::open_to_read(&settings(config)?).await?;
    Ok(Arc::new(store))
}

pub(super) async fn import(config: &Storage, mode: Mode) -> Result<Arc<dyn Import>> {
    let config = settings(config)?;
    Ok(Arc::new(match mode {
        Mode::Real => MongoStore::open(&config).await?,
        Mode::DryRun => MongoStore::open_to_read(&config).await?,
    }))
}

pub(super) async fn older(
    config: &Config,
    uri: &SecretString,
    database: &str,
    mode: Mode,
) -> Result<Older> {
    let password = SecretString::from(format!("{}{}", UuidIds.next(), UuidIds.next()));
    let secret = match mode {
        Mode::Real => secret_key(config)?,
        // What it seals is thrown away, and no key is made for that.
        Mode::DryRun => password.clone(),
    };
    let given = Given {
        vault: Arc::new(XChaChaVault::new(&secret)),
        now: SystemClock::default().now(),
        unknown_password: Argon2Passwords::new().hash(password).await?,
    };
    let older = OlderDatabase::open(MongoConfig::new(uri.clone(), database), given).await?;
    Ok(Older {
        settings: older.settings().clone(),
        records: Arc::new(older),
    })
}

fn settings(config: &Storage) -> Result<MongoConfig> {
    let Some(uri) = &config.mongodb_uri else {
        let message = "could not open MongoDB because no server is configured; set MONGODB_URI";
        return Err(Error::new(ErrorKind::Invalid, "mongodb", "open", message));
    };
    Ok(MongoConfig {
        max_pool_size: config.mongodb_pool_size,
        read_timeout: Duration::from_millis(config.mongodb_read_timeout_ms),
        write_timeout: Duration::from_millis(config.mongodb_write_timeout_ms),
        ..MongoConfig::new(uri.clone(), &*config.mongodb_database)
    })
}
