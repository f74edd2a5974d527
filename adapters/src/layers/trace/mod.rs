//! A span around every call of a port, so that no adapter tells of itself: what was called, how
//! long it took and how it ended. Only `tracing` is known here; who listens is the app's to say.
//!
//! Every span is called `call`, has the target [`CALL`], and these fields:
//!
//! | field | what it says |
//! |---|---|
//! | `kind` | `store`, `source` or `model` |
//! | `system` | the adapter: `sqlite`, `sentry`, `openai`… |
//! | `operation` | the method |
//! | `outcome` | `ok`, or the code of the error's kind |
//!
//! No argument of a call and nothing of its answer is in a span, but what says how large it was.

// A layer that forgets a method of its port would answer in the adapter's place.
#![warn(clippy::missing_trait_methods)]

mod model;
mod source;
mod store;

use std::{fmt::Debug, future::poll_fn, pin::pin, sync::Arc};

use explainer_core::Result;
use tracing::Span;

pub use self::{model::TracedModels, source::TracedSources};

/// The target of the spans.
pub const CALL: &str = "explainer::call";

/// A port with a span around every call.
#[derive(Debug)]
pub struct Traced<P: ?Sized> {
    inner: Arc<P>,
    system: &'static str,
}

impl<P: ?Sized> Traced<P> {
    /// Puts the spans around `inner`, an adapter called `system`.
    pub fn new(inner: Arc<P>, system: &'static str) -> Self {
        Self { inner, system }
    }
}

/// Carries `work` out in a span of its own, and notes there how it ended.
async fn call<T>(span: Span, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut work = pin!(work);
    // As `Instrument` does, which would keep a span of its own.
    let result = poll_fn(|context| {
        let _entered = span.enter();
        work.as_mut().poll(context)
    })
    .await;
    span.record("outcome", outcome(&result));
    result
}

fn outcome<T>(result: &Result<T>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.kind().code(),
    }
}

macro_rules! span {
    ($kind:literal, $self:ident, $operation:literal) => {
        tracing::debug_span!(
            target: $crate::layers::CALL, "call",
            kind = $kind, system = $self.system, operation = $operation,
            outcome = tracing::field::Empty,
        )
    };
}
use span;
