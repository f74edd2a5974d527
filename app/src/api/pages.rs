//! The pages about the API, for people, and the document they show.
//!
//! A page is megabytes that few look at, so it is made when it is asked for and not kept.

use bytes::Bytes;
use poem::{Endpoint, Response, Route, endpoint::make_sync, get, http::header};
#[cfg(feature = "web")]
use poem_openapi::OpenApiService;

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
        .at("/docs", page(document.clone(), Empty::swagger_ui_html))
        .at("/redoc", page(document, Empty::redoc_html));
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

/// A service without operations: the framework makes pages of a service alone.
#[cfg(feature = "web")]
type Empty = OpenApiService<(), ()>;

#[cfg(feature = "web")]
fn page(document: Bytes, of: fn(&Empty) -> String) -> impl Endpoint + 'static {
    get(make_sync(move |_| {
        let empty = Empty::new((), "", "");
        let document = String::from_utf8_lossy(&document);
        let page = of(&empty).replacen(&empty.spec(), &document, 1);
        let page = without_foreign_links(&page);
        Response::builder()
            .content_type(HTML)
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::ETAG, etag::tag(page.as_bytes()))
            .body(page)
    }))
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
