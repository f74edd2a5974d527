//! What a build without SQLite says.

#![expect(clippy::unused_async, reason = "with the feature some are")]

use std::sync::Arc;

use explainer_core::{
    Error, Result,
    ports::{Export, Import},
    services::Mode,
};

use super::Stores;
use crate::{bootstrap::compiled_out, config::Storage};

pub(super) fn open(_: &Storage) -> Result<Stores> {
    Err(absent())
}

pub(super) async fn check(_: &Storage) -> Result<()> {
    Err(absent())
}

pub(super) fn export(_: &Storage) -> Result<Arc<dyn Export>> {
    Err(absent())
}

pub(super) fn import(_: &Storage, _: Mode) -> Result<Arc<dyn Import>> {
    Err(absent())
}

fn absent() -> Error {
    compiled_out(
        "storage",
        "sqlite",
        "set MONGODB_URI, or use a build with it",
    )
}
