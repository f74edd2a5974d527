//! Everything in one MongoDB database: the store of an installation that runs on many machines.
//!
//! [`MongoStore`] is every repository port at once; each port has a file of its own in here. What
//! the documents look like is `documents`, what they are found by is `indexes`.
//!
//! Any server from 4.4 on will do, one that stands alone included: every change is one command on
//! one document, which MongoDB does whole or not at all, so neither transactions nor change
//! streams are needed.
//!
//! # What is safe when
//! A write is answered once a majority of the replica set has it in its journal; it survives the
//! death of any one of them, and of a server that stands alone. Reads ask the primary, so that
//! what was written is there. Another write concern in the connection string is respected.

mod analyses;
mod config;
mod deliveries;
mod documents;
mod fault;
mod forms;
mod idempotency;
mod indexes;
mod ledger;
mod query;
mod queue;
mod results;
mod revoked_tokens;
mod users;
mod watches;
mod workspaces;

use std::{fmt, future::Future, time::Duration};

use ::mongodb::{
    Client, Collection, Database,
    bson::{Document, doc},
};
use explainer_core::Result;

pub use config::MongoConfig;
use fault::Fault;

/// What errors call this adapter.
const ADAPTER: &str = "mongodb";

/// A store in one MongoDB database. Cheap to clone: clones share the connections.
#[derive(Clone)]
pub struct MongoStore {
    database: Database,
    operation_timeout: Duration,
}

impl MongoStore {
    /// Connects, and makes the indexes that are missing.
    ///
    /// Fails with `Invalid` when the connection string cannot be read, `Unauthorized` or
    /// `Forbidden` when the server does not let us in, `Unsupported` when it is too old, and
    /// `Unavailable` or `Timeout` when it does not answer.
    pub async fn open(config: &MongoConfig) -> Result<Self> {
        let limit = config.operation_timeout;
        within(limit, "open", async {
            let client = Client::with_options(config.client_options().await?)?;
            let database = client.database(&config.database);
            indexes::ensure(&database).await?;
            Ok(Self {
                database,
                operation_timeout: limit,
            })
        })
        .await
    }

    /// Whether the server answers.
    pub async fn ping(&self) -> Result<()> {
        self.run("ping", async {
            self.database.run_command(doc! { "ping": 1 }).await?;
            Ok(())
        })
        .await
    }

    fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    /// Does `work` within the time an operation may take; the driver itself would wait for ever
    /// on a server that took a command and went silent.
    async fn run<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, Fault>> + Send,
    ) -> Result<T> {
        within(self.operation_timeout, operation, work).await
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
