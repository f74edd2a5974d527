//! Hears what other replicas do, where the store tells it, and passes it on to those who wait here.

use std::{sync::Arc, time::Duration};

use explainer_core::ports::Changes;
use futures::StreamExt;
use tokio::time::sleep;

use crate::waiting::Waiting;

/// How long to rest when the store cannot be heard.
const FAULT: Duration = Duration::from_secs(2);

/// Listens for ever; ends where the store does not tell, and those who wait look at it instead.
pub async fn listen(changes: Arc<dyn Changes>, waiting: Arc<Waiting>) {
    loop {
        match changes.listen().await {
            Ok(mut told) => {
                waiting.listening(true);
                while let Some(Ok(change)) = told.next().await {
                    waiting.heard(&change);
                }
                waiting.listening(false);
                tracing::warn!("lost the stream of changes; waiting calls look at the store");
            }
            Err(error) if error.kind().is_transient() => {
                tracing::warn!(?error, "could not listen for changes");
            }
            Err(error) => {
                tracing::debug!(%error, "waiting calls look at the store");
                return;
            }
        }
        sleep(FAULT).await;
    }
}
