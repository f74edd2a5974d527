//! The host's HTTP client: one place for proxies, roots, time-outs and the rules of where to.

use std::{ffi::c_void, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::oneshot;

use crate::{
    Error, Host,
    abi::{self, ExplainerBytes},
    log,
};

/// A request in the making.
#[derive(Debug, Clone)]
pub struct Request {
    host: Host,
    head: RequestHead,
    body: Vec<u8>,
}

/// Everything of a request but its body, as it crosses the boundary.
#[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RequestHead {
    /// `GET`, `POST`…
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// How long it may take, in milliseconds; the host has a limit of its own too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Headers carry tokens, so they are not shown.
impl std::fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

/// Everything of an answer but its body, as it crosses the boundary.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ResponseHead {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(host: Host, method: &str, url: &str) -> Self {
        let head = RequestHead {
            method: method.to_owned(),
            url: url.to_owned(),
            ..RequestHead::default()
        };
        Self {
            host,
            head,
            body: Vec::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Limits how long it may take.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.head.timeout_ms = Some(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Sends it with the host's client and waits for the whole answer.
    pub async fn send(self) -> Result<Response, Error> {
        let head = serde_json::to_vec(&self.head).map_err(|error| {
            Error::internal(format!("could not write a request because {error}"))
        })?;
        let (answer, answered) = oneshot::channel::<Answer>();
        let user = Box::into_raw(Box::new(answer));
        if !self
            .host
            .http(log::current_call(), &head, &self.body, user.cast())
        {
            // SAFETY: the host has no client, so nobody else will ever see this pointer.
            drop(unsafe { Box::from_raw(user) });
            return Err(Error::unsupported(
                "could not send a request because this host has no HTTP client; bring your own",
            ));
        }
        match answered.await {
            Ok(answer) => answer,
            Err(_dropped) => Err(Error::unavailable(
                "could not send a request because the host is stopping; try again",
            )),
        }
    }
}

type Answer = Result<Response, Error>;

/// Takes the answer of one request.
///
/// # Safety
/// `user` must come from [`Request::send`], and come but once.
pub(crate) unsafe extern "C" fn done(
    user: *mut c_void,
    status: i32,
    head: ExplainerBytes,
    body: ExplainerBytes,
) {
    if user.is_null() {
        return;
    }
    // SAFETY: `send` made this pointer for one request, and the boundary promises one answer to it.
    let answer = unsafe { Box::from_raw(user.cast::<oneshot::Sender<Answer>>()) };
    // SAFETY: the host lends both until this call returns.
    let (head, body) = unsafe { (head.as_slice(), body.as_slice()) };
    // The caller may have gone; then nobody needs the answer.
    let _ = answer.send(read(status, head, body));
}

fn read(status: i32, head: &[u8], body: &[u8]) -> Answer {
    if status != abi::EXPLAINER_OK {
        return Err(Error::of_payload(status, head));
    }
    let head: ResponseHead = serde_json::from_slice(head)
        .map_err(|error| Error::internal(format!("could not read the host's answer: {error}")))?;
    Ok(Response {
        status: head.status,
        headers: head.headers,
        body: body.to_vec(),
    })
}

impl Response {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON; [`crate::Code::Protocol`] when it is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Error::protocol(format!(
                "could not read the tracker's answer because it is not the JSON that was expected: {error}"
            ))
        })
    }
}
