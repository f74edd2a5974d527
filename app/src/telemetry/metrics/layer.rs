//! Counting what `tracing` hears: calls of ports when they end, and how analyses ended.

use std::{
    fmt::Debug,
    sync::Arc,
    time::{Duration, Instant},
};

use explainer_adapters::layers::{BREAKER, CALL};
#[cfg(feature = "plugins")]
use explainer_plugin_host::RESTART;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, filter::filter_fn, layer::Context, registry::LookupSpan};

use super::{Call, Ended, Metrics, OfModel, OfPlugin, Sent, Tokens};
use crate::telemetry::{ANALYSIS, NOTIFICATION};

#[cfg(not(feature = "plugins"))]
const RESTART: &str = "there are no plugins";

/// What counts for `metrics`, deaf to everything else.
pub(in crate::telemetry) fn layer<S>(metrics: Arc<Metrics>) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let heard = filter_fn(|it| {
        matches!(
            it.target(),
            CALL | ANALYSIS | BREAKER | NOTIFICATION | RESTART
        )
    });
    Counting(metrics).with_filter(heard).boxed()
}

struct Counting(Arc<Metrics>);

/// A call under way.
struct Timed {
    started: Instant,
    fields: Fields,
}

impl<S> Layer<S> for Counting
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let started = Instant::now();
        span.extensions_mut().insert(Timed { started, fields });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(timed) = span.extensions_mut().get_mut::<Timed>() {
            values.record(&mut timed.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let Some(Timed { started, fields }) = span.extensions_mut().remove::<Timed>() else {
            return;
        };
        self.0.called(fields, started.elapsed());
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        match event.metadata().target() {
            BREAKER => {
                let model = self.0.model(&fields.model);
                let breaker = self.0.breakers.get_or_create(&OfModel { model });
                breaker.set(i64::from(fields.open));
            }
            NOTIFICATION => {
                let (channel, outcome) = (fields.kind, fields.outcome);
                let sent = Sent { channel, outcome };
                self.0.notifications.get_or_create(&sent).inc();
            }
            RESTART => {
                let plugin = OfPlugin { kind: fields.kind };
                self.0.restarts.get_or_create(&plugin).inc();
            }
            _ => self.0.ended(fields),
        }
    }
}

impl Metrics {
    fn called(&self, fields: Fields, took: Duration) {
        for (direction, tokens) in [("input", fields.input), ("output", fields.output)] {
            if tokens > 0 {
                let model = self.model(&fields.model);
                let tokens_of = Tokens { model, direction };
                self.tokens.get_or_create(&tokens_of).inc_by(tokens);
            }
        }
        if fields.cost > 0 {
            let model = self.model(&fields.model);
            #[expect(clippy::cast_precision_loss, reason = "no call costs so much")]
            let dollars = fields.cost as f64 / 1e6;
            self.cost.get_or_create(&OfModel { model }).inc_by(dollars);
        }
        let call = Call {
            kind: fields.kind,
            system: fields.system,
            operation: fields.operation,
            // Dropped before it ended: the client went away, or the lease was lost.
            outcome: if fields.outcome.is_empty() {
                "given_up".to_owned()
            } else {
                fields.outcome
            },
        };
        self.calls.get_or_create(&call).observe(took.as_secs_f64());
    }

    fn ended(&self, fields: Fields) {
        if fields.outcome == "reused" {
            self.reused.inc();
            return;
        }
        let ended = Ended {
            outcome: fields.outcome,
            model: self.model(&fields.model),
        };
        self.analyses.get_or_create(&ended).inc();
        if let Some(milliseconds) = fields.milliseconds {
            let took = Duration::from_millis(milliseconds).as_secs_f64();
            self.analysis_seconds.get_or_create(&ended).observe(took);
        }
    }
}

/// The fields that are counted by.
#[derive(Default)]
struct Fields {
    kind: String,
    system: String,
    operation: String,
    outcome: String,
    model: String,
    input: u64,
    output: u64,
    /// In millionths of a dollar.
    cost: u64,
    open: bool,
    milliseconds: Option<u64>,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "gen_ai.usage.input_tokens" => self.input = value,
            "gen_ai.usage.output_tokens" => self.output = value,
            "cost" => self.cost = value,
            "milliseconds" => self.milliseconds = Some(value),
            _ => {}
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "open" {
            self.open = value;
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let into = match field.name() {
            "kind" => &mut self.kind,
            "system" => &mut self.system,
            "operation" => &mut self.operation,
            "outcome" => &mut self.outcome,
            "model" | "gen_ai.request.model" => &mut self.model,
            _ => return,
        };
        value.clone_into(into);
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
