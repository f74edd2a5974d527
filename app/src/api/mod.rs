//! The HTTP API: one file for each resource, and what stands around them all.
//!
//! Handlers translate and do nothing else: a body becomes arguments of a use case, its result an
//! answer, its failure a problem. What a caller may do is decided in `explainer_core::services`.

mod allow;
mod analyses;
mod answer;
mod around;
mod audit;
mod auth;
mod body;
mod cors;
mod debug;
mod etag;
mod idempotent;
mod issues;
mod kept;
mod limits;
mod log_filter;
mod members;
mod metrics;
mod models;
mod money;
mod monitoring;
mod notifications;
mod origin;
mod pages;
mod problem;
mod processed;
mod rate;
mod routes;
mod schema;
mod security;
mod settings;
mod shapes;
mod sources;
mod spending;
mod system;
mod time;
mod tokens;
mod users;
mod webhooks;
mod workspaces;

use std::{sync::Arc, time::Duration};

use explainer_core::{
    ports::{Changes, Ids},
    services::Services,
};
use poem::{EndpointExt, Request, Response, endpoint::BoxEndpoint};
use poem_openapi::{Object, OpenApi, OpenApiService, Tags as TagsDerive};
use serde::Serialize;

pub(crate) use self::routes::Route as RouteName;
use self::{
    allow::AllowedMethods, around::Around, cors::Cors, etag::Tagged, idempotent::Idempotent,
    kept::Kept, limits::Limits, problem::Problem, rate::RateLimit, routes::Routes,
};
pub use self::{metrics::metrics_endpoint, monitoring::Monitored};
use crate::{config::Server, telemetry::Telemetry, waiting::Waiting, watching::Gallery};

/// Groups of operations in the document.
#[derive(TagsDerive)]
pub(crate) enum Tags {
    /// Getting in.
    Accounts,
    /// A team's place, its connections and settings.
    Workspaces,
    /// Reading issues and having them explained.
    Issues,
    /// Finding analyses, reading and watching them.
    Analyses,
    /// Telling people and programs that analyses have ended.
    Notifications,
    /// What was sent to models and what it cost.
    Spending,
    /// How the service itself is watched.
    Monitoring,
    /// The service itself.
    System,
}

/// What was done.
#[derive(Debug, Object, Serialize)]
pub(crate) struct Message {
    /// One sentence.
    message: String,
}

impl Message {
    fn new(message: &str) -> Self {
        Self {
            message: message.to_owned(),
        }
    }
}

/// What the API is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The use cases.
    pub services: Arc<Services>,
    /// Those who wait for analyses.
    pub waiting: Arc<Waiting>,
    /// What counts the writes to the store of the use cases.
    pub changes: Arc<dyn Changes>,
    /// What is told of the service.
    pub telemetry: Telemetry,
    /// What the configuration says of that.
    pub monitored: Monitored,
}

/// What is found with every request.
#[derive(Debug)]
pub(crate) struct Shared {
    services: Arc<Services>,
    telemetry: Telemetry,
    names: Routes,
    /// The largest body that is read, in bytes.
    body_limit: usize,
}

impl Shared {
    fn of(request: &Request) -> Result<&Self, Problem> {
        let shared = request.data::<Arc<Self>>();
        shared.map(|it| &**it).ok_or_else(Problem::internal)
    }
}

/// The whole API as one endpoint.
pub fn endpoint(
    parts: Parts,
    ids: Arc<dyn Ids>,
    config: &Server,
) -> BoxEndpoint<'static, Response> {
    if config.debug {
        let apis = (operations(parts.clone()), for_development(parts.clone()));
        return around(service(apis), parts, ids, config);
    }
    around(service(operations(parts.clone())), parts, ids, config)
}

/// The OpenAPI document, as it is checked in under `config/openapi.json`; with the paths of
/// development mode only where that is on.
pub fn openapi_document(parts: Parts, debug: bool) -> String {
    if debug {
        return document(&service((
            operations(parts.clone()),
            for_development(parts),
        )));
    }
    document(&service(operations(parts)))
}

fn around<T: OpenApi + 'static>(
    service: OpenApiService<T, ()>,
    parts: Parts,
    ids: Arc<dyn Ids>,
    config: &Server,
) -> BoxEndpoint<'static, Response> {
    let Parts {
        services,
        waiting,
        changes,
        telemetry,
        ..
    } = parts;
    let patience = Duration::from_secs(config.request_seconds);
    let longest = patience + waiting.limit();
    let spec = document(&service);
    let methods = AllowedMethods::of(&spec);
    let shared = Arc::new(Shared {
        services,
        telemetry,
        names: Routes::of(&spec),
        body_limit: config.body_limit_kib as usize * 1024,
    });
    let routes = pages::pages(spec).nest("/", service).data(shared.clone());
    let once = Idempotent {
        inner: Arc::new(Tagged {
            inner: routes,
            kept: Kept::new(changes),
        }),
        shared: shared.clone(),
        patience: longest,
    };
    Around {
        inner: Limits::new(once, config.concurrent_requests, patience),
        cors: Cors::new(&config.allowed_origins),
        methods,
        rate: RateLimit::new(config.requests_per_minute),
        ids,
        shared,
        behind_proxy: config.behind_proxy,
    }
    .boxed()
}

fn operations(parts: Parts) -> impl OpenApi {
    let Parts {
        services,
        waiting,
        telemetry,
        monitored,
        ..
    } = parts;
    let accounts = (
        auth::AuthApi {
            services: services.clone(),
        },
        tokens::TokensApi {
            services: services.clone(),
        },
        users::UsersApi {
            services: services.clone(),
        },
        audit::AuditApi {
            services: services.clone(),
        },
    );
    let workspaces = (
        workspaces::WorkspacesApi {
            services: services.clone(),
        },
        members::MembersApi {
            services: services.clone(),
        },
        settings::SettingsApi {
            services: services.clone(),
        },
        sources::SourcesApi {
            services: services.clone(),
        },
        notifications::NotificationsApi {
            services: services.clone(),
        },
    );
    let issues = (
        issues::IssuesApi {
            services: services.clone(),
            waiting: waiting.clone(),
        },
        processed::ProcessedApi {
            services: services.clone(),
        },
        analyses::AnalysesApi {
            gallery: Gallery::new(services.clone(), waiting),
            services: services.clone(),
        },
        models::ModelsApi {
            services: services.clone(),
        },
        spending::SpendingApi {
            services: services.clone(),
        },
        webhooks::WebhooksApi {
            services: services.clone(),
        },
    );
    let service = (
        system::SystemApi {
            services: services.clone(),
        },
        log_filter::LogFilterApi {
            log: telemetry.log.clone(),
        },
        monitoring::MonitoringApi {
            services,
            telemetry,
            monitored,
        },
    );
    (accounts, workspaces, issues, service)
}

fn for_development(parts: Parts) -> impl OpenApi {
    debug::DebugApi {
        telemetry: parts.telemetry,
        monitored: parts.monitored,
    }
}

fn service<T: OpenApi>(apis: T) -> OpenApiService<T, ()> {
    OpenApiService::new(apis, "Issue Explainer", env!("CARGO_PKG_VERSION")).description(
        "Reads issues from an error tracker, explains each one, and serves the result as a \
         technical specification a developer can start from.\n\n\
         A request is about the workspace its caller works in, or about the one that the header \
         `X-Workspace-Id` names.",
    )
}

/// The document with one newline at its end, as files have.
fn document<T: OpenApi>(service: &OpenApiService<T, ()>) -> String {
    service.spec() + "\n"
}
