//! Log lines: text for people on a terminal, JSON for machines elsewhere; always on standard error.

use std::{
    fmt::{Debug, Formatter},
    io::{self, IsTerminal},
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, prelude::*, reload};

use super::{Monitor, PANIC, lines::Lines};
use crate::config::{Log, LogFormat};

/// What is logged, which can be changed while the service runs.
#[derive(Clone)]
pub(crate) struct LogFilter {
    handle: reload::Handle<EnvFilter, Registry>,
    text: Arc<Mutex<String>>,
    lines: Lines,
}

/// A text that is no filter.
#[derive(Debug, thiserror::Error)]
#[error(
    "is not a list of tracing directives: set a level such as info, or directives such as warn,explainer=debug"
)]
pub(crate) struct BadFilter;

impl LogFilter {
    /// The filter in force.
    pub(crate) fn text(&self) -> String {
        self.locked().clone()
    }

    /// Logs by another filter from now on.
    pub(crate) fn set(&self, text: &str) -> Result<(), BadFilter> {
        let filter = text.parse::<EnvFilter>().map_err(|_| BadFilter)?;
        let mut current = self.locked();
        // Fails where the subscriber is gone, and then nothing is logged anyway.
        let _ = self.handle.reload(filter);
        text.clone_into(&mut current);
        Ok(())
    }

    /// Writes the lines that still wait.
    pub(super) fn flush(&self) {
        self.lines.flush();
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Debug for LogFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogFilter").field(&self.text()).finish()
    }
}

/// Starts logging, and gives `others` to hear as well. `RUST_LOG` wins over `log.filter`.
pub(super) fn start(
    config: &Log,
    others: Vec<Box<dyn Layer<Registry> + Send + Sync>>,
) -> io::Result<LogFilter> {
    let wished = std::env::var("RUST_LOG").unwrap_or_default();
    let filter = wished.parse::<EnvFilter>().ok();
    let (text, filter) = match filter {
        Some(filter) if !wished.trim().is_empty() => (wished, filter),
        _ => (config.filter.clone(), EnvFilter::new(&config.filter)),
    };
    let (filter, handle) = reload::Layer::new(filter);
    let as_text = match config.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = Lines::start()?;
    let layer = fmt::layer().with_writer(lines.clone()).with_ansi(colour);
    let layer = if as_text {
        layer.with_target(false).with_filter(filter).boxed()
    } else {
        let layer = layer.json().flatten_event(true).with_span_list(false);
        layer.with_filter(filter).boxed()
    };
    let mut layers = vec![layer];
    layers.extend(others);
    // A second subscriber can only come from a test that runs the service twice in one process.
    let _ = tracing_subscriber::registry().with(layers).try_init();
    log_panics();
    Ok(LogFilter {
        handle,
        text: Arc::new(Mutex::new(text)),
        lines,
    })
}

/// Panics become log lines like any other, and are reported; what they hold of a request stays
/// out of the message.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(target: PANIC, place, "{panic}");
        Monitor::panicked(panic);
    }));
}
