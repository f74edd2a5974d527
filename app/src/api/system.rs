//! `/` and `/health`: what this is, and that it lives.

#![expect(
    clippy::unused_async,
    reason = "the framework wants every operation async"
)]

use poem::{IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::Header,
    registry::{MetaResponses, Registry},
};
use serde::Serialize;

use super::{HTML, PAGES, Tags, answer::Answer};

/// The operations.
pub(crate) struct SystemApi;

/// A sign of life.
#[derive(Debug, Object, Serialize)]
struct Health {
    /// Always `healthy`: a process that is not does not answer.
    status: String,
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
                    .content_type(HTML)
                    .header(header::CONTENT_SECURITY_POLICY, PAGES)
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
