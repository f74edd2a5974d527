//! How the service tells what it does: log lines, figures for a Prometheus, reports to a Sentry.
//!
//! All of it is made of what `tracing` hears: the log lines of every room, a span around each call
//! of a port ([`CALL`](explainer_adapters::layers::CALL)), and how each analysis ended
//! (`ANALYSIS`). Requests are told of by `api/around.rs`.

mod log;
mod metrics;
#[cfg(feature = "telemetry-sentry")]
mod monitor;
#[cfg(not(feature = "telemetry-sentry"))]
#[path = "unmonitored.rs"]
mod monitor;
#[cfg_attr(
    not(feature = "telemetry-sentry"),
    expect(dead_code, reason = "only a Sentry is sent them")
)]
pub(crate) mod test_events;

use std::sync::Arc;

pub(crate) use self::{
    log::LogFilter,
    metrics::CONTENT_TYPE as METRICS_TYPE,
    monitor::{identify, kept, trace},
};
pub use self::{metrics::Metrics, monitor::Monitor};
use crate::config::Config;

/// The target of the line for each request.
pub(crate) const ACCESS: &str = "explainer::access";
/// The target of the events that say how an analysis ended, with the fields `outcome`, `model`,
/// `milliseconds`; and of the one that says that a former result stands.
pub(crate) const ANALYSIS: &str = "explainer::analysis";
/// The target of the events that say what became of an attempt to deliver a notification, with the
/// fields `kind` and `outcome`.
pub(crate) const NOTIFICATION: &str = "explainer::notification";
/// The target of the line for a panic.
const PANIC: &str = "explainer::panic";

/// Everything that tells.
#[derive(Debug, Clone)]
pub struct Telemetry {
    pub(crate) monitor: Monitor,
    pub(crate) metrics: Option<Arc<Metrics>>,
    pub(crate) log: LogFilter,
}

impl Telemetry {
    /// Begins to tell, before anything else happens. Called once in a process.
    pub fn start(config: &Config) -> Result<Self, String> {
        let monitor = Monitor::start(&config.telemetry)?;
        let metrics = config.metrics.address.map(|_| Arc::new(Metrics::default()));
        let mut layers = monitor.layers();
        layers.extend(metrics.clone().map(metrics::layer));
        let log = log::start(&config.log, layers);
        Ok(Self {
            monitor,
            metrics,
            log,
        })
    }

    /// Tells what is still to be told. May block for a few seconds: called when nothing runs any more.
    pub fn stop(&self) {
        self.monitor.stop();
    }
}
