//! Whether the store answers, and that it does not tell what others change in it.

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    ports::{Change, Changes, Vitals},
};
use futures::stream::BoxStream;

use super::{ADAPTER, SqliteStore, statement::statements};

statements! {
    ANSWERS = "SELECT 1 FROM analyses WHERE id = ''";
}

#[async_trait]
impl Vitals for SqliteStore {
    async fn ping(&self) -> Result<()> {
        self.database
            .read("ping", |connection| ANSWERS.finds(connection, []).map(drop))
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

    fn written(&self) -> u64 {
        self.database.written()
    }
}
