//! Spans of the calls of ports as Sentry's spans, each with a breadcrumb; calls to others, and
//! analyses that ended, as log records with duration, tokens and outcome.
//!
//! The SDK's own layer makes a new hub each time a span is entered: what is noted meanwhile, the
//! user and the breadcrumbs among it, is lost when the span is left. This one touches no hub.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    time::{Instant, SystemTime},
};

use explainer_adapters::layers::CALL;
use sentry::{
    Breadcrumb, Hub, Level, TransactionOrSpan,
    protocol::{Log, LogAttribute, LogLevel, SpanStatus},
};
use serde_json::Value;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    filter::filter_fn,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use crate::telemetry::ANALYSIS;

/// Makes spans, breadcrumbs and log records of calls.
pub(super) struct Calls;

impl Calls {
    /// The layer, deaf to everything else.
    pub(super) fn filtered<S>(self) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        self.with_filter(filter_fn(|it| matches!(it.target(), CALL | ANALYSIS)))
    }
}

/// A call under way.
struct Call {
    started: Instant,
    span: Option<TransactionOrSpan>,
    fields: Fields,
}

impl<S> Layer<S> for Calls
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let child = parent(&span).filter(is_sampled).map(|parent| {
            let child = parent.start_child(fields.op(), &fields.description());
            TransactionOrSpan::from(child)
        });
        span.extensions_mut().insert(Call {
            started: Instant::now(),
            span: child,
            fields,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(call) = span.extensions_mut().get_mut::<Call>() {
            values.record(&mut call.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let Some(call) = span.extensions_mut().remove::<Call>() else {
            return;
        };
        call.end();
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let hub = Hub::current();
        if fields.text("outcome") == "failed" {
            let span = hub.configure_scope(|scope| scope.get_span());
            if let Some(TransactionOrSpan::Transaction(job)) = span {
                job.set_status(SpanStatus::InternalError);
            }
        }
        let body = fields.text("message").to_owned();
        fields.0.remove("message");
        hub.capture_log(record(body, fields));
    }
}

impl Call {
    fn end(self) {
        let Self {
            started,
            span,
            mut fields,
        } = self;
        let ok = fields.text("outcome") == "ok";
        let milliseconds = started.elapsed().as_millis();
        let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        if let Some(TransactionOrSpan::Span(span)) = span {
            for (name, value) in &fields.0 {
                span.set_data(name, value.clone());
            }
            let status = if ok {
                SpanStatus::Ok
            } else {
                SpanStatus::UnknownError
            };
            span.set_status(status);
            span.finish();
        }
        fields.0.insert("milliseconds", milliseconds.into());
        let hub = Hub::current();
        hub.add_breadcrumb(Breadcrumb {
            category: Some(fields.text("kind").to_owned()),
            message: Some(fields.description()),
            level: if ok { Level::Info } else { Level::Warning },
            data: fields.owned(),
            ..Breadcrumb::default()
        });
        if fields.text("kind") != "store" {
            hub.capture_log(record(format!("{} call", fields.text("kind")), fields));
        }
    }
}

/// What the call is a part of: another call, else the request or the job.
fn parent<'s, S: LookupSpan<'s>>(span: &SpanRef<'s, S>) -> Option<TransactionOrSpan> {
    let above = span.parent().and_then(|above| {
        let extensions = above.extensions();
        extensions.get::<Call>()?.span.clone()
    });
    above.or_else(|| Hub::current().configure_scope(|scope| scope.get_span()))
}

fn is_sampled(span: &TransactionOrSpan) -> bool {
    #[expect(
        deprecated,
        reason = "it is inexact only where tracing is off, and then there is nothing to keep"
    )]
    span.is_sampled()
}

fn record(body: String, fields: Fields) -> Log {
    let level = match fields.text("outcome") {
        "ok" | "completed" => LogLevel::Info,
        _ => LogLevel::Warn,
    };
    let attribute = |(name, value): (&str, Value)| (name.to_owned(), LogAttribute::from(value));
    Log {
        level,
        body,
        trace_id: None,
        timestamp: now(),
        severity_number: None,
        attributes: fields.0.into_iter().map(attribute).collect(),
    }
}

fn now() -> SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "a report says when it was made, to Sentry and to nobody here"
    )]
    SystemTime::now()
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields(BTreeMap<&'static str, Value>);

impl Fields {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// <https://develop.sentry.dev/sdk/telemetry/traces/span-operations/>
    fn op(&self) -> &str {
        match self.text("kind") {
            "store" => "db",
            "model" => "gen_ai.chat",
            other => other,
        }
    }

    fn description(&self) -> String {
        let what = match self.text("gen_ai.request.model") {
            "" => self.text("system"),
            model => model,
        };
        format!("{} {what}", self.text("operation"))
    }

    fn owned(&self) -> BTreeMap<String, Value> {
        let owned = |(name, value): (&&str, &Value)| ((*name).to_owned(), value.clone());
        self.0.iter().map(owned).collect()
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}").into());
    }
}
