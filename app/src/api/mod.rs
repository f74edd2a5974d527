//! The HTTP API: one file for each resource, and what stands around them all.
//!
//! Handlers translate and do nothing else: a body becomes arguments of a use case, its result an
//! answer, its failure a problem. What a caller may do is decided in `explainer_core::services`.

mod allow;
mod analyses;
mod answer;
mod around;
mod auth;
mod body;
mod cors;
mod etag;
mod idempotent;
mod issues;
mod limits;
mod models;
mod money;
mod problem;
mod processed;
mod rate;
mod schema;
mod security;
mod settings;
mod shapes;
mod sources;
mod spending;
mod system;
mod time;
mod webhooks;
mod workspaces;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use explainer_core::{ports::Ids, services::Services};
use poem::{Endpoint, EndpointExt, Response, Route, endpoint::BoxEndpoint, http::header};
use poem_openapi::{Object, OpenApiService, Tags as TagsDerive};
use serde::Serialize;

use self::{
    allow::AllowedMethods, around::Around, body::BodyLimit, cors::Cors, etag::Tagged,
    idempotent::Idempotent, limits::Limits, rate::RateLimit,
};
use crate::{config::Server, waiting::Waiting, watching::Gallery};

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
    /// What was sent to models and what it cost.
    Spending,
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

const HTML: &str = "text/html; charset=utf-8";

/// What a page of ours may do: it brings its scripts and styles along and asks nobody but us.
const PAGES: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                     img-src 'self' data:; font-src data:; connect-src 'self'; worker-src blob:; \
                     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type Apis = (
    system::SystemApi,
    auth::AuthApi,
    workspaces::WorkspacesApi,
    settings::SettingsApi,
    issues::IssuesApi,
    processed::ProcessedApi,
    sources::SourcesApi,
    analyses::AnalysesApi,
    models::ModelsApi,
    spending::SpendingApi,
    webhooks::WebhooksApi,
);

/// The whole API as one endpoint.
pub fn endpoint(
    services: Arc<Services>,
    waiting: Arc<Waiting>,
    ids: Arc<dyn Ids>,
    config: &Server,
) -> BoxEndpoint<'static, Response> {
    let patience = Duration::from_secs(config.request_seconds);
    let longest = patience + waiting.limit();
    let service = service(services.clone(), waiting);
    let spec = document(&service);
    let routes = Route::new().at("/openapi.json", fixed("application/json", spec.clone()));
    #[cfg(feature = "web")]
    let routes = pages(routes, &service);
    let limit = BodyLimit(config.body_limit_kib as usize * 1024);
    let routes = routes.nest("/", service).data(services.clone()).data(limit);
    let once = Idempotent {
        inner: Arc::new(Tagged(routes)),
        services,
        body_limit: limit.0,
        patience: longest,
    };
    Around {
        inner: Limits::new(once, config.concurrent_requests, patience),
        cors: Cors::new(&config.allowed_origins),
        methods: AllowedMethods::of(&spec),
        rate: RateLimit::new(config.requests_per_minute),
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
        system::SystemApi {
            services: services.clone(),
        },
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
            waiting: waiting.clone(),
        },
        processed::ProcessedApi {
            services: services.clone(),
        },
        sources::SourcesApi {
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
        webhooks::WebhooksApi { services },
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
    let redoc = without_foreign_links(&service.redoc_html());
    routes
        .at("/docs", fixed(HTML, service.swagger_ui_html()))
        .at("/redoc", fixed(HTML, redoc))
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
    let tag = etag::tag(&text);
    poem::get(poem::endpoint::make_sync(move |_| {
        let response = Response::builder()
            .content_type(content_type)
            .header(header::ETAG, tag.clone());
        let response = match content_type {
            HTML => response.header(header::CONTENT_SECURITY_POLICY, PAGES),
            _ => response,
        };
        response.body(text.clone())
    }))
}
