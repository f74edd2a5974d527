//! In the place of `monitor` in a build without Sentry: nobody is told anything.

#![expect(clippy::unused_self, reason = "with Sentry there is something in it")]

use explainer_core::{domain::Analysis, services::Caller};
use poem::{Request, Response};
use tracing_subscriber::{Layer, Registry};

use super::test_events::{NotTaken, Told, Wanted, Whose};
use crate::{api::RouteName, config};

/// Tells nobody.
#[derive(Clone, Debug)]
pub struct Monitor;

/// A request nobody watches.
pub(crate) struct Watch;

impl Monitor {
    #[expect(clippy::unnecessary_wraps, reason = "with Sentry it can fail")]
    pub(super) fn start(_: &config::Telemetry) -> Result<Self, String> {
        Ok(Self)
    }

    pub(super) fn stop(&self) {}

    pub(super) fn layers(&self) -> Vec<Box<dyn Layer<Registry> + Send + Sync>> {
        Vec::new()
    }

    pub(super) fn panicked(_: &std::panic::PanicHookInfo<'_>) {}

    pub(crate) fn request(&self, _: &Request, _: &str) -> Watch {
        Watch
    }

    pub(crate) fn test_error(&self) -> Option<String> {
        None
    }

    pub(crate) fn test_message(&self, _: &str) -> Option<String> {
        None
    }

    #[expect(clippy::unused_async, reason = "with Sentry it waits")]
    pub(crate) async fn send_test_events(
        &self,
        _: &str,
        _: Whose,
        _: &Caller,
        _: Wanted,
        _: usize,
    ) -> Result<Vec<Told>, NotTaken> {
        Err(NotTaken::Absent)
    }

    pub(crate) async fn job(&self, _: &Analysis, work: impl Future<Output = ()>) {
        work.await;
    }
}

impl Watch {
    pub(crate) async fn over(self, answer: impl Future<Output = Response>) -> Response {
        answer.await
    }
}

pub(crate) fn identify(_: &Caller, _: &RouteName, _: &Monitor) {}

pub(crate) fn kept<F: Future>(work: F) -> F {
    work
}

pub(crate) fn trace() -> Option<String> {
    None
}
