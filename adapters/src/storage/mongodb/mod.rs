//! Everything in one MongoDB database: the store of an installation that runs on many machines.
//!
//! [`MongoStore`] is every repository port at once; each port has a file of its own in here, and
//! [`older`] reads the database of the older backend. What
//! the documents look like is `documents`, what they are found by is `indexes`.
//!
//! Any server from 4.4 on will do, one that stands alone included: every change is one of
//! one document, which MongoDB makes whole or not at all, so no transactions are needed, and where
//! there are no change streams waiting calls look at the store.
//!
//! # What is safe when
//! A write is answered once a majority of the replica set has it in its journal; it survives the
//! death of any one of them, and of a server that stands alone. Reads ask the primary, so that
//! what was written is there. Another write concern in the connection string is respected.

mod analyses;
mod archive;
mod audit;
mod changes;
mod config;
mod credentials;
mod deliveries;
mod documents;
mod fault;
mod forms;
mod idempotency;
mod indexes;
mod invitations;
mod ledger;
pub mod older;
mod outbox;
mod query;
mod queue;
mod results;
mod revoked_tokens;
mod users;
mod vitals;
mod watches;
mod workspaces;
mod writers;

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::mongodb::{Client, Collection, Database, bson::Document};
use explainer_core::Result;

pub use config::MongoConfig;
use fault::Fault;
use writers::Writers;

/// What errors call this adapter.
const ADAPTER: &str = "mongodb";

/// A store in one MongoDB database. Cheap to clone: clones share the connections.
#[derive(Clone)]
pub struct MongoStore {
    database: Database,
    writers: Writers,
    read_timeout: Duration,
    write_timeout: Duration,
    /// How many writes have ended, or were given up.
    written: Arc<AtomicU64>,
}

impl MongoStore {
    /// Connects, and makes the indexes that are missing.
    ///
    /// Fails with `Invalid` when the connection string cannot be read, `Unauthorized` or
    /// `Forbidden` when the server does not let us in, `Unsupported` when it is too old, and
    /// `Unavailable` or `Timeout` when it does not answer.
    pub async fn open(config: &MongoConfig) -> Result<Self> {
        within(config.write_timeout, "open", async {
            let store = Self::connect(config).await?;
            older::refuse(&store.database).await?;
            indexes::ensure(&store.database).await?;
            Ok(store)
        })
        .await
    }

    /// Connects to a store that is only to be read, and changes nothing in it.
    ///
    /// Fails as [`MongoStore::open`] does.
    pub async fn open_to_read(config: &MongoConfig) -> Result<Self> {
        within(config.read_timeout, "open", async {
            let store = Self::connect(config).await?;
            older::refuse(&store.database).await?;
            Ok(store)
        })
        .await
    }

    async fn connect(config: &MongoConfig) -> Result<Self, Fault> {
        let client = Client::with_options(config.client_options().await?)?;
        let database = client.database(&config.database);
        Ok(Self {
            writers: Writers::start(&database, config.write_timeout)?,
            database,
            read_timeout: config.read_timeout,
            write_timeout: config.write_timeout,
            written: Arc::default(),
        })
    }

    fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    /// Does `work`, which changes nothing, within the time a read may take; the driver itself
    /// would wait for ever on a server that took a command and went silent.
    async fn read<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Fault>> + Send,
    ) -> Result<T> {
        within(self.read_timeout, operation, work).await
    }

    /// Does `work`, which changes nothing and may read much, within the time a write may take.
    async fn read_much<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Fault>> + Send,
    ) -> Result<T> {
        within(self.write_timeout, operation, work).await
    }

    /// Does `work` within the time a write may take.
    async fn run<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Fault>> + Send,
    ) -> Result<T> {
        let _counted = Counted(&self.written);
        within(self.write_timeout, operation, work).await
    }
}

/// Counts a write once it is over; one that is given up may have come to pass all the same.
struct Counted<'a>(&'a AtomicU64);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

/// Without the client, whose own text would show the credentials.
impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore")
            .field("database", &self.database.name())
            .finish_non_exhaustive()
    }
}

async fn within<T>(
    limit: Duration,
    operation: &'static str,
    work: impl Future<Output = Result<T, Fault>> + Send,
) -> Result<T> {
    let outcome = tokio::time::timeout(limit, work).await;
    outcome
        .unwrap_or(Err(Fault::Late(limit)))
        .map_err(|fault| fault.into_error(operation))
}
