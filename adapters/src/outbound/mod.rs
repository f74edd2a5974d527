//! The way out: the only place where HTTP clients are built, so that each has time-outs, follows
//! no redirect, names itself, and reaches nothing that its [`Target`] must not reach.
//!
//! What is asked and what an answer means is for the adapters that use it.

mod address;
mod clients;
mod relay;
mod target;

use std::{error::Error as StdError, io, sync::Arc, time::Duration};

use explainer_core::{Error, ErrorKind, Result};
use reqwest::{Client, Response, redirect};

pub use address::{Forbidden, Networks, resolve};
pub use clients::Clients;
pub use relay::{Parcel, Relay, Reply};
pub use target::{BadTarget, Target};

/// What every client calls itself.
pub const USER_AGENT: &str = concat!("issue-explainer/", env!("CARGO_PKG_VERSION"));

/// How long a client waits.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes of an answer.
    pub read: Duration,
    /// For a whole request, its answer included.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(20),
            total: Duration::from_secs(30),
        }
    }
}

/// A client for `target` and nothing else. Redirects come back as answers: the token that goes
/// along was given for one server.
///
/// A checked target is spoken to directly, never through the proxy of the environment: what was
/// checked is what is reached.
pub fn client(target: &Target, patience: Patience, adapter: &'static str) -> Result<Client> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where clients are built"
    )]
    let builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(patience.connect)
        .read_timeout(patience.read)
        .timeout(patience.total)
        .pool_idle_timeout(Duration::from_secs(60));
    let builder = match target.networks() {
        Networks::Any if !target.is_local() => builder,
        Networks::Any => builder.no_proxy(),
        networks => {
            let resolver = Arc::new(address::CheckedResolver(networks));
            builder.no_proxy().dns_resolver(resolver)
        }
    };
    builder.build().map_err(|error| {
        let message = "could not make an HTTP client because TLS could not be set up; \
                       see that the machine has its usual certificates";
        Error::new(ErrorKind::Internal, adapter, "connect", message).with_source(error)
    })
}

/// Reads the body of an answer, decompressed, up to `limit` bytes; a longer one is a `Protocol`
/// error and is not read to its end.
pub async fn read_capped(
    mut response: Response,
    limit: usize,
    adapter: &'static str,
    operation: &'static str,
) -> Result<Vec<u8>> {
    let host = response.url().host_str().unwrap_or_default().to_owned();
    let mut body = Vec::new();
    loop {
        let piece = response.chunk().await;
        let Some(piece) = piece.map_err(|error| fault(error, &host, adapter, operation))? else {
            return Ok(body);
        };
        if body.len() + piece.len() > limit {
            let message = format!(
                "could not read the answer of {host} because it is larger than {limit} bytes; \
                 check that the address is that of the API"
            );
            return Err(Error::new(ErrorKind::Protocol, adapter, operation, message));
        }
        body.extend_from_slice(&piece);
    }
}

/// What a failed request means. Neither the message nor the kept source holds the URL, since a URL
/// may hold a secret.
pub fn fault(
    error: reqwest::Error,
    host: &str,
    adapter: &'static str,
    operation: &'static str,
) -> Error {
    let error = error.without_url();
    let new = |kind, message| Error::new(kind, adapter, operation, message);
    let failed = if let Some(forbidden) = cause::<Forbidden>(&error) {
        new(
            ErrorKind::Invalid,
            format!("could not connect to {host} because {forbidden}"),
        )
    } else if error.is_timeout() {
        new(
            ErrorKind::Timeout,
            format!("could not get an answer from {host} in time; try again later"),
        )
    } else if error.is_builder() {
        new(
            ErrorKind::Invalid,
            format!(
                "could not ask {host} because the request could not be formed; \
                 check the address and the token for stray characters"
            ),
        )
    } else if error.is_connect() || error.is_request() || error.is_body() || cut_off(&error) {
        new(
            ErrorKind::Unavailable,
            format!(
                "could not reach {host}: {}; see that the address is right and the server runs",
                innermost(&error)
            ),
        )
    } else {
        new(
            ErrorKind::Protocol,
            format!("could not read the answer of {host}: {}", innermost(&error)),
        )
    };
    failed.with_source(error)
}

fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(Some(error as &(dyn StdError + 'static)), |&it| it.source())
}

fn cause<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    chain(error).find_map(|it| it.downcast_ref())
}

/// Whether the connection broke while the answer was read.
fn cut_off(error: &reqwest::Error) -> bool {
    cause::<io::Error>(error).is_some_and(|it| it.kind() != io::ErrorKind::InvalidData)
}

/// The reason that lies deepest, as one line of bounded length.
fn innermost(error: &reqwest::Error) -> String {
    let reason = chain(error).last().map(ToString::to_string);
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let reason = reason.unwrap_or_default();
    reason.chars().take(200).map(plain).collect()
}

#[cfg(test)]
mod tests;
