//! The pages that show the document: Swagger UI's and `ReDoc`'s.
//!
//! Each is megabytes that few look at: the program has it as `build.rs` has compressed it, and makes
//! it when it is asked for.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use poem::{
    Endpoint, Error, Response, endpoint::make_sync, error::InternalServerError, get, http::header,
};

use super::{HTML, POLICY};
use crate::api::etag;

pub(super) const SWAGGER_UI: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui"));
pub(super) const REDOC: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/redoc"));

/// What stands where the document goes, as `build.rs` writes it.
const DOCUMENT: &str = "/* the document */";

pub(super) fn shows(document: Bytes, viewer: &'static [u8]) -> impl Endpoint + 'static {
    get(make_sync(move |_| {
        let mut page = String::new();
        let read = GzDecoder::new(viewer).read_to_string(&mut page);
        read.map_err(InternalServerError)?;
        let page = page.replacen(DOCUMENT, &String::from_utf8_lossy(&document), 1);
        let response = Response::builder()
            .content_type(HTML)
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::ETAG, etag::tag(page.as_bytes()));
        Ok::<_, Error>(response.body(page))
    }))
}
