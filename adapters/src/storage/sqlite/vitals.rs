//! How the store is doing, and that it does not tell what others change in it.

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::Timestamp,
    ports::{Backlog, Change, Changes, Vitals},
};
use futures::stream::BoxStream;

use super::{ADAPTER, SqliteStore, fault::Fault, statement::statements};

statements! {
    ANSWERS = "SELECT 1 FROM analyses WHERE id = ''";
    COUNT_DUE = "SELECT count(*) FROM analyses WHERE due_at <= ?1";
    FIRST_DUE = "SELECT due_at FROM analyses WHERE due_at <= ?1 ORDER BY due_at LIMIT 1";
}

#[async_trait]
impl Vitals for SqliteStore {
    async fn ping(&self) -> Result<()> {
        self.database
            .read("ping", |connection| ANSWERS.finds(connection, []).map(drop))
            .await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        let now = now.as_millisecond();
        self.database
            .read("backlog", move |connection| {
                let waiting = COUNT_DUE.number(connection, [now])?.unwrap_or_default();
                let oldest = FIRST_DUE.number(connection, [now])?;
                Ok(Backlog {
                    waiting: u64::try_from(waiting).unwrap_or_default(),
                    oldest: oldest
                        .map(Timestamp::from_millisecond)
                        .transpose()
                        .map_err(|error| Fault::refused(ErrorKind::Internal, error.to_string()))?,
                })
            })
            .await
    }
}

#[async_trait]
impl Changes for SqliteStore {
    async fn listen(&self) -> Result<BoxStream<'static, Result<Change>>> {
        Err(Error::new(
            ErrorKind::Unsupported,
            ADAPTER,
            "listen",
            "could not listen for changes because SQLite does not tell one process what another \
             does; look at the store now and then",
        ))
    }
}
