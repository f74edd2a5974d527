//! Watching one request, or one job: a hub of its own for what is told of it, and a transaction.

use std::sync::Arc;

use explainer_core::{domain::Analysis, services::Caller};
use poem::{
    Request, Response,
    http::{Method, StatusCode},
};
use sentry::{
    Hub, SentryFutureExt, Transaction, TransactionContext, User,
    protocol::{Context, SpanStatus},
};
use serde_json::json;

use super::{Monitor, profiles::Taking};
use crate::api::RouteName;

/// A request or a job that is watched, if there is a Sentry to tell of it.
pub(crate) struct Watch(Option<Watched>);

struct Watched {
    hub: Arc<Hub>,
    transaction: Transaction,
    _profile: Option<Taking>,
}

impl Monitor {
    /// Watches a request. Signs of life and what browsers ask beforehand are not worth it.
    pub(crate) fn request(&self, request: &Request, id: &str) -> Watch {
        let idle = request.uri().path().contains("/health") || request.method() == Method::OPTIONS;
        if !self.is_on() || idle {
            return Watch(None);
        }
        let headers = ["sentry-trace", "baggage"];
        let headers = headers.into_iter().flat_map(|name| {
            let values = request.headers().get_all(name).into_iter();
            values.filter_map(move |value| Some((name, value.to_str().ok()?)))
        });
        let method = request.method().as_str();
        let context = TransactionContext::continue_from_headers(method, "http.server", headers);
        let watched = self.begin(context);
        watched.hub.configure_scope(|scope| {
            scope.set_tag("request_id", id);
            let seen = json!({"method": method, "url": request.uri().path()});
            scope.set_context("request", other(seen));
            if self.personal_data {
                let ip = request
                    .remote_addr()
                    .as_socket_addr()
                    .map(std::net::SocketAddr::ip);
                scope.set_user(Some(User {
                    ip_address: ip.map(sentry::protocol::IpAddress::Exact),
                    ..User::default()
                }));
            }
        });
        watched
            .transaction
            .set_data("http.request.method", method.into());
        Watch(Some(watched))
    }

    /// Does a job, as part of the trace of the request that asked for it.
    pub(crate) async fn job(&self, job: &Analysis, work: impl Future<Output = ()>) {
        if !self.is_on() {
            return work.await;
        }
        // A `traceparent` may stand beside it, whose first part is no trace's id.
        let traces = job.trace.iter().flat_map(|traces| traces.split(' '));
        let headers = traces.map(|trace| ("sentry-trace", trace));
        let context =
            TransactionContext::continue_from_headers("analysis", "queue.process", headers);
        let watched = self.begin(context);
        watched.hub.configure_scope(|scope| {
            scope.set_transaction(Some("analysis"));
            scope.set_tag("analysis", &job.id);
            scope.set_user(Some(User {
                id: Some(job.created_by.to_string()),
                ..User::default()
            }));
            in_workspace(scope, job.workspace_id.as_str());
        });
        let transaction = &watched.transaction;
        transaction.set_data("messaging.message.id", job.id.as_str().into());
        transaction.set_data(
            "messaging.message.retry.count",
            (job.attempt.saturating_sub(1)).into(),
        );
        work.bind_hub(watched.hub.clone()).await;
        watched.end();
    }

    fn begin(&self, context: TransactionContext) -> Watched {
        let hub = Arc::new(Hub::new_from_top(Hub::main()));
        let transaction = hub.start_transaction(context);
        let profiler = self.profiler.as_ref();
        let profile = profiler.and_then(|profiler| profiler.take(&transaction));
        hub.configure_scope(|scope| {
            scope.set_span(Some(transaction.clone().into()));
            if let Some(profile) = &profile {
                let link = json!({"profiler_id": profile.profiler_id()});
                scope.set_context("profile", other(link));
            }
        });
        Watched {
            hub,
            transaction,
            _profile: profile,
        }
    }
}

impl Watch {
    /// Answers the request that is watched.
    pub(crate) async fn over(self, answer: impl Future<Output = Response>) -> Response {
        let Some(watched) = self.0 else {
            return answer.await;
        };
        let response = answer.bind_hub(watched.hub.clone()).await;
        let transaction = &watched.transaction;
        let route = response.data::<RouteName>();
        let route = route.map_or("unknown", |route| &route.0);
        let data = transaction.get_trace_context().data;
        let method = data.get("http.request.method").and_then(|it| it.as_str());
        transaction.set_name(&format!("{} {route}", method.unwrap_or_default()));
        transaction.set_data("http.route", route.into());
        let status = response.status();
        transaction.set_data("http.response.status_code", status.as_u16().into());
        transaction.set_status(meaning(status));
        watched.end();
        response
    }
}

impl Watched {
    /// Tells of it, with what its hub knows.
    fn end(self) {
        Hub::run(self.hub, || self.transaction.finish());
    }
}

/// From now on, what is told of this request names its caller.
pub(crate) fn identify(caller: &Caller, method: &Method, route: &str, monitor: &Monitor) {
    if !monitor.is_on() {
        return;
    }
    let user = caller.user();
    Hub::current().configure_scope(|scope| {
        let seen = scope.user().cloned().unwrap_or_default();
        scope.set_user(Some(User {
            id: Some(user.id.to_string()),
            username: Some(user.username.clone()),
            email: monitor.personal_data.then(|| user.email.clone()),
            ..seen
        }));
        if let Some(workspace) = &user.workspace_id {
            in_workspace(scope, workspace.as_str());
        }
        scope.set_transaction(Some(&format!("{method} {route}")));
    });
}

/// `work` as a part of what is watched now, for when another task does it.
pub(crate) fn kept<F: Future>(work: F) -> impl Future<Output = F::Output> {
    work.bind_hub(Hub::current())
}

/// The trace that what happens now belongs to, to be continued elsewhere.
pub(crate) fn trace() -> Option<String> {
    let span = Hub::current().configure_scope(|scope| scope.get_span())?;
    span.iter_headers().next().map(|(_, header)| header)
}

fn in_workspace(scope: &mut sentry::Scope, id: &str) {
    scope.set_tag("workspace", id);
    scope.set_context("workspace", other(json!({"id": id})));
}

fn other(fields: serde_json::Value) -> Context {
    Context::Other(serde_json::from_value(fields).unwrap_or_default())
}

/// <https://develop.sentry.dev/sdk/telemetry/traces/opentelemetry/#span-status>
fn meaning(status: StatusCode) -> SpanStatus {
    match status.as_u16() {
        ..400 => SpanStatus::Ok,
        401 => SpanStatus::Unauthenticated,
        403 => SpanStatus::PermissionDenied,
        404 => SpanStatus::NotFound,
        409 => SpanStatus::AlreadyExists,
        429 => SpanStatus::ResourceExhausted,
        400..=499 => SpanStatus::InvalidArgument,
        501 => SpanStatus::Unimplemented,
        503 => SpanStatus::Unavailable,
        504 => SpanStatus::DeadlineExceeded,
        _ => SpanStatus::InternalError,
    }
}
