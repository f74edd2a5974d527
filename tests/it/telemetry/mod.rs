//! What the service tells of itself, and to whom.

mod bugsink;
mod figures;
mod log;
mod otlp;
mod patience;
mod profiles;
mod reports;
mod secrets;
mod test_events;
mod traces;

use serde_json::Value;

use crate::support::{Client, Service, until};

/// The value of a tag of an event, which may be a map or a list of pairs.
fn tag<'e>(event: &'e Value, name: &str) -> &'e str {
    event["tags"][name].as_str().unwrap_or_default()
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
