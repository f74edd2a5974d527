//! Finds the events in a document: which of the known shapes it has, or why it holds none.
//!
//! Reading an event once it is found is [`super::event`]'s.

use std::borrow::Cow;

use super::{
    envelope,
    event::event,
    json::{Node, mend, parse},
    limits::{MAX_DOCUMENT, MAX_ITEMS, cut},
};
use crate::domain::Event;

/// Why a document holds no event, in one sentence for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoEvent(String);

/// Reads every event in a document of at most [`MAX_DOCUMENT`] bytes.
///
/// Understood are the event an SDK sends, the event Sentry's Web API answers, a list of either,
/// one of them a line, an envelope, the body of an alert webhook, and an event under `data` of an
/// object around it. Of several documents those without an event are left out.
pub fn read(document: &[u8]) -> Result<Vec<Event>, NoEvent> {
    if document.len() > MAX_DOCUMENT {
        let limit = MAX_DOCUMENT / 1024 / 1024;
        return no_event(format!("the document is larger than {limit} MiB"));
    }
    if let Some(items) = envelope::items(document) {
        return in_envelope(&items);
    }
    let text = String::from_utf8_lossy(document);
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.chars().next() {
        None => no_event("the document is empty"),
        Some('<') => no_event("not JSON: this is an HTML or XML page"),
        Some(_) => in_text(text),
    }
}

/// Whether `node` has any part that only events have.
pub(super) fn is_event(node: &Node<'_>) -> bool {
    const PARTS: [&str; 10] = [
        "entries",
        "exception",
        "logentry",
        "message",
        "stacktrace",
        "threads",
        "breadcrumbs",
        "request",
        "csp",
        "occurrence",
    ];
    let has = |keys: &[&str]| !node.any(keys).is_null();
    let interface = |(key, _): &(Cow<'_, str>, _)| key.starts_with("sentry.interfaces.");
    has(&PARTS)
        || node.entries().iter().any(interface)
        || has(&["event_id", "eventID"]) && has(&["platform", "level", "timestamp", "title"])
}

fn in_envelope(items: &[envelope::Item<'_>]) -> Result<Vec<Event>, NoEvent> {
    let events = items.iter().filter(|item| item.kind == "event");
    let read: Vec<_> = events
        .map(|item| in_text(String::from_utf8_lossy(item.payload).trim()))
        .collect();
    if read.is_empty() {
        let mut kinds: Vec<_> = items.iter().map(|item| item.kind.as_str()).collect();
        kinds.dedup();
        kinds.truncate(10);
        let kinds = kinds.join(", ");
        return no_event(format!(
            "this is an envelope without an event, it holds: {kinds}"
        ));
    }
    gather(read)
}

fn in_text(text: &str) -> Result<Vec<Event>, NoEvent> {
    match parse(text) {
        Ok((node, "")) => in_node(&node),
        Ok((first, _)) if first.is_map() && text.contains('\n') => in_lines(text),
        Ok(_) => no_event("not JSON: there is more after the end of the first value"),
        Err(error) => match mend(text) {
            Some(mended) => in_text(&mended),
            None if error.is_data() => {
                no_event(format!("could not read the document because {error}"))
            }
            None => no_event(format!("not JSON: {error}")),
        },
    }
}

fn in_lines(text: &str) -> Result<Vec<Event>, NoEvent> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let one = |line: &str| match parse(line) {
        Ok((node, "")) => in_node(&node),
        Ok(_) => no_event("not JSON: there is more after the end of the first value"),
        Err(error) => no_event(format!("not JSON: {error}")),
    };
    gather(lines.take(MAX_ITEMS).map(|line| match mend(line) {
        Some(mended) => one(&mended),
        None => one(line),
    }))
}

fn in_node(node: &Node<'_>) -> Result<Vec<Event>, NoEvent> {
    match node {
        Node::List(items) if items.is_empty() => no_event("this is an empty list"),
        Node::List(items) => gather(
            items
                .iter()
                .map(|item| in_map(item).map(|event| vec![event])),
        ),
        _ => in_map(node).map(|event| vec![event]),
    }
}

/// All events there are; the first reason when there are none.
fn gather(
    documents: impl IntoIterator<Item = Result<Vec<Event>, NoEvent>>,
) -> Result<Vec<Event>, NoEvent> {
    let mut events = Vec::new();
    let mut reason = None;
    for document in documents {
        match document {
            Ok(found) => events.extend(found),
            Err(why) => {
                tracing::debug!(%why, "left out one of several documents");
                reason = reason.or(Some(why));
            }
        }
    }
    match reason {
        Some(why) if events.is_empty() => Err(why),
        _ => Ok(events),
    }
}

fn in_map(node: &Node<'_>) -> Result<Event, NoEvent> {
    let data = node.get("data");
    if !node.get("action").is_null() && data.is_map() {
        // Alerts carry the event, webhooks of single errors call it so.
        let carried = data.any(&["event", "error"]);
        return if carried.is_map() {
            Ok(event(carried))
        } else {
            no_event(format!(
                "this is a webhook about {}; it carries no event",
                subject(data)
            ))
        };
    }
    if is_event(data) {
        return Ok(unwrap(node, data));
    }
    if let Some(why) = stranger(node) {
        return no_event(why);
    }
    Ok(event(node))
}

/// The event under `data`, with what only the object around it knows.
fn unwrap(around: &Node<'_>, data: &Node<'_>) -> Event {
    let inner = event(data);
    let known = |value: Option<String>, key: &str| value.or_else(|| around.get(key).text(64));
    Event {
        id: known(inner.id, "event_id"),
        issue_id: known(inner.issue_id, "issue"),
        project_id: known(inner.project_id, "project"),
        timestamp: inner
            .timestamp
            .or_else(|| super::values::timestamp(around.get("timestamp"))),
        ..inner
    }
}

fn subject(data: &Node<'_>) -> &'static str {
    let known = [
        ("installation", "an installation"),
        ("comment", "a comment"),
        ("metric_alert", "a metric alert"),
        ("issue", "an issue"),
    ];
    let found = known.iter().find(|(key, _)| !data.get(key).is_null());
    found.map_or("something else", |(_, words)| words)
}

/// What this is, when it is no event.
fn stranger(node: &Node<'_>) -> Option<String> {
    let kind = node.get("type").str().unwrap_or_default();
    let has = |key: &str| !node.get(key).is_null();
    if !node.is_map() {
        return Some("this is a single JSON value and not an event".to_owned());
    }
    if let Some(error) = api_error(node) {
        return Some(error);
    }
    if has("profiler_id") || has("chunk_id") || kind.starts_with("profile") {
        return Some("this is a piece of a profile; it carries no event".to_owned());
    }
    if kind == "transaction" && !has("entries") && !has("exception") && !has("occurrence") {
        return Some(
            "this is a transaction, which tells how long things took; it carries no error"
                .to_owned(),
        );
    }
    if has("shortId") || (has("firstSeen") && has("lastSeen")) {
        return Some("this is an issue without its events".to_owned());
    }
    if is_event(node) {
        return None;
    }
    let keys = node.entries().iter().take(6).map(|(key, _)| cut(key, 40));
    let keys = keys.collect::<Vec<_>>().join(", ");
    Some(format!(
        "this is a JSON object that is no event; its keys are: {keys}"
    ))
}

/// An error answer of the Web API, bare or as `{"status": …, "body": …}`.
fn api_error(node: &Node<'_>) -> Option<String> {
    let body = node.get("body");
    let body = if body.is_map() { body } else { node };
    let detail = body.get("detail");
    let detail = detail
        .text(200)
        .or_else(|| detail.any(&["message", "code"]).text(200))?;
    let status = node.get("status").text(3);
    let status = status.map_or_else(String::new, |status| format!(" ({status})"));
    Some(format!(
        "this is an error answer of the Sentry API{status}: {detail}"
    ))
}

fn no_event<T>(why: impl Into<String>) -> Result<T, NoEvent> {
    Err(NoEvent(why.into()))
}
