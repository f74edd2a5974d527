//! Reads that have not changed are not sent again: an `ETag` for each, and 304 where the client has
//! it already (RFC 9110, 13.1.2).

use poem::{
    Body, Endpoint, IntoResponse, Request, Response, Result,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};
use sha2::{Digest, Sha256};

/// Tags what is read.
pub(super) struct Tagged<E>(pub E);

impl<E: Endpoint> Endpoint for Tagged<E> {
    type Output = Response;

    // No `async fn`: that would hold the request beside the one it has given away.
    fn call(&self, mut request: Request) -> impl Future<Output = Result<Response>> + Send {
        // What is answered to HEAD has the headers of GET; the server leaves out the body.
        if request.method() == Method::HEAD {
            request.set_method(Method::GET);
        }
        let is_read = request.method() == Method::GET;
        let known = request.headers().get_all(header::IF_NONE_MATCH);
        let known: Vec<HeaderValue> = known.iter().cloned().collect();
        let answer = self.0.call(request);
        async move {
            let response = answer.await?.into_response();
            if !is_read || response.status() != StatusCode::OK || is_stream(&response) {
                return Ok(response);
            }
            tagged(response, &known).await
        }
    }
}

/// An answer with its tag; without its body where the client has it.
async fn tagged(mut response: Response, known: &[HeaderValue]) -> Result<Response> {
    let given = response.headers().get(header::ETAG).cloned();
    let tag = if let Some(given) = given {
        given
    } else {
        let bytes = response.take_body().into_bytes().await?;
        let tag = tag(&bytes);
        response.set_body(bytes);
        tag
    };
    if known.iter().any(|known| names(known, &tag)) {
        response = not_modified(response.headers());
    }
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    if !headers.contains_key(header::CACHE_CONTROL) {
        // The client may keep it, and asks each time whether it is still good.
        let ask = HeaderValue::from_static("private, no-cache");
        headers.insert(header::CACHE_CONTROL, ask);
    }
    Ok(response)
}

/// The strong tag of a body: half of its digest.
pub(super) fn tag(bytes: &[u8]) -> HeaderValue {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(bytes)[..16]);
    let tag = u128::from_be_bytes(first);
    HeaderValue::from_str(&format!("\"{tag:032x}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

fn is_stream(response: &Response) -> bool {
    response.content_type() == Some("text/event-stream")
}

/// Whether a list of tags has this one; whether weakly or not does not matter to a read.
fn names(list: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(list), Ok(tag)) = (list.to_str(), tag.to_str()) else {
        return false;
    };
    list.split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// 304 with the headers that RFC 9110, 15.4.5, wants of it.
fn not_modified(of: &HeaderMap) -> Response {
    let mut response = Response::builder()
        .status(StatusCode::NOT_MODIFIED)
        .body(Body::empty());
    let kept = [
        header::CACHE_CONTROL,
        header::VARY,
        header::LINK,
        header::CONTENT_LOCATION,
    ];
    for name in kept {
        if let Some(value) = of.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_a_list() {
        let tag = tag(b"x");
        let text = tag.to_str().unwrap();
        for list in [
            text.to_owned(),
            format!("W/{text}"),
            format!("\"a\", {text}"),
            "*".to_owned(),
        ] {
            assert!(
                names(&HeaderValue::from_str(&list).unwrap(), &tag),
                "{list}"
            );
        }
        for list in ["", "\"\"", text.trim_matches('"'), &text[..10]] {
            assert!(
                !names(&HeaderValue::from_str(list).unwrap(), &tag),
                "{list}"
            );
        }
    }
}
