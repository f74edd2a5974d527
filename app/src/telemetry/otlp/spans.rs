//! A span around each request and each job, in the trace its caller sent along.

use std::collections::HashMap;

use explainer_core::{domain::Analysis, services::Caller};
use opentelemetry::{Context, propagation::TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use poem::{Request, Response, http::Method};
use tracing::{Instrument, Span, debug_span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{Otlp, TRACE};
use crate::api::RouteName;

/// The header that says which trace a request belongs to, <https://www.w3.org/TR/trace-context/>.
const TRACEPARENT: &str = "traceparent";

/// A request that is traced, if anything is.
pub(crate) struct Trace(Option<Asked>);

struct Asked {
    method: &'static str,
    id: String,
    caller: Context,
}

impl Otlp {
    /// Traces a request. Signs of life and what browsers ask beforehand are not worth it.
    pub(crate) fn request(&self, request: &Request, id: &str) -> Trace {
        let idle = request.uri().path().contains("/health") || request.method() == Method::OPTIONS;
        if self.0.is_none() || idle {
            return Trace(None);
        }
        Trace(Some(Asked {
            method: known(request.method()),
            id: id.to_owned(),
            caller: of_caller(request.header(TRACEPARENT)),
        }))
    }

    /// Does a job, as part of the trace of the request that asked for it.
    pub(in crate::telemetry) async fn job(&self, job: &Analysis, work: impl Future<Output = ()>) {
        if self.0.is_none() {
            return work.await;
        }
        let span = debug_span!(
            target: TRACE, "analysis", otel.kind = "consumer",
            messaging.message.id = job.id.as_str(),
            messaging.message.retry.count = job.attempt.saturating_sub(1),
            user.id = %job.created_by,
            workspace.id = job.workspace_id.as_str(),
        );
        // Sentry's may stand beside it, which is no `traceparent`.
        let traces = job.trace.as_deref().unwrap_or_default();
        begin(&span, of_caller(traces.rsplit(' ').next()));
        work.instrument(span).await;
    }
}

impl Trace {
    /// Answers the request that is traced.
    pub(crate) async fn over(self, answer: impl Future<Output = Response>) -> Response {
        let Some(Asked { method, id, caller }) = self.0 else {
            return answer.await;
        };
        let span = debug_span!(
            target: TRACE, "request", otel.kind = "server",
            otel.status_code = Empty,
            request_id = id,
            http.request.method = method,
            http.route = Empty,
            http.response.status_code = Empty,
            user.id = Empty,
            workspace.id = Empty,
        );
        begin(&span, caller);
        let response = answer.instrument(span.clone()).await;
        if let Some(route) = response.data::<RouteName>() {
            span.record("http.route", &*route.0);
        }
        let status = response.status();
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "error");
        }
        response
    }
}

/// From now on, the span of this request names its caller.
pub(in crate::telemetry) fn identify(caller: &Caller) {
    let (span, user) = (Span::current(), caller.user());
    span.record("user.id", user.id.as_str());
    if let Some(workspace) = &user.workspace_id {
        span.record("workspace.id", workspace.as_str());
    }
}

/// The trace that what happens now belongs to, as a `traceparent`.
pub(in crate::telemetry) fn trace() -> Option<String> {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut headers);
    headers.remove(TRACEPARENT)
}

/// The span of whoever asks; none where it is not said in a way that can be read.
fn of_caller(traceparent: Option<&str>) -> Context {
    let header = |text: &str| (TRACEPARENT.to_owned(), text.to_owned());
    let headers: HashMap<_, _> = traceparent.into_iter().map(header).collect();
    TraceContextPropagator::new().extract_with_context(&Context::new(), &headers)
}

fn begin(span: &Span, caller: Context) {
    // Fails where the subscriber is another's, and then nothing is traced.
    let _ = span.set_parent(caller);
}

/// Methods may be anything; names of spans are few.
fn known(method: &Method) -> &'static str {
    const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
    let known = METHODS.into_iter().find(|it| *it == method.as_str());
    known.unwrap_or("_OTHER")
}
