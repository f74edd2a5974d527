//! Figures for a Prometheus, in the text format of `OpenMetrics`.
//!
//! The labels of a figure have few values, whatever is asked of the service: routes and not paths,
//! and no more than [`MODELS`] names of models.

mod layer;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use explainer_core::{domain::Backlog, services::Services};
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

pub(super) use layer::layer;

/// How many models are told apart; the others are one, called `other`. Users name models.
const MODELS: usize = 32;
/// The content type of the text.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Histogram, fn() -> Histogram>,
    calls: Family<Call, Histogram, fn() -> Histogram>,
    analyses: Family<Ended, Counter>,
    analysis_seconds: Family<Ended, Histogram, fn() -> Histogram>,
    reused: Counter,
    tokens: Family<Tokens, Counter>,
    cost: Family<OfModel, Counter<f64, AtomicU64>>,
    breakers: Family<OfModel, Gauge>,
    notifications: Family<Sent, Counter>,
    restarts: Family<OfPlugin, Counter>,
    queue_jobs: Gauge,
    queue_seconds: Gauge<f64, AtomicU64>,
    models: Mutex<BTreeSet<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    kind: String,
    system: String,
    operation: String,
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    outcome: String,
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sent {
    channel: String,
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tokens {
    model: String,
    direction: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfModel {
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPlugin {
    kind: String,
}

impl Default for Metrics {
    fn default() -> Self {
        // A millisecond to half a minute; a tenth of a millisecond to six seconds; a tenth of a
        // second to half an hour.
        let mut metrics = Self {
            registry: Registry::with_prefix("explainer"),
            requests: Family::new_with_constructor(|| seconds(0.001, 2.0, 16)),
            calls: Family::new_with_constructor(|| seconds(0.0001, 3.0, 11)),
            analysis_seconds: Family::new_with_constructor(|| seconds(0.1, 3.0, 10)),
            analyses: Family::default(),
            reused: Counter::default(),
            tokens: Family::default(),
            cost: Family::default(),
            breakers: Family::default(),
            notifications: Family::default(),
            restarts: Family::default(),
            queue_jobs: Gauge::default(),
            queue_seconds: Gauge::default(),
            models: Mutex::default(),
        };
        metrics.register();
        metrics
    }
}

fn seconds(least: f64, factor: f64, count: u16) -> Histogram {
    Histogram::new(exponential_buckets(least, factor, count))
}

impl Metrics {
    fn register(&mut self) {
        let to = &mut self.registry;
        let s = || Unit::Seconds;
        to.register_with_unit(
            "http_requests",
            "How long requests took to answer",
            s(),
            self.requests.clone(),
        );
        to.register_with_unit(
            "calls",
            "How long calls of stores, sources and models took",
            s(),
            self.calls.clone(),
        );
        to.register(
            "analyses",
            "Runs of analyses, by how they ended and the model that wrote them",
            self.analyses.clone(),
        );
        to.register_with_unit(
            "analyses_duration",
            "How long runs of analyses took",
            s(),
            self.analysis_seconds.clone(),
        );
        to.register(
            "analyses_reused",
            "Analyses whose evidence was the same, so that the former result stands",
            self.reused.clone(),
        );
        to.register(
            "model_tokens",
            "Tokens that models used",
            self.tokens.clone(),
        );
        to.register(
            "model_cost_dollars",
            "What models cost, by the prices of the configuration",
            self.cost.clone(),
        );
        to.register(
            "model_breaker_open",
            "Whether a model that failed is left alone for now",
            self.breakers.clone(),
        );
        to.register(
            "notifications",
            "Attempts to deliver notifications, by the way they went and what came of it",
            self.notifications.clone(),
        );
        to.register(
            "plugin_restarts",
            "How often a plugin died and was started again",
            self.restarts.clone(),
        );
        to.register(
            "queue_jobs",
            "Analyses that are due and that nobody works on",
            self.queue_jobs.clone(),
        );
        to.register_with_unit(
            "queue_age",
            "How long the first of them has been due",
            s(),
            self.queue_seconds.clone(),
        );
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let request = Request {
            method: known_method(method),
            route: route.to_owned(),
            status,
        };
        self.requests
            .get_or_create(&request)
            .observe(took.as_secs_f64());
    }

    /// All figures, with a look at the queue.
    pub(crate) async fn text(&self, services: &Services) -> String {
        match services.work.backlog().await {
            Ok((Backlog { jobs, .. }, age)) => {
                self.queue_jobs.set(i64::try_from(jobs).unwrap_or(i64::MAX));
                self.queue_seconds.set(age.as_secs_f64());
            }
            Err(error) => tracing::warn!(?error, "the figures of the queue are old"),
        }
        let mut out = String::new();
        if let Err(error) = text::encode(&mut out, &self.registry) {
            tracing::error!(%error, "could not write the figures");
        }
        out
    }

    /// The name of a model, or `other` where there are too many.
    fn model(&self, name: &str) -> String {
        let mut known = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(name) {
            if known.len() >= MODELS {
                return "other".to_owned();
            }
            known.insert(name.to_owned());
        }
        name.to_owned()
    }
}

/// A client may send any word for a method.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let known = KNOWN.into_iter().find(|known| *known == method);
    known.unwrap_or("other")
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_grows_without_end() {
        let metrics = Metrics::default();
        for number in 0..1000 {
            metrics.model(&format!("model-{number}"));
            metrics.answered(&format!("M{number}"), "unknown", 405, Duration::ZERO);
        }
        assert_eq!(metrics.model("model-3"), "model-3");
        assert_eq!(metrics.model("one-more"), "other");
        let mut out = String::new();
        text::encode(&mut out, &metrics.registry).unwrap();
        assert_eq!(
            out.matches("explainer_http_requests_seconds_count{")
                .count(),
            1,
            "{out}"
        );
    }
}
