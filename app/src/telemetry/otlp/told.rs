//! Spans as they are sent: calls by their right names, failures marked, secrets and personal data
//! taken out by the same rules as for a model.
//!
//! It is done over the ended spans of a batch, so that nothing can get past it, and on the thread
//! that sends, so that no request waits for it.

use std::borrow::Cow;

use explainer_core::explain::Redactor;
use opentelemetry::{
    KeyValue, Value,
    trace::{SpanKind, Status},
};
use opentelemetry_sdk::trace::SpanData;

/// A batch as it is sent.
pub(super) fn told(mut batch: Vec<SpanData>) -> Vec<SpanData> {
    let mut redactor = Redactor::new();
    for span in &mut batch {
        name(span);
        judge(span);
        scrub(span, &mut redactor);
    }
    batch
}

/// A request is named by its route, the call of a port by what was called; see
/// `explainer_adapters::layers`.
fn name(span: &mut SpanData) {
    let text = |name| text(&span.attributes, name);
    if !text("http.request.method").is_empty() {
        let route = match text("http.route") {
            route if route.is_empty() => Cow::Borrowed("unknown"),
            route => route,
        };
        span.name = format!("{} {route}", text("http.request.method")).into();
    } else if !text("kind").is_empty() {
        let what = match text("gen_ai.request.model") {
            what if what.is_empty() => text("system"),
            model => model,
        };
        span.name = format!("{} {what}", text("operation")).into();
        span.span_kind = SpanKind::Client;
    }
}

/// Calls say how they ended in a field, jobs in an event.
fn judge(span: &mut SpanData) {
    let outcome = text(&span.attributes, "outcome");
    if !matches!(&*outcome, "" | "ok") {
        span.status = Status::error(outcome.into_owned());
    }
    let mut events = span.events.iter();
    if events.any(|event| text(&event.attributes, "outcome") == "failed") {
        span.status = Status::error("failed");
    }
}

fn scrub(span: &mut SpanData, redactor: &mut Redactor) {
    if let Cow::Owned(redacted) = redactor.redact(&span.name) {
        span.name = redacted.into();
    }
    let events = span.events.events.iter_mut();
    let of_events = events.flat_map(|event| &mut event.attributes);
    for KeyValue { key, value, .. } in span.attributes.iter_mut().chain(of_events) {
        if let Value::String(text) = value
            && let Cow::Owned(redacted) = redactor.redact_value(key.as_str(), text.as_str())
        {
            *value = redacted.into();
        }
    }
}

fn text<'s>(attributes: &'s [KeyValue], name: &str) -> Cow<'s, str> {
    let attribute = attributes.iter().find(|it| it.key.as_str() == name);
    attribute.map_or(Cow::Borrowed(""), |it| it.value.as_str())
}
