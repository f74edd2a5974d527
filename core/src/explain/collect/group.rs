//! Which events are the same problem, where no error tracker has decided that.

use std::fmt::Write;

use regex::Regex;
use std::sync::LazyLock;

use super::{culprit::own_frames, limits::cut};
use crate::domain::{Event, event::Frame};

/// The newest frames that take part.
const FRAMES: usize = 24;
/// How much of a message takes part, in bytes.
const TEXT: usize = 400;

/// A key that events of the same problem share.
///
/// It is, as far as known: the source's issue; the fingerprint the program asked for; the types of
/// the exceptions with the program's own calls; the message without numbers and ids.
pub fn group_key(event: &Event) -> String {
    let project = event.project_id.as_deref().unwrap_or_default();
    let key = match (&event.issue_id, event.fingerprint.as_slice()) {
        (Some(issue), _) => format!("issue {issue}"),
        (None, []) => by_content(event),
        (None, fingerprint) => {
            let parts = fingerprint.iter().map(|part| match part.trim() {
                "{{ default }}" | "{{default}}" => by_content(event),
                own => own.to_owned(),
            });
            format!("fingerprint {}", parts.collect::<Vec<_>>().join("\n"))
        }
    };
    format!("{project} {key}")
}

fn by_content(event: &Event) -> String {
    if event.exceptions.is_empty() {
        return by_message(event);
    }
    let calls = calls(event);
    let mut key = "exceptions".to_owned();
    for exception in &event.exceptions {
        let kind = exception.kind.as_deref().unwrap_or("?");
        let _ = write!(key, " {kind}");
        if calls.is_empty() {
            let _ = write!(
                key,
                " {}",
                fold(exception.value.as_deref().unwrap_or_default())
            );
        }
    }
    key + &calls
}

/// The program's own calls, or all calls when none is known to be; repeated calls count once.
fn calls(event: &Event) -> String {
    let mut own: Vec<_> = own_frames(event).map(call).collect();
    if own.is_empty() {
        let frames = event
            .exceptions
            .iter()
            .flat_map(|exception| &exception.frames);
        own = frames.map(call).collect();
    }
    own.dedup();
    let newest = own.iter().skip(own.len().saturating_sub(FRAMES));
    newest.fold(String::new(), |key, call| key + "\n" + call)
}

fn call(frame: &Frame) -> String {
    let file = frame.place().unwrap_or_default();
    // A build's hash in a file's name would tell every release apart.
    let file = fold(file.rsplit(['/', '\\']).next().unwrap_or_default());
    match &frame.function {
        Some(function) => format!("{file} {}", cut(function, TEXT)),
        None => format!("{file} {}", frame.line.unwrap_or_default()),
    }
}

fn by_message(event: &Event) -> String {
    let said = event.message.as_deref().or(event.title.as_deref());
    if let Some(said) = said {
        return format!("message {}", fold(said));
    }
    let place = event.culprit.as_deref().or(event.transaction.as_deref());
    let place = place.or(event.logger.as_deref()).unwrap_or_default();
    let findings = event.findings.iter().take(4);
    let findings = findings.map(|(name, value)| format!("{name} {}", fold(value)));
    format!(
        "place {place} {} {}",
        findings.collect::<Vec<_>>().join(" "),
        calls(event)
    )
}

/// Text without what differs from event to event: numbers, ids, addresses.
fn fold(text: &str) -> String {
    static CHANGING: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"(?:0x)?\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}\b|\b(?:0x)?[0-9a-fA-F]*[0-9][0-9a-fA-F]*\b|[0-9]+";
        Regex::new(pattern).expect("the pattern is ours")
    });
    CHANGING.replace_all(&cut(text, TEXT), "#").into_owned()
}
