//! The pages about the API, for people, and the document they show.

#[cfg(feature = "web")]
mod viewers;

use bytes::Bytes;
use poem::{Endpoint, Response, Route, endpoint::make_sync, get, http::header};

use super::etag;

/// What a page of ours may do: it brings its scripts and styles along and asks nobody but us.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
     img-src 'self' data:; font-src data:; connect-src 'self'; worker-src blob:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The type of a page.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// The document, and where the program has them the pages that show it.
pub(super) fn pages(document: String) -> Route {
    let document = Bytes::from(document);
    let routes = Route::new().at("/openapi.json", json(document.clone()));
    #[cfg(feature = "web")]
    let routes = routes
        .at(
            "/docs",
            viewers::shows(document.clone(), viewers::SWAGGER_UI),
        )
        .at("/redoc", viewers::shows(document, viewers::REDOC));
    routes
}

fn json(document: Bytes) -> impl Endpoint + 'static {
    let tag = etag::tag(&document);
    get(make_sync(move |_| {
        Response::builder()
            .content_type("application/json")
            .header(header::ETAG, tag.clone())
            .body(document.clone())
    }))
}
