//! The HTTP API: one file for each resource, and what stands around them all.
//!
//! Handlers translate and do nothing else: a body becomes arguments of a use case, its result an
//! answer, its failure a problem. What a caller may do is decided in `explainer_core::services`.

mod allow;
mod answer;
mod around;
mod auth;
mod body;
mod cors;
mod debug;
mod issues;
mod log_filter;
mod metrics;
mod monitoring;
mod problem;
mod processed;
mod routes;
mod schema;
mod security;
mod settings;
mod shapes;
mod system;
mod time;
mod webhooks;
mod workspaces;

use std::sync::Arc;

use bytes::Bytes;
use explainer_core::{ports::Ids, services::Services};
use poem::{Endpoint, EndpointExt, Response, Route, endpoint::BoxEndpoint};
use poem_openapi::{Object, OpenApi, OpenApiService, Tags as TagsDerive};
use serde::Serialize;

pub(crate) use self::routes::Route as RouteName;
use self::{allow::AllowedMethods, around::Around, body::BodyLimit, cors::Cors, routes::Routes};
pub use self::{metrics::metrics_endpoint, monitoring::Monitored};
use crate::{config::Server, telemetry::Telemetry, waiting::Waiting};

/// Groups of operations in the document.
#[derive(TagsDerive)]
pub(crate) enum Tags {
    /// Getting in.
    Accounts,
    /// A team's place, its connections and settings.
    Workspaces,
    /// Reading issues and having them explained.
    Issues,
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
    /// What is told of the service.
    pub telemetry: Telemetry,
    /// What the configuration says of that.
    pub monitored: Monitored,
}

/// The whole API as one endpoint.
pub fn endpoint(
    parts: Parts,
    ids: Arc<dyn Ids>,
    config: &Server,
) -> BoxEndpoint<'static, Response> {
    let (services, telemetry) = (parts.services.clone(), parts.telemetry.clone());
    if config.debug {
        let service = service((operations(parts.clone()), for_development(parts)));
        return around(service, services, telemetry, ids, config);
    }
    around(service(operations(parts)), services, telemetry, ids, config)
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
    services: Arc<Services>,
    telemetry: Telemetry,
    ids: Arc<dyn Ids>,
    config: &Server,
) -> BoxEndpoint<'static, Response> {
    let spec = document(&service);
    let names = Arc::new(Routes::of(&spec));
    let routes = Route::new().at("/openapi.json", fixed("application/json", spec.clone()));
    #[cfg(feature = "web")]
    let routes = pages(routes, &service);
    let limit = BodyLimit(config.body_limit_kib as usize * 1024);
    let inner = routes
        .nest("/", service)
        .data(services)
        .data(telemetry.clone())
        .data(names.clone())
        .data(limit);
    let cors = Cors::new(&config.allowed_origins);
    Around {
        inner,
        cors,
        methods: AllowedMethods::of(&spec),
        names,
        ids,
        telemetry,
    }
    .boxed()
}

fn operations(parts: Parts) -> impl OpenApi {
    let Parts {
        services,
        waiting,
        telemetry,
        monitored,
    } = parts;
    (
        system::SystemApi,
        auth::AuthApi {
            services: services.clone(),
        },
        workspaces::WorkspacesApi {
            services: services.clone(),
        },
        settings::SettingsApi {
            services: services.clone(),
        },
        issues::IssuesApi {
            services: services.clone(),
            waiting,
        },
        processed::ProcessedApi {
            services: services.clone(),
        },
        log_filter::LogFilterApi {
            log: telemetry.log.clone(),
        },
        webhooks::WebhooksApi {
            services: services.clone(),
        },
        monitoring::MonitoringApi {
            services,
            telemetry,
            monitored,
        },
    )
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
         technical specification a developer can start from.",
    )
}

/// The document with one newline at its end, as files have.
fn document<T: OpenApi>(service: &OpenApiService<T, ()>) -> String {
    service.spec() + "\n"
}

/// The pages about the API, for people.
#[cfg(feature = "web")]
fn pages<T: OpenApi>(routes: Route, service: &OpenApiService<T, ()>) -> Route {
    let html = "text/html; charset=utf-8";
    routes
        .at("/docs", fixed(html, service.swagger_ui_html()))
        .at(
            "/redoc",
            fixed(html, without_foreign_links(&service.redoc_html())),
        )
}

/// `ReDoc`'s page fetches its fonts from elsewhere; the reader's own serve as well.
#[cfg(feature = "web")]
fn without_foreign_links(page: &str) -> String {
    let foreign = |line: &&str| line.trim_start().starts_with("<link href=\"https://");
    page.lines()
        .filter(|line| !foreign(line))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Text that never changes while the service runs.
fn fixed(content_type: &'static str, text: String) -> impl Endpoint + 'static {
    let text = Bytes::from(text);
    poem::get(poem::endpoint::make_sync(move |_| {
        Response::builder()
            .content_type(content_type)
            .body(text.clone())
    }))
}
