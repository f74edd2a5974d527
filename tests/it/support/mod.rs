//! A service to test, and somebody to ask it.

use std::fmt::Write as _;

use aws_lc_rs::hmac;

mod capture;
mod client;
#[path = "../../../adapters/tests/support/identity.rs"]
#[expect(dead_code, reason = "the adapters' own tests ask for more")]
pub(crate) mod identity;
mod mailbox;
#[expect(
    dead_code,
    reason = "the adapter's tests, whose file this is, use the rest"
)]
#[path = "../../../adapters/tests/support/mongod.rs"]
pub(crate) mod mongod;
pub(crate) mod otlp;
mod place;
pub(crate) mod receiver;
#[path = "../../../adapters/tests/support/replay.rs"]
#[expect(dead_code, reason = "the adapters' own tests replay more")]
pub(crate) mod replay;
mod secrets;
pub(crate) mod sentry;
mod service;
#[path = "../../../adapters/tests/support/wire.rs"]
#[expect(dead_code, reason = "the adapters' own tests speak more")]
pub(crate) mod wire;

pub(crate) use client::{Answer, Client, Stream};
pub(crate) use mailbox::Mailbox;
pub(crate) use place::{Store, in_a_file};
pub(crate) use service::Service;

/// Tries `condition` until it gives something, for ten seconds at most.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut condition: impl FnMut() -> F,
) -> T {
    for _ in 0..1000 {
        if let Some(found) = condition().await {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("gave up after ten seconds: {what}");
}

/// Somebody who asks where the log says that figures are.
pub(crate) async fn figures_of(service: &Service) -> Client {
    let place = until("figures are served", async || {
        let log = service.log();
        let before = log.find("/metrics")?;
        let begin = log[..before].rfind("127.0.0.1:")?;
        Some(log[begin..before].to_owned())
    });
    Client::new(&format!("http://{}", place.await))
}

/// The HMAC-SHA256 of `body`, which trackers sign their webhooks with, in hex.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex(hmac::sign(&key, body).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
