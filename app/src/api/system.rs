//! `/`, `/health` and `/health/ready`: what this is, that it lives, and whether it can work.

#![expect(
    clippy::unused_async,
    reason = "the framework wants every operation async"
)]

use std::sync::Arc;

use explainer_core::services::{Finding, Services};
use poem::{
    IntoResponse, Response,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::Header,
    registry::{MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;

use super::{
    Tags,
    answer::{self, Answer},
    pages,
};

/// The media type of problems.
const PROBLEM: &str = "application/problem+json";

/// The operations.
pub(crate) struct SystemApi {
    pub services: Arc<Services>,
}

/// A sign of life.
#[derive(Debug, Object, Serialize)]
struct Health {
    /// Always `healthy`: a process that is not does not answer.
    status: String,
}

/// Whether the service can do its work.
#[derive(Debug, Object, Serialize)]
struct Ready {
    /// Always `ready`: what is not is a problem with status 503.
    status: String,
    /// Everything that was asked.
    checks: Vec<CheckReport>,
}

/// The service cannot do its work now: a problem as RFC 9457 describes it, with the checks.
#[derive(Debug, Object, Serialize)]
struct NotReady {
    /// Always `about:blank`.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// Always 503.
    status: u16,
    /// What does not answer.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// Always `not_ready`.
    code: String,
    /// Everything that was asked.
    checks: Vec<CheckReport>,
}

/// Something the service needs.
#[derive(Debug, Object, Serialize)]
struct CheckReport {
    /// What it is: `store`, `queue`, a model.
    name: String,
    /// Whether it answers as it should.
    ok: bool,
    /// How long the answer took, in milliseconds.
    latency_ms: f64,
    /// What is wrong and what to do.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// With `queue`: how many jobs wait for a worker.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<u64>,
    /// With `queue`, when any wait: how long the first of them has, in seconds.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_seconds: Option<f64>,
}

/// What this is.
#[derive(Debug, Object, Serialize)]
struct About {
    /// A greeting.
    message: String,
    /// The version of the service.
    version: String,
    /// Always `running`.
    status: String,
    /// Where to go from here.
    endpoints: Endpoints,
}

/// Where to go from here.
#[derive(Debug, Object, Serialize)]
struct Endpoints {
    /// The pages about the API.
    docs: String,
    /// The same in another dress.
    redoc: String,
    /// The document the pages are made from.
    openapi: String,
    /// A sign of life.
    health: String,
    /// Whether the service can do its work.
    ready: String,
    /// Where the API begins.
    api: String,
}

#[OpenApi(tag = "Tags::System")]
impl SystemApi {
    /// What this is
    ///
    /// A browser, which asks for `text/html`, is shown a page.
    #[oai(path = "/", method = "get", operation_id = "about")]
    async fn about(
        &self,
        /// What the client can read.
        #[oai(name = "Accept")]
        accept: Header<Option<String>>,
    ) -> Start {
        let wants_page = accept.0.is_some_and(|accept| accept.contains("text/html"));
        if wants_page && cfg!(feature = "web") {
            Start::Page
        } else {
            Start::Json
        }
    }

    /// A sign of life
    #[oai(path = "/health", method = "get", operation_id = "health")]
    async fn health(&self) -> Answer<Health> {
        healthy()
    }

    /// A sign of life
    #[oai(path = "/api/v1/health", method = "get", operation_id = "apiHealth")]
    async fn api_health(&self) -> Answer<Health> {
        healthy()
    }

    /// Whether the service can do its work
    ///
    /// The store, its queue and everything else the service needs are asked at the same time. An
    /// answer may be a second old. A long queue is no failure.
    #[oai(path = "/health/ready", method = "get", operation_id = "ready")]
    async fn ready(&self) -> Readiness {
        self.readiness("/health/ready").await
    }

    /// Whether the service can do its work
    ///
    /// As `/health/ready`.
    #[oai(
        path = "/api/v1/health/ready",
        method = "get",
        operation_id = "apiReady"
    )]
    async fn api_ready(&self) -> Readiness {
        self.readiness("/api/v1/health/ready").await
    }
}

impl SystemApi {
    async fn readiness(&self, path: &'static str) -> Readiness {
        let findings = self.services.readiness.look().await;
        Readiness { path, findings }
    }
}

/// 200, or 503 when something does not answer.
struct Readiness {
    path: &'static str,
    findings: Vec<Finding>,
}

impl IntoResponse for Readiness {
    fn into_response(self) -> Response {
        let failing = self.findings.iter().filter(|it| it.problem.is_some());
        let failing: Vec<&str> = failing.map(|it| &*it.name).collect();
        let detail = match &*failing {
            [] => {
                let checks = self.findings.into_iter().map(CheckReport::of).collect();
                let status = "ready".to_owned();
                return Answer(Ready { status, checks }).into_response();
            }
            failing => format!("{} cannot be used; `checks` says why", failing.join(", ")),
        };
        let problem = NotReady {
            kind: "about:blank".to_owned(),
            title: "Service Unavailable".to_owned(),
            status: 503,
            detail,
            instance: self.path.to_owned(),
            code: "not_ready".to_owned(),
            checks: self.findings.into_iter().map(CheckReport::of).collect(),
        };
        let mut response = answer::json(StatusCode::SERVICE_UNAVAILABLE, &problem);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        response
    }
}

impl CheckReport {
    fn of(finding: Finding) -> Self {
        Self {
            name: finding.name,
            ok: finding.problem.is_none(),
            // To the microsecond.
            latency_ms: (finding.latency.as_secs_f64() * 1e6).round() / 1e3,
            problem: finding.problem,
            waiting: finding.waiting,
            oldest_seconds: finding.oldest.map(|age| age.as_secs_f64()),
        }
    }
}

impl ApiResponse for Readiness {
    fn meta() -> MetaResponses {
        let ready = answer::meta_response::<Ready>(200, "Everything that is needed answers");
        let mut not = answer::meta_response::<NotReady>(503, "Something does not answer");
        for content in &mut not.content {
            content.content_type = PROBLEM;
        }
        MetaResponses {
            responses: vec![ready, not],
        }
    }

    fn register(registry: &mut Registry) {
        Ready::register(registry);
        NotReady::register(registry);
    }
}

/// The start of everything, for programs or for people.
enum Start {
    Json,
    Page,
}

impl IntoResponse for Start {
    fn into_response(self) -> Response {
        match self {
            Self::Json => Answer(About::this()).into_response(),
            Self::Page => {
                let page =
                    include_str!("page.html").replace("{version}", env!("CARGO_PKG_VERSION"));
                Response::builder()
                    .content_type(pages::HTML)
                    .header(header::CONTENT_SECURITY_POLICY, pages::POLICY)
                    .body(page)
            }
        }
    }
}

impl ApiResponse for Start {
    fn meta() -> MetaResponses {
        Answer::<About>::meta()
    }

    fn register(registry: &mut Registry) {
        Answer::<About>::register(registry);
    }
}

impl About {
    fn this() -> Self {
        let text = str::to_owned;
        Self {
            message: text("Issue Explainer: issues in, technical specifications out"),
            version: text(env!("CARGO_PKG_VERSION")),
            status: text("running"),
            endpoints: Endpoints {
                docs: text("/docs"),
                redoc: text("/redoc"),
                openapi: text("/openapi.json"),
                health: text("/health"),
                ready: text("/health/ready"),
                api: text("/api/v1"),
            },
        }
    }
}

fn healthy() -> Answer<Health> {
    Answer(Health {
        status: "healthy".to_owned(),
    })
}
