//! The SQLite file in the data folder.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use explainer_adapters::storage::sqlite::SqliteStore;
use explainer_core::{
    Error, ErrorKind, Result,
    ports::{Added, Entry, Export, Import, Kind, Vitals},
    services::Mode,
};

use super::Stores;
use crate::config::Storage;

pub(super) fn open(config: &Storage) -> Result<Stores> {
    SqliteStore::open(config.sqlite_file()).map(Stores::of)
}

pub(super) async fn check(config: &Storage) -> Result<()> {
    if !config.sqlite_file().exists() {
        return Ok(());
    }
    SqliteStore::open_to_read(config.sqlite_file())?
        .ping()
        .await
}

pub(super) fn export(config: &Storage) -> Result<Arc<dyn Export>> {
    Ok(Arc::new(SqliteStore::open_to_read(config.sqlite_file())?))
}

pub(super) fn import(config: &Storage, mode: Mode) -> Result<Arc<dyn Import>> {
    let file = config.sqlite_file();
    Ok(match mode {
        Mode::Real => Arc::new(SqliteStore::open(file)?),
        Mode::DryRun if file.exists() => Arc::new(SqliteStore::open_to_read(file)?),
        Mode::DryRun => Arc::new(NotMadeYet),
    })
}

/// A store that a dry run does not make.
#[derive(Debug)]
struct NotMadeYet;

#[async_trait]
impl Import for NotMadeYet {
    async fn known(&self, _: Kind, _: &[&str]) -> Result<BTreeSet<String>> {
        Ok(BTreeSet::new())
    }

    async fn add(&self, _: Kind, _: &[Entry]) -> Result<Vec<Added>> {
        let message = "could not add anything because this is a dry run; run without --dry-run";
        Err(Error::new(ErrorKind::Unsupported, "sqlite", "add", message))
    }
}
