//! Everything in one SQLite file: the store of an installation that runs on one machine.
//!
//! [`SqliteStore`] is every repository port at once; each port has a file of its own in here. How
//! connections are shared and writes are grouped is `database` and `writer`; what the tables look
//! like is in `migrations/`.
//!
//! # What is safe when
//! The file is kept in write-ahead mode with `synchronous = NORMAL`. A write is answered once it
//! is committed, and what is committed survives the death of the process, `kill -9` included: the
//! operating system has it. When the machine itself loses power, the newest commits may be lost,
//! back to the last checkpoint; the file stays whole and consistent all the same.
//!
//! Several processes may open one file: every write is an immediate transaction that waits its
//! turn. That is correct and not fast; more than a few processes want a server.

mod analyses;
mod archive;
mod audit;
mod credentials;
mod database;
mod deliveries;
mod fault;
mod idempotency;
mod invitations;
mod ledger;
mod migrations;
mod outbox;
mod queue;
mod revoked_tokens;
mod statement;
#[cfg(test)]
mod tests;
mod users;
mod vitals;
mod watches;
mod workspaces;
mod writer;

use std::path::Path;

use explainer_core::Result;

use database::Database;

/// What errors call this adapter.
const ADAPTER: &str = "sqlite";

/// A store in one SQLite file. Cheap to clone: clones share the connections.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    database: Database,
}

impl SqliteStore {
    /// Opens the store at `path`, making file and folder where there are none (readable by nobody
    /// else on Unix), and brings its tables up to date.
    ///
    /// Blocks for a few milliseconds. Fails with `Unavailable` when the file cannot be used, and
    /// with `Unsupported` when it belongs to another program or to a newer version of this one.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let database = Database::open(path.as_ref())?;
        Ok(Self { database })
    }

    /// Opens a store that is only to be read: nothing is made, and its tables stay as they are.
    ///
    /// Fails as [`SqliteStore::open`] does, and with `NotFound` when there is none.
    pub fn open_to_read(path: impl AsRef<Path>) -> Result<Self> {
        let database = Database::open_existing(path.as_ref())?;
        Ok(Self { database })
    }
}
