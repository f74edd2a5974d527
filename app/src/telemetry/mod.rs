//! How the service tells what it does: log lines, figures for a Prometheus, reports to a Sentry,
//! traces to whatever takes OTLP.
//!
//! All of it is made of what `tracing` hears: the log lines of every room, a span around each call
//! of a port ([`CALL`](explainer_adapters::layers::CALL)), and how each analysis ended
//! (`ANALYSIS`). Requests are told of by `api/around.rs`.

mod lines;
mod log;
mod metrics;
#[cfg(feature = "telemetry-sentry")]
mod monitor;
#[cfg(not(feature = "telemetry-sentry"))]
#[path = "unmonitored.rs"]
mod monitor;
#[cfg(feature = "telemetry-otlp")]
mod otlp;
#[cfg(not(feature = "telemetry-otlp"))]
#[path = "untraced.rs"]
mod otlp;
#[cfg_attr(
    not(feature = "telemetry-sentry"),
    expect(dead_code, reason = "only a Sentry is sent them")
)]
pub(crate) mod test_events;

use std::{sync::Arc, thread};

use explainer_core::{domain::Analysis, services::Caller};

pub(crate) use self::{log::LogFilter, metrics::CONTENT_TYPE as METRICS_TYPE, monitor::kept};
pub use self::{metrics::Metrics, monitor::Monitor, otlp::Otlp};
use crate::{api::RouteName, config::Config};

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
    pub(crate) otlp: Otlp,
    pub(crate) metrics: Option<Arc<Metrics>>,
    pub(crate) log: LogFilter,
}

impl Telemetry {
    /// Begins to tell, before anything else happens. Called once in a process.
    pub fn start(config: &Config) -> Result<Self, String> {
        let monitor = Monitor::start(&config.telemetry)?;
        let otlp = Otlp::start(&config.telemetry)?;
        let metrics = config.metrics.address.map(|_| Arc::new(Metrics::default()));
        let mut layers = monitor.layers();
        layers.extend(otlp.layer());
        layers.extend(metrics.clone().map(metrics::layer));
        let log = log::start(&config.log, layers);
        let log = log.map_err(|error| format!("could not start a thread for the log: {error}"))?;
        Ok(Self {
            monitor,
            otlp,
            metrics,
            log,
        })
    }

    /// Does a job, as part of the trace of the request that asked for it.
    pub(crate) async fn job(&self, job: &Analysis, work: impl Future<Output = ()>) {
        let work = self.otlp.job(job, work);
        self.monitor.job(job, work).await;
    }

    /// From now on, what is told of this request names its caller.
    pub(crate) fn identify(&self, caller: &Caller, route: &RouteName) {
        monitor::identify(caller, route, &self.monitor);
        otlp::identify(caller);
    }

    /// Tells what is still to be told. May block for a few seconds: called when nothing runs any more.
    pub fn stop(&self) {
        thread::scope(|both| {
            // Where no thread can be had, the last spans are lost.
            let _ = thread::Builder::new().spawn_scoped(both, || self.otlp.stop());
            self.monitor.stop();
        });
        self.log.flush();
    }
}

/// The traces that what happens now belongs to, to be continued elsewhere: Sentry's
/// `sentry-trace`, OpenTelemetry's `traceparent`, or both with a blank between them.
pub(crate) fn trace() -> Option<String> {
    let traces: Vec<String> = monitor::trace().into_iter().chain(otlp::trace()).collect();
    (!traces.is_empty()).then(|| traces.join(" "))
}
