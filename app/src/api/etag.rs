//! Reads that have not changed are not sent again: an `ETag` for each, and 304 where the client has
//! it already (RFC 9110, 13.1.2). Nor are they made again, for a moment: see `kept`.

use std::{future::ready, mem};

use futures::{FutureExt, TryFutureExt};
use poem::{
    Body, Endpoint, IntoResponse, Request, Response, Result,
    http::{HeaderValue, Method, StatusCode, header},
};
use sha2::{Digest, Sha256};

use super::kept::Kept;

/// Tags what is read.
pub(super) struct Tagged<E> {
    pub inner: E,
    pub kept: Kept,
}

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
        let question = is_read.then(|| self.kept.question(&request)).flatten();
        let kept = question.as_ref().and_then(|it| self.kept.answer(it));
        let question = question.filter(|_| kept.is_none());
        let answer = if let Some(kept) = kept {
            ready(Ok(kept)).left_future()
        } else {
            let made = self.inner.call(request);
            made.map_ok(IntoResponse::into_response).right_future()
        };
        async move {
            let mut response = answer.await?;
            if !is_read || response.status() != StatusCode::OK || is_stream(&response) {
                return Ok(response);
            }
            mark(&mut response).await?;
            if let Some(question) = question {
                self.kept.keep(question, &mut response).await?;
            }
            let tag = response.headers().get(header::ETAG);
            if tag.is_some_and(|tag| known.iter().any(|known| names(known, tag))) {
                leave_out(&mut response);
            }
            Ok(response)
        }
    }
}

/// Says what the answer is known by, and that the client may keep it and asks each time whether it
/// is still good.
async fn mark(response: &mut Response) -> Result<()> {
    if !response.headers().contains_key(header::ETAG) {
        let bytes = response.take_body().into_bytes().await?;
        response.headers_mut().insert(header::ETAG, tag(&bytes));
        response.set_body(bytes);
    }
    let ask = HeaderValue::from_static("private, no-cache");
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(ask);
    Ok(())
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
fn leave_out(response: &mut Response) {
    response.set_status(StatusCode::NOT_MODIFIED);
    response.set_body(Body::empty());
    let of = mem::take(response.headers_mut());
    let kept = [
        header::ETAG,
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
