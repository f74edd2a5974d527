//! A store of one size, and the service that stands on it.

use std::process::Command;

use explainer_adapters::storage::{
    mongodb::{MongoConfig, MongoStore},
    sqlite::SqliteStore,
};
use explainer_core::{
    domain::WorkspaceId,
    ports::{Analyses, Import},
};

use crate::{
    Outcome,
    filled::fill,
    service::{Service, Variable, on_mongodb},
};

/// The variable that has this program serve.
pub(crate) const SERVE: &str = "EXPLAINER_LOAD_SERVE";

/// A store to fill and to ask.
pub(crate) trait Store: Analyses + Import {}
impl<S: Analyses + Import> Store for S {}

pub(crate) struct Side {
    pub service: Service,
    /// What the service stands on, opened once more.
    pub store: Box<dyn Store>,
    /// The only workspace: no other divides the lists.
    pub workspace: WorkspaceId,
    pub size: usize,
}

impl Side {
    pub(crate) async fn on_sqlite(size: usize) -> Outcome<Self> {
        let service = serve(&[]).await?;
        let file = service.server.folder.path().join("data/explainer.db");
        Self::filled(service, SqliteStore::open(file)?, size).await
    }

    pub(crate) async fn on_mongodb(uri: &str, size: usize) -> Outcome<Self> {
        let place = on_mongodb(uri);
        let service = serve(&place).await?;
        let [_, (_, database)] = place;
        let config = MongoConfig::new(uri.into(), database);
        Self::filled(service, MongoStore::open(&config).await?, size).await
    }

    async fn filled(mut service: Service, store: impl Store, size: usize) -> Outcome<Self> {
        let workspace = service.workspace.parse()?;
        // One that runs would be told of every analysis that comes, and might still be busy with that.
        service.server.stop()?;
        let took = fill(&store, &workspace, size).await?;
        eprintln!("{size} analyses written in {took:.1?}");
        service.server.restart()?;
        Ok(Self {
            service,
            store: Box::new(store),
            workspace,
            size,
        })
    }
}

async fn serve(more: &[Variable]) -> Outcome<Service> {
    let program = Command::new(std::env::current_exe()?);
    let variables = [&[(SERVE, "1".to_owned())], more].concat();
    Service::start(program, "", &variables).await
}
