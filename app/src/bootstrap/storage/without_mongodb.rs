//! What a build without MongoDB says.

#![expect(clippy::unused_async, reason = "with the feature they are")]

use std::sync::Arc;

use explainer_core::{
    Error, Result,
    domain::SecretString,
    ports::{Export, Import},
    services::Mode,
};

use super::{Older, Stores};
use crate::{
    bootstrap::compiled_out,
    config::{Config, Storage},
};

pub(super) async fn open(_: &Storage) -> Result<Stores> {
    Err(absent())
}

pub(super) async fn check(_: &Storage) -> Result<()> {
    Err(absent())
}

pub(super) async fn export(_: &Storage) -> Result<Arc<dyn Export>> {
    Err(absent())
}

pub(super) async fn import(_: &Storage, _: Mode) -> Result<Arc<dyn Import>> {
    Err(absent())
}

pub(super) async fn older(_: &Config, _: &SecretString, _: &str, _: Mode) -> Result<Older> {
    Err(absent())
}

fn absent() -> Error {
    compiled_out(
        "storage",
        "mongodb",
        "unset MONGODB_URI to keep things in SQLite",
    )
}
