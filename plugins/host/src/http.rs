//! The HTTP client that plugins use: the app's, which knows where one may go.

use std::{fmt, fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{Error, ErrorKind, Result};
use explainer_plugin_sdk::{RequestHead, ResponseHead, abi};

use crate::{ADAPTER, fault, frames::Command};

/// Sends requests of plugins. It decides what may be reached, and bounds time and size.
#[async_trait]
pub trait HttpClient: Send + Sync + Debug + 'static {
    /// Sends a request and gives back the whole answer, whatever its status.
    async fn send(&self, request: HttpRequest) -> Result<HttpAnswer>;
}

/// What a plugin asks to be sent.
#[derive(Clone)]
pub struct HttpRequest {
    /// `GET`, `POST`…
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long it may take, where the plugin says.
    pub timeout: Option<Duration>,
}

/// Headers and URLs carry tokens, so they are not shown.
impl Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({} …)", self.method)
    }
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The longest head of an answer, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// Sends what a plugin asked for; the command is the answer it gets, whatever happened.
pub(crate) async fn answer(
    client: Option<Arc<dyn HttpClient>>,
    request: u64,
    head: Vec<u8>,
    body: Vec<u8>,
) -> Command {
    let outcome = send(client, &head, body).await.and_then(|answer| {
        let head = ResponseHead {
            status: answer.status,
            headers: answer.headers,
        };
        let head = serde_json::to_vec(&head).unwrap_or_default();
        if head.len() > MAX_HEAD {
            let why = "could not take the answer because its headers are too large";
            return Err(Error::new(ErrorKind::Protocol, ADAPTER, "http", why));
        }
        Ok((head, answer.body))
    });
    let (status, head, body) = match outcome {
        Ok((head, body)) => (abi::EXPLAINER_OK, head, body),
        Err(error) => {
            let head = fault::body(&fault::plain(error.message()));
            (fault::status_of(error.kind()), head, Vec::new())
        }
    };
    Command::HttpDone {
        request,
        status,
        head,
        body,
    }
}

async fn send(
    client: Option<Arc<dyn HttpClient>>,
    head: &[u8],
    body: Vec<u8>,
) -> Result<HttpAnswer> {
    let refuse = |kind, why: String| Error::new(kind, ADAPTER, "http", why);
    let client = client.ok_or_else(|| {
        let why = "could not send a request because this host has no HTTP client";
        refuse(ErrorKind::Unsupported, why.to_owned())
    })?;
    let head: RequestHead = serde_json::from_slice(head).map_err(|error| {
        let why = format!("could not read the request because {error}");
        refuse(ErrorKind::Invalid, why)
    })?;
    client
        .send(HttpRequest {
            method: head.method,
            url: head.url,
            headers: head.headers,
            body,
            timeout: head.timeout_ms.map(Duration::from_millis),
        })
        .await
}
