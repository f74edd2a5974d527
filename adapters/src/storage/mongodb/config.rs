//! How to reach the server.

use std::{fmt, time::Duration};

use ::mongodb::options::{
    Acknowledgment, ClientOptions, ReadPreference, SelectionCriteria, WriteConcern,
};
use explainer_core::domain::{ExposeSecret, SecretString};

use super::fault::Fault;

/// The server, the database, and how long to wait for them.
#[derive(Clone)]
pub struct MongoConfig {
    /// The connection string, `mongodb://…` or `mongodb+srv://…`. Where it says `maxPoolSize`,
    /// `serverSelectionTimeoutMS`, `connectTimeoutMS` or a write concern, that holds.
    pub uri: SecretString,
    /// The database.
    pub database: String,
    /// How many connections to open at most to each server.
    pub max_pool_size: u32,
    /// How long a read may take in all, the search for a server and the wait for a connection
    /// included: nobody waits longer to be told that the server is away.
    pub read_timeout: Duration,
    /// How long a write may take in all: longer, since a majority has to confirm it.
    pub write_timeout: Duration,
}

impl MongoConfig {
    /// 32 connections, 2.5 s for a read, 10 s for a write.
    pub fn new(uri: SecretString, database: impl Into<String>) -> Self {
        Self {
            uri,
            database: database.into(),
            max_pool_size: 32,
            read_timeout: Duration::from_millis(2500),
            write_timeout: Duration::from_secs(10),
        }
    }

    pub(super) async fn client_options(&self) -> Result<ClientOptions, Fault> {
        let parsed = ClientOptions::parse(self.uri.expose_secret()).await;
        let mut options = parsed.map_err(Fault::of_uri)?;
        options.app_name.get_or_insert("issue-explainer".to_owned());
        options.max_pool_size.get_or_insert(self.max_pool_size);
        // Before the read itself runs out of time, so that the error can say what is missing.
        let search = self.read_timeout * 4 / 5;
        options.server_selection_timeout.get_or_insert(search);
        options.connect_timeout.get_or_insert(self.write_timeout);
        options.write_concern.get_or_insert_with(|| {
            let majority = WriteConcern::builder().w(Acknowledgment::Majority);
            // A server that stands alone would answer before its journal is on the disk.
            majority.journal(true).build()
        });
        // A secondary may not have yet what was just written.
        let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
        options.selection_criteria = Some(primary);
        Ok(options)
    }
}

impl fmt::Debug for MongoConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoConfig")
            .field("uri", &"***")
            .field("database", &self.database)
            .field("max_pool_size", &self.max_pool_size)
            .field("read_timeout", &self.read_timeout)
            .field("write_timeout", &self.write_timeout)
            .finish()
    }
}
