//! Cross-origin requests: only the origins of `server.allowed_origins` may read our answers.
//!
//! The framework's own middleware refuses requests whose origin is not listed, our own pages'
//! among them; this one serves them without the headers, and the browser does the rest.

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, if-none-match, last-event-id, prefer, x-request-id",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "etag, idempotency-replayed, link, location, preference-applied, ratelimit, ratelimit-policy, \
     retry-after, x-request-id",
);
/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins that may read our answers.
#[derive(Debug, Clone)]
pub(super) struct Cors {
    allowed: Vec<HeaderValue>,
    any: bool,
}

impl Cors {
    /// Allows these origins (`https://app.example.com`) and no others; `*` allows any, without
    /// credentials.
    pub(super) fn new(origins: &[String]) -> Self {
        let origin = |text: &String| HeaderValue::from_str(text).ok();
        Self {
            allowed: origins.iter().filter_map(origin).collect(),
            any: origins.iter().any(|origin| origin == "*"),
        }
    }

    /// The origin of this request, if it is one of ours.
    pub(super) fn allowed_origin(&self, request: &Request) -> Option<HeaderValue> {
        let origin = request.headers().get(header::ORIGIN)?;
        (self.any || self.allowed.contains(origin)).then(|| origin.clone())
    }

    /// Lets the page at `origin` read this answer.
    pub(super) fn mark(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.allowed.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = origin {
            if !self.any {
                let yes = HeaderValue::from_static("true");
                headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
            }
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// Whether a browser asks if it may ask.
pub(super) fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight from an allowed origin.
pub(super) fn preflight() -> Response {
    let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
    let set: [(HeaderName, HeaderValue); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    response
        .headers_mut()
        .extend(set.map(|(name, value)| (Some(name), value)));
    response
}
