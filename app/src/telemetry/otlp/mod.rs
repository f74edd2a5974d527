//! Traces in OpenTelemetry's form, sent to whatever takes OTLP over HTTP.
//!
//! All that knows OpenTelemetry is in here. A request and a job each have a span, made in [`spans`],
//! and the calls of ports (`explainer_adapters::layers`) are spans below it. Whoever has something
//! to tell puts it into a bounded queue and goes on; a thread of the SDK's makes of it what is sent
//! ([`told`]) and sends it ([`exporter`]). Where the queue is full, it is dropped.

mod exporter;
mod spans;
mod told;

use std::time::Duration;

use explainer_adapters::layers::CALL;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider},
};
use tracing_subscriber::{Layer, Registry, filter::filter_fn};

use self::exporter::Exporter;
pub(super) use self::spans::{identify, trace};
use super::ANALYSIS;
use crate::config;

/// The target of the spans of requests and jobs.
const TRACE: &str = "explainer::trace";

/// How long what is still to be sent may hold up the end of the process.
const FAREWELL: Duration = Duration::from_secs(2);

/// How many ended spans may wait; more are dropped.
const QUEUE: usize = 2048;
/// How many are sent at once, as soon as there are so many …
const BATCH: usize = 512;
/// … or this time has passed.
const PERIOD: Duration = Duration::from_secs(5);

/// Sends traces, if there is where to.
#[derive(Clone, Debug)]
pub struct Otlp(Option<SdkTracerProvider>);

impl Otlp {
    /// Starts sending to the address of the configuration, if it names one.
    pub(super) fn start(config: &config::Telemetry) -> Result<Self, String> {
        let otlp = &config.otlp;
        let wanted = otlp.endpoint.as_deref().filter(|_| otlp.sample_rate > 0.0);
        let Some(endpoint) = wanted else {
            return Ok(Self(None));
        };
        let exporter = Exporter::to(endpoint, &otlp.headers)?;
        let queue = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(PERIOD);
        let share = Sampler::TraceIdRatioBased(otlp.sample_rate);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::new(exporter, queue.build()))
            .with_sampler(Sampler::ParentBased(Box::new(share)))
            .with_resource(resource(config));
        Ok(Self(Some(provider.build())))
    }

    /// What makes traces of spans; nothing where there is nowhere to send them.
    pub(super) fn layer(&self) -> Option<Box<dyn Layer<Registry> + Send + Sync>> {
        let tracer = self.0.as_ref()?.tracer("explainer");
        let ours = filter_fn(|it| matches!(it.target(), CALL | TRACE | ANALYSIS));
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_context_activation(false)
            .with_tracked_inactivity(false)
            .with_error_fields_to_exceptions(false)
            .with_error_records_to_exceptions(false)
            .with_location(false)
            .with_threads(false)
            .with_target(false);
        Some(layer.with_filter(ours).boxed())
    }

    /// Sends what is still to be sent, for at most two seconds. Blocks.
    pub(super) fn stop(&self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown_with_timeout(FAREWELL)
        {
            tracing::debug!(%error, "the last traces were lost");
        }
    }
}

/// Who sends.
fn resource(config: &config::Telemetry) -> Resource {
    let name = config.otlp.service_name.as_deref();
    let version = config.release.as_deref();
    let text = |key: &'static str, value: &str| KeyValue::new(key, value.to_owned());
    let attributes = [
        text("service.name", name.unwrap_or("issue-explainer")),
        text(
            "service.version",
            version.unwrap_or(env!("CARGO_PKG_VERSION")),
        ),
        text("deployment.environment.name", &config.environment),
    ];
    Resource::builder_empty()
        .with_attributes(attributes)
        .build()
}
