//! Requests to servers that are not known before: what plugins ask to be sent.

use std::time::Duration;

use explainer_core::{Error, ErrorKind, Result};
use reqwest::{Method, Url};

use super::{BadTarget, Clients, Patience, fault, read_capped};

/// The largest answer, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Sends requests to any server that users may name.
#[derive(Debug)]
pub struct Relay {
    clients: Clients,
}

/// A request.
#[derive(Clone)]
pub struct Parcel {
    /// `GET`, `POST`…
    pub method: String,
    /// Where to.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long it may take, at most as long as any request may.
    pub timeout: Option<Duration>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Relay {
    /// Reaches private networks where the installation lets users name addresses there.
    pub fn new(private_networks: bool) -> Self {
        Self {
            clients: Clients::new(private_networks, Patience::default()),
        }
    }

    /// Sends a request for `adapter`, and gives back the whole answer.
    pub async fn send(&self, parcel: Parcel, adapter: &'static str) -> Result<Reply> {
        const OPERATION: &str = "http";
        let refuse = |why: String| Error::new(ErrorKind::Invalid, adapter, OPERATION, why);
        let url: Url = parcel
            .url
            .parse()
            .map_err(|_| BadTarget::NotAnAddress.of_setting("url", adapter))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let method: Method = parcel.method.parse().map_err(|_| {
            refuse("could not send the request because its method is no word of HTTP".to_owned())
        })?;
        let mut request = self.clients.client(&url, adapter)?.request(method, url);
        for (name, value) in &parcel.headers {
            request = request.header(name, value);
        }
        if let Some(limit) = parcel.timeout {
            request = request.timeout(limit.min(Patience::default().total));
        }
        let response = request.body(parcel.body).send().await;
        let response = response.map_err(|error| fault(error, &host, adapter, OPERATION))?;
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Ok(Reply {
            status: response.status().as_u16(),
            headers: headers.collect(),
            body: read_capped(response, MAX_ANSWER, adapter, OPERATION).await?,
        })
    }
}
