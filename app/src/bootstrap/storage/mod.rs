//! Where things are kept: which store is opened, to serve from or to carry everything between.
//!
//! Each store has a file in here; where a build leaves it out, its stand-in says so.

#[cfg(feature = "storage-mongodb")]
mod mongodb;
#[cfg(not(feature = "storage-mongodb"))]
#[path = "without_mongodb.rs"]
mod mongodb;
#[cfg(feature = "storage-sqlite")]
mod sqlite;
#[cfg(not(feature = "storage-sqlite"))]
#[path = "without_sqlite.rs"]
mod sqlite;

use std::sync::Arc;

#[cfg(any(feature = "storage-sqlite", feature = "storage-mongodb"))]
use explainer_adapters::layers::{Kept, Traced};
use explainer_adapters::secret::{self, SecretKeys};
use explainer_core::{
    Result,
    domain::SecretString,
    ports::{
        AccessTokens, Analyses, AuditLog, Changes, Deliveries, Export, IdempotencyKeys, Import,
        Invitations, Ledger, Outbox, RevokedTokens, Sessions, Users, Vitals, Watches, Workspaces,
    },
    services::{Mode, Tally},
};

use crate::config::{Config, Storage};

/// The ports of one store.
pub(super) struct Stores {
    pub users: Arc<dyn Users>,
    pub workspaces: Arc<dyn Workspaces>,
    pub analyses: Arc<dyn Analyses>,
    pub ledger: Arc<dyn Ledger>,
    pub deliveries: Arc<dyn Deliveries>,
    pub watches: Arc<dyn Watches>,
    pub outbox: Arc<dyn Outbox>,
    pub idempotency: Arc<dyn IdempotencyKeys>,
    pub revoked_tokens: Arc<dyn RevokedTokens>,
    pub sessions: Arc<dyn Sessions>,
    pub access_tokens: Arc<dyn AccessTokens>,
    pub invitations: Arc<dyn Invitations>,
    pub audit: Arc<dyn AuditLog>,
    pub vitals: Arc<dyn Vitals>,
    pub changes: Arc<dyn Changes>,
}

#[cfg(any(feature = "storage-sqlite", feature = "storage-mongodb"))]
impl Stores {
    /// One store that is every port at once.
    fn of<S>(store: S, system: &'static str) -> Self
    where
        S: Users
            + Workspaces
            + Analyses
            + Ledger
            + Deliveries
            + Watches
            + Outbox
            + IdempotencyKeys
            + RevokedTokens
            + Sessions
            + AccessTokens
            + Invitations
            + AuditLog
            + Vitals
            + Changes,
    {
        let store = Arc::new(store);
        macro_rules! traced {
            ($port:ty) => {{
                let port: Arc<$port> = store.clone();
                let traced: Arc<$port> = Arc::new(Traced::new(port, system));
                traced
            }};
        }
        Self {
            users: Arc::new(Kept::new(traced!(dyn Users))),
            workspaces: Arc::new(Kept::new(traced!(dyn Workspaces))),
            analyses: traced!(dyn Analyses),
            ledger: traced!(dyn Ledger),
            deliveries: traced!(dyn Deliveries),
            watches: traced!(dyn Watches),
            idempotency: traced!(dyn IdempotencyKeys),
            revoked_tokens: Arc::new(Kept::new(traced!(dyn RevokedTokens))),
            outbox: store.clone(),
            sessions: store.clone(),
            access_tokens: store.clone(),
            invitations: store.clone(),
            audit: store.clone(),
            // Asked every few seconds, and listened to: neither is a call to tell of.
            vitals: store.clone(),
            changes: store,
        }
    }
}

/// A store of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// The file in the data folder.
    Sqlite,
    /// The configured MongoDB database.
    Mongodb,
}

impl Store {
    /// The one that is configured.
    pub fn configured(config: &Storage) -> Self {
        if config.uses_mongodb() {
            Self::Mongodb
        } else {
            Self::Sqlite
        }
    }

    /// Where it is, for people.
    pub fn place(self, config: &Storage) -> String {
        match self {
            Self::Sqlite => format!("SQLite, {}", config.sqlite_file().display()),
            Self::Mongodb => format!("MongoDB, database {}", config.mongodb_database),
        }
    }

    /// Opens it to serve from.
    pub(super) async fn open(self, config: &Storage) -> Result<Stores> {
        match self {
            Self::Sqlite => sqlite::open(config),
            Self::Mongodb => mongodb::open(config).await,
        }
    }

    /// Whether it can be reached. An SQLite file that is not there yet will be made.
    pub async fn check(self, config: &Storage) -> Result<()> {
        match self {
            Self::Sqlite => sqlite::check(config).await,
            Self::Mongodb => mongodb::check(config).await,
        }
    }

    /// Opens it to read everything it holds.
    pub async fn export(self, config: &Storage) -> Result<Arc<dyn Export>> {
        match self {
            Self::Sqlite => sqlite::export(config),
            Self::Mongodb => mongodb::export(config).await,
        }
    }

    /// Opens it to write to; in a dry run nothing is made that is not there.
    pub async fn import(self, config: &Storage, mode: Mode) -> Result<Arc<dyn Import>> {
        match self {
            Self::Sqlite => sqlite::import(config, mode),
            Self::Mongodb => mongodb::import(config, mode).await,
        }
    }
}

/// The database of the older backend.
pub struct Older {
    /// All it holds.
    pub records: Arc<dyn Export>,
    /// What became of its settings, which are part of the workspaces here.
    pub settings: Tally,
}

impl Older {
    /// Opens it on the server at `uri`.
    pub async fn open(
        config: &Config,
        uri: &SecretString,
        database: &str,
        mode: Mode,
    ) -> Result<Self> {
        mongodb::older(config, uri, database, mode).await
    }
}

/// The key beside the data. To make one beside data that is there already is what happens to a copy
/// that left it behind: what was sealed cannot be opened with the new one, and it does not fail here.
fn kept_key(storage: &Storage) -> Result<SecretString> {
    let database = storage.sqlite_file();
    let is_lost = database.exists() && !secret::has_key(&storage.data_dir);
    let key = secret::secret_key(&storage.data_dir)?;
    if is_lost {
        let database = database.display();
        tracing::warn!(
            "there was no secret.key beside {database} and a new one was made: tokens and keys that \
             are kept cannot be opened, and everybody logs in anew; put the former one back, or \
             name it in FORMER_SECRET_KEYS"
        );
    }
    Ok(key)
}

/// The installation's secrets: the configured one, else one that is made once and kept beside the
/// data, and those that were in force before.
pub(super) fn secret_keys(config: &Config) -> Result<SecretKeys> {
    let current = match &config.auth.secret_key {
        Some(secret) => secret.clone(),
        None => kept_key(&config.storage)?,
    };
    let former = config.auth.former_secret_keys.clone();
    Ok(SecretKeys { current, former })
}
