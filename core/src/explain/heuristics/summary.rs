//! What failed, where, how often, since when, for how many, in which release.

use super::{facts::Facts, failure::is_group, inline};
use crate::domain::{Level, Timestamp};

/// Two sentences: the failure with its place, and its extent.
pub(super) fn write(facts: &Facts<'_>) -> String {
    let failure = facts.failure.name();
    let parts = [what(facts, &failure), extent(facts), setting(facts)];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn what(facts: &Facts<'_>, failure: &str) -> String {
    let place = facts
        .crash
        .map_or_else(|| elsewhere(facts), |crash| format!(" in {}", crash.name()));
    let last = facts.surfaced().last().and_then(|(_, last)| {
        let name = facts.name_above(last, 120)?;
        let verb = if is_group(last) {
            "reported within"
        } else {
            "surfacing as"
        };
        Some(format!(", {verb} {name}"))
    });
    let told = match (facts.event.exceptions.is_empty(), facts.event.level) {
        (true, _) if facts.is_finding() => "Finding ",
        (true, Level::Warning) => "Warning ",
        (true, Level::Info | Level::Debug) => "Log message ",
        _ => "",
    };
    format!("{told}{failure}{place}{}.", last.unwrap_or_default())
}

fn elsewhere(facts: &Facts<'_>) -> String {
    if let Some(document) = facts.finding(&["document_uri"]) {
        return format!(
            " on the page {}",
            inline::code(&super::trail::bare_url(document), 160)
        );
    }
    let transaction = facts
        .event
        .transaction
        .as_deref()
        .map(|text| inline::code(text, 120));
    transaction
        .filter(|text| !text.is_empty())
        .map_or_else(String::new, |name| format!(" in {name}"))
}

fn extent(facts: &Facts<'_>) -> String {
    let issue = &facts.evidence.issue;
    let times = match issue.count {
        0 => return String::new(),
        1 => "Seen once".to_owned(),
        count => format!("Seen {count} times"),
    };
    let users = match issue.user_count {
        0 => String::new(),
        1 => ", by one user".to_owned(),
        users => format!(", by {users} users"),
    };
    let when = match (issue.first_seen, issue.last_seen) {
        (Some(first), Some(last)) if issue.count > 1 => {
            format!(", first {}, last {}", moment(first), moment(last))
        }
        (Some(at), _) | (None, Some(at)) => format!(", {}", moment(at)),
        (None, None) => String::new(),
    };
    format!("{times}{users}{when}.")
}

fn setting(facts: &Facts<'_>) -> String {
    let event = facts.event;
    let named = |label: &str, value: Option<&str>| {
        let value = inline::code(value?, 80);
        (!value.is_empty()).then(|| format!("{label} {value}"))
    };
    let parts = [
        named("release", event.release.as_deref()),
        named("environment", event.environment.as_deref()),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return String::new();
    }
    format!("The event explained is of {}.", parts.join(", "))
}

/// A moment as people write it, to the minute, in UTC.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
