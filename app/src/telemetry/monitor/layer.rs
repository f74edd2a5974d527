//! Spans of the calls of ports as Sentry's spans, each with a breadcrumb; calls to others, and
//! analyses that ended, as log records with duration, tokens and outcome.
//!
//! The SDK's own layers tell the hub of the thread: what is noted meanwhile, the user and the
//! breadcrumbs among it, is lost when a span is left. These tell what is watched now.

use std::time::{Instant, SystemTime};

use explainer_adapters::layers::CALL;
use sentry::{
    Breadcrumb, Hub, Level, TransactionOrSpan,
    integrations::tracing::ErrorLayer,
    protocol::{Log, LogAttribute, LogLevel, SpanStatus},
};
use serde_json::Value;
use tracing::{
    Event, Metadata, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    filter::filter_fn,
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::{
    fields::{Fields, Told},
    watch,
};
use crate::telemetry::{ACCESS, ANALYSIS, PANIC};

/// Hears what is told to Sentry: calls, log lines, errors, and how analyses ended.
///
/// One layer for all of it, since each has a price for every span.
#[derive(Default)]
pub(super) struct Watching(ErrorLayer);

impl Watching {
    /// The layer, deaf to everything else.
    pub(super) fn filtered<S>() -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        Self::default().with_filter(filter_fn(|it| match it.target() {
            CALL => true,
            ACCESS | PANIC => false,
            target => {
                it.is_event()
                    && target.starts_with("explainer")
                    && *it.level() <= tracing::Level::INFO
            }
        }))
    }
}

/// A call under way.
struct Call {
    started: Instant,
    span: Option<TransactionOrSpan>,
    fields: Fields,
}

impl<S> Layer<S> for Watching
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let child = parent(&span).map(|parent| {
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

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() == tracing::Level::ERROR {
            // With what led to it.
            return Hub::run(watch::hub(), || self.0.on_event(event, context));
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = fields.take_message();
        if event.metadata().target() == ANALYSIS {
            ended(&message, &fields);
        }
        step(event.metadata(), message, fields);
    }
}

/// Makes a log record of how an analysis ended.
fn ended(message: &str, fields: &Fields) {
    if fields.text("outcome") == "failed"
        && let Some(job) = watch::now()
    {
        job.transaction().set_status(SpanStatus::InternalError);
    }
    watch::hub().capture_log(record(message.to_owned(), fields));
}

/// Makes a breadcrumb of a log line.
fn step(metadata: &'static Metadata<'static>, message: String, fields: Fields) {
    let timestamp = now();
    let level = if *metadata.level() == tracing::Level::INFO {
        Level::Info
    } else {
        Level::Warning
    };
    watch::note(move || Breadcrumb {
        timestamp,
        ty: "log".to_owned(),
        category: Some(metadata.target().to_owned()),
        message: Some(message.clone()),
        level,
        data: fields.to_map(),
    });
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
            for (name, value) in fields.all() {
                span.set_data(name, value);
            }
            let status = if ok {
                SpanStatus::Ok
            } else {
                SpanStatus::UnknownError
            };
            span.set_status(status);
            span.finish();
        }
        fields.set("milliseconds", Told::Natural(milliseconds));
        if fields.text("kind") != "store" {
            let body = format!("{} call", fields.text("kind"));
            watch::hub().capture_log(record(body, &fields));
        }
        let timestamp = now();
        watch::note(move || Breadcrumb {
            timestamp,
            category: Some(fields.text("kind").to_owned()),
            message: Some(fields.description()),
            level: if ok { Level::Info } else { Level::Warning },
            data: fields.to_map(),
            ..Breadcrumb::default()
        });
    }
}

/// What the call is a part of, if that is traced: another call, else the request or the job.
fn parent<'s, S: LookupSpan<'s>>(span: &SpanRef<'s, S>) -> Option<TransactionOrSpan> {
    let watched = watch::now().filter(|it| it.is_traced)?;
    let above = span.parent().and_then(|above| {
        let extensions = above.extensions();
        extensions.get::<Call>()?.span.clone()
    });
    Some(above.unwrap_or_else(|| watched.transaction().clone().into()))
}

fn record(body: String, fields: &Fields) -> Log {
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
        attributes: fields.all().map(attribute).collect(),
    }
}

fn now() -> SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "a report says when it was made, to Sentry and to nobody here"
    )]
    SystemTime::now()
}
