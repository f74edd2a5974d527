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
mod issues;
mod problem;
mod processed;
mod schema;
mod security;
mod settings;
mod shapes;
mod sources;
mod system;
mod time;
mod workspaces;

use std::sync::Arc;

use bytes::Bytes;
use explainer_core::{ports::Ids, services::Services};
use poem::{Endpoint, EndpointExt, Response, Route, endpoint::BoxEndpoint};
use poem_openapi::{Object, OpenApiService, Tags as TagsDerive};
use serde::Serialize;

use self::{allow::AllowedMethods, around::Around, body::BodyLimit, cors::Cors};
use crate::{config::Server, waiting::Waiting};

/// Groups of operations in the document.
#[derive(TagsDerive)]
pub(crate) enum Tags {
    /// Getting in.
    Accounts,
    /// A team's place, its connections and settings.
    Workspaces,
    /// Reading issues and having them explained.
    Issues,
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

type Apis = (
    system::SystemApi,
    auth::AuthApi,
    workspaces::WorkspacesApi,
    settings::SettingsApi,
    issues::IssuesApi,
    processed::ProcessedApi,
    sources::SourcesApi,
);

/// The whole API as one endpoint.
pub fn endpoint(
    services: Arc<Services>,
    waiting: Arc<Waiting>,
    ids: Arc<dyn Ids>,
    config: &Server,
) -> BoxEndpoint<'static, Response> {
    let service = service(services.clone(), waiting);
    let spec = document(&service);
    let routes = Route::new().at("/openapi.json", fixed("application/json", spec.clone()));
    #[cfg(feature = "web")]
    let routes = pages(routes, &service);
    let limit = BodyLimit(config.body_limit_kib as usize * 1024);
    let inner = routes.nest("/", service).data(services).data(limit);
    let cors = Cors::new(&config.allowed_origins);
    Around {
        inner,
        cors,
        methods: AllowedMethods::of(&spec),
        ids,
    }
    .boxed()
}

/// The OpenAPI document, as it is checked in under `config/openapi.json`.
pub fn openapi_document(services: Arc<Services>, waiting: Arc<Waiting>) -> String {
    document(&service(services, waiting))
}

fn service(services: Arc<Services>, waiting: Arc<Waiting>) -> OpenApiService<Apis, ()> {
    let apis = (
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
        sources::SourcesApi { services },
    );
    OpenApiService::new(apis, "Issue Explainer", env!("CARGO_PKG_VERSION")).description(
        "Reads issues from an error tracker, explains each one, and serves the result as a \
         technical specification a developer can start from.",
    )
}

/// The document with one newline at its end, as files have.
fn document(service: &OpenApiService<Apis, ()>) -> String {
    service.spec() + "\n"
}

/// The pages about the API, for people.
#[cfg(feature = "web")]
fn pages(routes: Route, service: &OpenApiService<Apis, ()>) -> Route {
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
