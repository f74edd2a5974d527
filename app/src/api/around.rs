//! What stands around every route: one spelling for paths, a request id, a line in the log,
//! cross-origin rules, what browsers may do with an answer, how much a token may ask, and the
//! promise that whatever goes wrong inside, panics included, is answered as a problem.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use explainer_core::ports::Ids;
use futures::FutureExt;
use poem::{
    Endpoint, IntoResponse, PathPattern, Request, Response, Result,
    error::NotFoundError,
    http::{HeaderName, HeaderValue, StatusCode, Uri, header, uri::PathAndQuery},
};
use tracing::Instrument;

use super::{
    Shared,
    allow::AllowedMethods,
    cors::{self, Cors},
    origin,
    problem::Problem,
    rate::{RateLimit, Standing},
};
use crate::telemetry::ACCESS;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What browsers may do with an answer that says nothing else: neither run it, nor show it in a frame,
/// nor take it for another type, nor tell others where it was read.
const SAFE: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    // What is not meant to be kept is kept nowhere.
    (header::CACHE_CONTROL, "no-store"),
];

/// Wraps all routes.
pub(super) struct Around<E> {
    pub inner: E,
    pub cors: Cors,
    pub methods: AllowedMethods,
    pub rate: RateLimit,
    pub ids: Arc<dyn Ids>,
    pub shared: Arc<Shared>,
    pub behind_proxy: bool,
}

impl<E: Endpoint> Endpoint for Around<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let id = request_id(&request, &*self.ids);
        let origin = self.cors.allowed_origin(&request);
        let from = origin::of(&request, self.behind_proxy);
        request.set_data(from);
        trim_trailing_slash(&mut request);
        let id_text = id.to_str().unwrap_or_default();
        let span = tracing::info_span!("request", id = id_text);
        let watch = self.shared.telemetry.monitor.request(&request, id_text);
        let trace = self.shared.telemetry.otlp.request(&request, id_text);
        let standing = self.rate.count(&request);
        // Boxed, since whatever is put around a future holds it once more.
        let answer = Box::pin(self.answer(request, origin.is_some(), standing.as_ref()));
        let answer = trace.over(answer);
        let mut response = watch.over(answer).instrument(span).await;
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        for (name, value) in SAFE {
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
        if let Some(standing) = standing {
            standing.mark(headers);
        }
        self.cors.mark(headers, origin);
        Ok(response)
    }
}

impl<E: Endpoint> Around<E> {
    /// Answers, and tells so.
    async fn answer(
        &self,
        request: Request,
        origin_allowed: bool,
        standing: Option<&Standing>,
    ) -> Response {
        let begun = Instant::now();
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let mut response = self
            .answered(request, &path, origin_allowed, standing)
            .await;
        let route = self.shared.names.name(response.data::<PathPattern>());
        let (took, status) = (begun.elapsed(), response.status().as_u16());
        let milliseconds = took.as_secs_f64() * 1000.0;
        // What looks whether the service lives does so every few seconds.
        if path.contains("/health") {
            tracing::debug!(target: ACCESS, %method, path, status, milliseconds, "answered");
        } else {
            tracing::info!(target: ACCESS, %method, path, status, milliseconds, "answered");
        }
        if let Some(metrics) = &self.shared.telemetry.metrics {
            metrics.answered(method.as_str(), &route.0, status, took);
        }
        response.set_data(route);
        response
    }

    async fn answered(
        &self,
        request: Request,
        path: &str,
        origin_allowed: bool,
        standing: Option<&Standing>,
    ) -> Response {
        if cors::is_preflight(&request) {
            if origin_allowed {
                return cors::preflight();
            }
            let detail = "this origin may not call from a browser; add it to ALLOWED_ORIGINS";
            return Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", detail)
                .response(path);
        }
        if let Some(problem) = standing.and_then(Standing::problem) {
            return problem.response(path);
        }
        let call = AssertUnwindSafe(Box::pin(self.inner.call(request))).catch_unwind();
        match call.await {
            Ok(Ok(output)) => output.into_response(),
            Ok(Err(error)) => {
                // Where nothing was found, the pattern is that of where it was looked for.
                let found = !error.is::<NotFoundError>();
                let route = error.data::<PathPattern>().filter(|_| found).cloned();
                let mut response = self.problem(error, path);
                if let Some(route) = route {
                    response.set_data(route);
                }
                response
            }
            // The panic hook has logged where and why.
            Err(_panic) => Problem::internal().response(path),
        }
    }

    fn problem(&self, error: poem::Error, path: &str) -> Response {
        let mut response = Problem::of(error).response(path);
        if response.status() == StatusCode::METHOD_NOT_ALLOWED
            && let Some(methods) = self.methods.at(path)
        {
            response.headers_mut().insert(header::ALLOW, methods);
        }
        response
    }
}

/// The client's own id where it is fit for a log line, else a new one.
fn request_id(request: &Request, ids: &dyn Ids) -> HeaderValue {
    let fit = |id: &&HeaderValue| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=64).contains(&id.len()) && id.as_bytes().iter().all(plain)
    };
    let given = request.headers().get(REQUEST_ID).filter(fit).cloned();
    given.unwrap_or_else(|| {
        HeaderValue::from_str(&ids.next()).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
    })
}

/// `/issues/` is `/issues`: both spellings are served, neither redirects.
fn trim_trailing_slash(request: &mut Request) {
    let path = request.uri().path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.len() == path.len() || trimmed.is_empty() {
        return;
    }
    let spelled = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(spelled).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_makes_no_difference() {
        for (sent, served) in [
            ("/", "/"),
            ("/issues/", "/issues"),
            ("/issues//?limit=1", "/issues?limit=1"),
            ("/issues?next=/a/", "/issues?next=/a/"),
            ("//", "//"),
            ("http://127.0.0.1:1/issues/", "http://127.0.0.1:1/issues"),
        ] {
            let mut request = Request::builder().uri(sent.parse().unwrap()).finish();
            trim_trailing_slash(&mut request);
            assert_eq!(
                request.uri().to_string(),
                served.parse::<Uri>().unwrap().to_string()
            );
        }
    }
}
