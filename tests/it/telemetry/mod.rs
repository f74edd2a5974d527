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

/// The value of a tag of an event, which may be a map or a list of pairs.
fn tag<'e>(event: &'e Value, name: &str) -> &'e str {
    event["tags"][name].as_str().unwrap_or_default()
}
