//! The poller: it looks through the sources of the workspaces that want it, each in its turn, and
//! stops when told to.
//!
//! Whose turn it is and what a look does is `explainer_core::services::Reconciler`'s.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use explainer_core::{
    ErrorKind,
    domain::Workspace,
    services::{Failure, Services},
};
use futures::{FutureExt, StreamExt, stream};
use tokio::{sync::watch, task::JoinHandle, time::sleep};

/// Workspaces read from the store at once.
const PAGE: u16 = 100;
/// Workspaces looked at at once. Each has limits of its own towards its source.
const AT_ONCE: usize = 4;

/// A running poller.
#[derive(Debug)]
pub struct Poller {
    stop: watch::Sender<bool>,
    polling: JoinHandle<()>,
}

impl Poller {
    /// Starts it on the current runtime: each workspace is looked at about every `interval`.
    pub fn start(services: Arc<Services>, interval: Duration) -> Self {
        let (stop, stopped) = watch::channel(false);
        let polling = tokio::spawn(poll_all(services, interval, stopped));
        Self { stop, polling }
    }

    /// Ends it at once: what was not looked at is looked at later, by anyone.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.polling.await;
    }
}

async fn poll_all(services: Arc<Services>, interval: Duration, mut stopped: watch::Receiver<bool>) {
    // Often enough that none waits much longer than its interval, and not in step with it.
    let rest = (interval / 4).clamp(Duration::from_secs(1), Duration::from_secs(60));
    loop {
        tokio::select! {
            () = poll(&services, interval) => {}
            _ = stopped.changed() => return,
        }
        tokio::select! {
            () = sleep(rest) => {}
            _ = stopped.changed() => return,
        }
    }
}

/// Looks at every workspace whose turn it is.
async fn poll(services: &Services, interval: Duration) {
    let mut after = None;
    loop {
        let page = services.reconciler.workspaces(after.as_ref(), PAGE).await;
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(?error, "could not list the workspaces to look at");
                return;
            }
        };
        let Some(last) = page.last() else { return };
        after = Some(last.id.clone());
        let looks = page
            .iter()
            .map(|workspace| look(services, workspace, interval));
        let looks = stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        looks.for_each(|()| async {}).await;
    }
}

async fn look(services: &Services, workspace: &Workspace, interval: Duration) {
    let look = services.reconciler.look(workspace, interval);
    match AssertUnwindSafe(look).catch_unwind().await {
        Ok(Ok(Some(looked))) => {
            tracing::info!(workspace = %workspace.id, ?looked, "looked through a source");
        }
        Ok(Ok(None)) => {}
        Ok(Err(failure)) if has_no_list(&failure) => {
            tracing::debug!(workspace = %workspace.id, %failure, "there is nothing to look through");
        }
        Ok(Err(failure)) => {
            tracing::warn!(workspace = %workspace.id, %failure, "could not look through a source");
        }
        // The panic hook has logged where and why; the watch is taken up again after its lease.
        Err(_panic) => tracing::error!(workspace = %workspace.id, "a look panicked"),
    }
}

/// Whether there is no source, or one that lists nothing: that stays so until somebody changes it.
fn has_no_list(failure: &Failure) -> bool {
    match failure {
        Failure::SourceNotConfigured => true,
        Failure::Source(error) => error.kind() == ErrorKind::Unsupported,
        _ => false,
    }
}
