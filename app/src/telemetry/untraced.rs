//! In the place of `otlp` in a build without it: no trace is sent.

#![expect(clippy::unused_self, reason = "with OTLP there is something in it")]

use explainer_core::{domain::Analysis, services::Caller};
use poem::{Request, Response};
use tracing_subscriber::{Layer, Registry};

use crate::config;

/// Sends nothing.
#[derive(Clone, Debug)]
pub struct Otlp;

/// A request nobody traces.
pub(crate) struct Trace;

impl Otlp {
    #[expect(clippy::unnecessary_wraps, reason = "with OTLP it can fail")]
    pub(super) fn start(_: &config::Telemetry) -> Result<Self, String> {
        Ok(Self)
    }

    pub(super) fn stop(&self) {}

    pub(super) fn layer(&self) -> Option<Box<dyn Layer<Registry> + Send + Sync>> {
        None
    }

    pub(crate) fn request(&self, _: &Request, _: &str) -> Trace {
        Trace
    }

    pub(super) async fn job(&self, _: &Analysis, work: impl Future<Output = ()>) {
        work.await;
    }
}

impl Trace {
    pub(crate) async fn over(self, answer: impl Future<Output = Response>) -> Response {
        answer.await
    }
}

pub(super) fn identify(_: &Caller) {}

pub(super) fn trace() -> Option<String> {
    None
}
