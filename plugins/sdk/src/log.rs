//! `tracing` events and panics of a plugin, into the log of its host.

use std::{
    fmt::{self, Write as _},
    sync::{
        Once,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::{Host, abi};

tokio::task_local! {
    /// The call a task belongs to.
    static CALL: u64;
}

/// Runs a call's future so that its lines carry the call's id.
pub(crate) fn within_call<F: Future>(call_id: u64, future: F) -> impl Future<Output = F::Output> {
    CALL.scope(call_id, future)
}

/// The call that is running; 0 outside of calls.
pub(crate) fn current_call() -> u64 {
    CALL.try_with(|id| *id).unwrap_or_default()
}

/// Sends what this library logs to `host`; the first host stays.
pub(crate) fn install(host: Host) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // The library has a copy of `tracing` and of the panic hook to itself. Whoever linked the
        // source into a program of their own may have a subscriber already, and keeps it.
        let ours = tracing::subscriber::set_global_default(ToHost {
            host,
            spans: AtomicU64::new(1),
        });
        if ours.is_ok() {
            std::panic::set_hook(Box::new(move |panic| {
                let text = panic.to_string();
                host.log(abi::EXPLAINER_LOG_ERROR, current_call(), "panic", &text);
            }));
        }
    });
}

struct ToHost {
    host: Host,
    spans: AtomicU64,
}

impl Subscriber for ToHost {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.host.log_enabled(number(*metadata.level()))
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed).max(1))
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let metadata = event.metadata();
        let text = format!("{}{}", line.message, line.fields);
        self.host.log(
            number(*metadata.level()),
            current_call(),
            metadata.target(),
            text.trim(),
        );
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn number(level: Level) -> i32 {
    match level {
        Level::ERROR => abi::EXPLAINER_LOG_ERROR,
        Level::WARN => abi::EXPLAINER_LOG_WARN,
        Level::INFO => abi::EXPLAINER_LOG_INFO,
        Level::DEBUG => abi::EXPLAINER_LOG_DEBUG,
        Level::TRACE => abi::EXPLAINER_LOG_TRACE,
    }
}

/// An event as text: the message, then `field=value`.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else {
            let _ = write!(self.fields, " {}={value}", field.name());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            let _ = write!(self.fields, " {}={value:?}", field.name());
        }
    }
}
