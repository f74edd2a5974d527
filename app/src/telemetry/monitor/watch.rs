//! Watching one request, or one job: a transaction, and what is told of an error in it.
//!
//! Most requests have neither their trace sent nor an error to tell of. So what an error would be
//! told with is only kept here, and put into Sentry's terms, a [`Hub`], when there is one.

use std::{
    collections::VecDeque,
    net::IpAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use explainer_core::{domain::Analysis, services::Caller};
use poem::{
    Request, Response,
    http::{Method, StatusCode, Uri},
};
use sentry::{
    Breadcrumb, Hub, Transaction, TransactionContext, User,
    protocol::{Context, IpAddress, SpanStatus},
};
use serde_json::json;

use super::{Monitor, profiles::Taking};
use crate::api::RouteName;

/// The header that says which trace a request goes on with.
const TRACE: &str = "sentry-trace";
/// What a request and a job are called:
/// <https://develop.sentry.dev/sdk/telemetry/traces/span-operations/>.
const REQUEST: &str = "http.server";
const JOB: (&str, &str) = ("analysis", "queue.process");

/// How many of the things that led to an error are told; the last ones.
const TRAIL: usize = 100;

tokio::task_local! {
    /// What is watched now.
    static NOW: Arc<Watched>;
}

/// A request or a job that is watched, if there is a Sentry to tell of it.
pub(crate) struct Watch(Option<Arc<Watched>>);

/// What is known of it.
pub(super) struct Watched {
    what: What,
    /// Whether the transaction will be sent.
    pub is_traced: bool,
    /// The trace it goes on with, if its caller has said so.
    continued: Option<TransactionContext>,
    /// Begun at once where it will be sent, and else when somebody asks for its ids.
    transaction: OnceLock<Transaction>,
    caller: OnceLock<Named>,
    trail: Mutex<VecDeque<Step>>,
    profile: Option<Taking>,
}

enum What {
    Request {
        id: String,
        method: Method,
        uri: Uri,
        /// Only where personal data may be told.
        ip: Option<IpAddr>,
    },
    Job {
        id: String,
        user: String,
        workspace: String,
    },
}

/// Who asks, and for what.
struct Named {
    user: User,
    workspace: Option<String>,
    route: RouteName,
}

/// Something that may turn out to have led to an error.
type Step = Box<dyn Fn() -> Breadcrumb + Send + Sync>;

impl Monitor {
    /// Watches a request. Signs of life and what browsers ask beforehand are not worth it.
    pub(crate) fn request(&self, request: &Request, id: &str) -> Watch {
        let idle = request.uri().path().contains("/health") || request.method() == Method::OPTIONS;
        if !self.is_on() || idle {
            return Watch(None);
        }
        let continued = continued(request);
        let decided = continued.as_ref().and_then(TransactionContext::sampled);
        let is_traced = self.sampling.chooses(decided);
        let address = request.remote_addr().as_socket_addr();
        let what = What::Request {
            id: id.to_owned(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            ip: address
                .map(std::net::SocketAddr::ip)
                .filter(|_| self.personal_data),
        };
        Watch(Some(self.begin(what, continued, is_traced)))
    }

    /// Does a job, as part of the trace of the request that asked for it.
    pub(crate) async fn job(&self, job: &Analysis, work: impl Future<Output = ()>) {
        if !self.is_on() {
            return work.await;
        }
        // A `traceparent` may stand beside it, whose first part is no trace's id.
        let traces = job.trace.iter().flat_map(|traces| traces.split(' '));
        let headers = traces.map(|trace| (TRACE, trace));
        let context = TransactionContext::continue_from_headers(JOB.0, JOB.1, headers);
        let is_traced = self.sampling.chooses_job(context.sampled());
        let what = What::Job {
            id: job.id.to_string(),
            user: job.created_by.to_string(),
            workspace: job.workspace_id.to_string(),
        };
        let watched = self.begin(what, Some(context), is_traced);
        NOW.scope(watched.clone(), work).await;
        if is_traced {
            let transaction = watched.transaction();
            let tries = job.attempt.saturating_sub(1);
            transaction.set_data("messaging.message.id", job.id.as_str().into());
            transaction.set_data("messaging.message.retry.count", tries.into());
            watched.end();
        }
    }

    fn begin(
        &self,
        what: What,
        continued: Option<TransactionContext>,
        is_traced: bool,
    ) -> Arc<Watched> {
        let mut watched = Watched {
            what,
            is_traced,
            continued,
            transaction: OnceLock::new(),
            caller: OnceLock::new(),
            trail: Mutex::default(),
            profile: None,
        };
        if is_traced {
            let transaction = watched.transaction();
            let profiler = self.profiler.as_ref();
            watched.profile = profiler.and_then(|profiler| profiler.take(transaction));
        }
        Arc::new(watched)
    }
}

impl Watch {
    /// Answers the request that is watched.
    pub(crate) async fn over(self, answer: impl Future<Output = Response>) -> Response {
        let Some(watched) = self.0 else {
            return answer.await;
        };
        let response = NOW.scope(watched.clone(), answer).await;
        if watched.is_traced {
            watched.answered(&response);
            watched.end();
        }
        response
    }
}

impl Watched {
    /// Its transaction, or one that is never sent and whose ids it goes by.
    pub(super) fn transaction(&self) -> &Transaction {
        self.transaction.get_or_init(|| {
            let new = || match &self.what {
                What::Request { method, .. } => TransactionContext::new(method.as_str(), REQUEST),
                What::Job { .. } => TransactionContext::new(JOB.0, JOB.1),
            };
            let mut context = self.continued.clone().unwrap_or_else(new);
            context.set_sampled(self.is_traced);
            Hub::main().start_transaction(context)
        })
    }

    fn answered(&self, response: &Response) {
        let transaction = self.transaction();
        let route = response.data::<RouteName>();
        let route = route.map_or("unknown", |route| &route.0);
        if let What::Request { method, .. } = &self.what {
            transaction.set_name(&format!("{method} {route}"));
            transaction.set_data("http.request.method", method.as_str().into());
        }
        transaction.set_data("http.route", route.into());
        let status = response.status();
        transaction.set_data("http.response.status_code", status.as_u16().into());
        transaction.set_status(meaning(status));
    }

    /// Tells of it, with what is known of it.
    fn end(&self) {
        Hub::run(self.hub(), || self.transaction().clone().finish());
    }

    /// What is known of it, in Sentry's terms.
    fn hub(&self) -> Arc<Hub> {
        let hub = Arc::new(Hub::new_from_top(Hub::main()));
        hub.configure_scope(|scope| {
            self.describe(scope);
            scope.set_span(Some(self.transaction().clone().into()));
            if let Some(profile) = &self.profile {
                let link = json!({"profiler_id": profile.profiler_id()});
                scope.set_context("profile", other(link));
            }
        });
        for step in &*self.trail.lock().unwrap_or_else(PoisonError::into_inner) {
            hub.add_breadcrumb(step());
        }
        hub
    }

    fn describe(&self, scope: &mut sentry::Scope) {
        match &self.what {
            What::Request {
                id,
                method,
                uri,
                ip,
            } => {
                scope.set_tag("request_id", id);
                let seen = json!({"method": method.as_str(), "url": uri.path()});
                scope.set_context("request", other(seen));
                let named = self.caller.get();
                if ip.is_some() || named.is_some() {
                    let user = named.map(|named| named.user.clone());
                    scope.set_user(Some(User {
                        ip_address: ip.map(IpAddress::Exact),
                        ..user.unwrap_or_default()
                    }));
                }
                if let Some(named) = named {
                    scope.set_transaction(Some(&format!("{method} {}", named.route.0)));
                    if let Some(workspace) = &named.workspace {
                        in_workspace(scope, workspace);
                    }
                }
            }
            What::Job {
                id,
                user,
                workspace,
            } => {
                scope.set_transaction(Some("analysis"));
                scope.set_tag("analysis", id);
                scope.set_user(Some(User {
                    id: Some(user.clone()),
                    ..User::default()
                }));
                in_workspace(scope, workspace);
            }
        }
    }

    fn note(&self, step: Step) {
        let mut trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
        if trail.len() == TRAIL {
            trail.pop_front();
        }
        trail.push_back(step);
    }
}

/// The trace that a request goes on with.
fn continued(request: &Request) -> Option<TransactionContext> {
    let headers = request.headers();
    headers.get(TRACE)?;
    let texts = [TRACE, "baggage"].into_iter().flat_map(|name| {
        let values = headers.get_all(name).into_iter();
        values.filter_map(move |value| Some((name, value.to_str().ok()?)))
    });
    let method = request.method().as_str();
    Some(TransactionContext::continue_from_headers(
        method, REQUEST, texts,
    ))
}

/// What is watched now.
pub(super) fn now() -> Option<Arc<Watched>> {
    NOW.try_with(Arc::clone).ok()
}

/// Sentry's terms for what is told now.
pub(super) fn hub() -> Arc<Hub> {
    now().map_or_else(Hub::current, |watched| watched.hub())
}

/// Keeps what may turn out to have led to an error.
pub(super) fn note(step: impl Fn() -> Breadcrumb + Send + Sync + 'static) {
    // Elsewhere, nobody would know what led to what.
    let _ = NOW.try_with(|watched| watched.note(Box::new(step)));
}

/// From now on, what is told of this request names its caller.
pub(crate) fn identify(caller: &Caller, route: &RouteName, monitor: &Monitor) {
    let user = caller.user();
    let _ = NOW.try_with(|watched| {
        watched.caller.get_or_init(|| Named {
            user: User {
                id: Some(user.id.to_string()),
                username: Some(user.username.clone()),
                email: monitor.personal_data.then(|| user.email.clone()),
                ..User::default()
            },
            workspace: user.workspace_id.as_ref().map(ToString::to_string),
            route: route.clone(),
        });
    });
}

/// `work` as a part of what is watched now, for when another task does it.
pub(crate) fn kept<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let now = now();
    async {
        match now {
            Some(watched) => NOW.scope(watched, work).await,
            None => work.await,
        }
    }
}

/// The trace that what happens now belongs to, to be continued elsewhere.
pub(crate) fn trace() -> Option<String> {
    let (_, header) = now()?.transaction().iter_headers().next()?;
    Some(header)
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
