//! Makes an issue from its events, for sources that know events alone.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, HashSet},
    fmt::Write,
};

use sha2::{Digest, Sha256};

use super::{culprit, group::group_key, limits::cut};
use crate::{
    digest::hex,
    domain::{
        Event, Issue, Project, Stack,
        event::{Exception, Frame},
    },
};

/// What an issue is called whose event says nothing.
pub(crate) const UNTITLED: &str = "event without a message";
/// The longest stack trace, in bytes.
const MAX_STACK_TRACE: usize = 64 * 1024;

/// The issue that these events, in any order, are occurrences of; no events make an empty issue.
///
/// Its id is made from the [`group_key`] of the newest event: 16 hex digits.
pub fn issue_of<E: Borrow<Event>>(events: &[E]) -> Issue {
    let events: Vec<&Event> = events.iter().map(Borrow::borrow).collect();
    let Some(newest) = events.iter().rev().max_by_key(|event| event.timestamp) else {
        return Issue::default();
    };
    let times = || events.iter().filter_map(|event| event.timestamp);
    let project = newest.project_id.clone().unwrap_or_default();
    let frame = culprit_of(newest);
    Issue {
        id: short_hash(&group_key(newest)),
        title: title(newest, frame),
        culprit: place(newest, frame),
        message: newest.message.clone().unwrap_or_default(),
        level: newest.level,
        platform: newest.platform.clone().unwrap_or_default(),
        project: Project {
            id: project.clone(),
            slug: project.clone(),
            name: project,
            platform: newest.platform.clone(),
        },
        first_seen: times().min(),
        last_seen: times().max(),
        count: events.len() as u64,
        user_count: users(&events),
        stack_trace: stack_trace(newest),
        tags: tags(newest),
        metadata: metadata(newest, frame),
        status: "unresolved".to_owned(),
        ..Issue::default()
    }
}

fn short_hash(key: &str) -> String {
    hex(&Sha256::digest(key)[..8])
}

fn culprit_of(event: &Event) -> Option<&Frame> {
    let place = culprit::find(event)?;
    match place.stack {
        Stack::Exception(at) => event.exceptions.get(at)?.frames.get(place.frame),
        Stack::Thread(at) => event.threads.get(at)?.frames.get(place.frame),
    }
}

/// One line: the outermost exception, or the message, or the place, or what was found.
fn title(event: &Event, frame: Option<&Frame>) -> String {
    let thrown = event.exceptions.last().and_then(headline);
    let said = thrown
        .or_else(|| event.title.clone())
        .or_else(|| event.message.clone());
    let found = || {
        event
            .findings
            .first()
            .map(|(name, value)| format!("{name}: {value}"))
    };
    let title = said.or_else(|| place(event, frame)).or_else(found);
    let title = title.unwrap_or_default();
    let line = title.lines().map(str::trim).find(|line| !line.is_empty());
    cut(line.unwrap_or(UNTITLED), 255)
}

fn headline(exception: &Exception) -> Option<String> {
    match (&exception.kind, &exception.value) {
        (Some(kind), Some(value)) => Some(format!("{kind}: {value}")),
        (kind, value) => kind.clone().or_else(|| value.clone()),
    }
}

fn place(event: &Event, frame: Option<&Frame>) -> Option<String> {
    let said = event.culprit.clone().or_else(|| event.transaction.clone());
    said.or_else(|| {
        let place = frame?.place()?;
        Some(match &frame?.function {
            Some(function) => format!("{place} in {function}"),
            None => place.to_owned(),
        })
    })
}

/// How many distinct users there are, each known by the best of the names it has.
fn users(events: &[&Event]) -> u64 {
    let names = ["id", "email", "username", "ip_address"];
    let user = |event: &&'_ Event| {
        let ranked = event.user.iter().filter_map(|(key, value)| {
            let rank = names.iter().position(|name| name == key)?;
            Some((rank, value.clone()))
        });
        ranked.min()
    };
    events.iter().filter_map(user).collect::<HashSet<_>>().len() as u64
}

/// Its tags, and the fields that Sentry shows as tags too.
fn tags(event: &Event) -> BTreeMap<String, String> {
    let fields = [
        ("level", Some(event.level.as_str())),
        ("environment", event.environment.as_deref()),
        ("release", event.release.as_deref()),
        ("server_name", event.server_name.as_deref()),
        ("logger", event.logger.as_deref()),
        ("transaction", event.transaction.as_deref()),
    ];
    let fields = fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
    fields.chain(event.tags.iter().cloned()).collect()
}

fn metadata(event: &Event, frame: Option<&Frame>) -> BTreeMap<String, serde_json::Value> {
    let outermost = event.exceptions.last();
    let facts = [
        (
            "type",
            outermost.and_then(|exception| exception.kind.as_deref()),
        ),
        (
            "value",
            outermost.and_then(|exception| exception.value.as_deref()),
        ),
        (
            "filename",
            frame.and_then(|frame| frame.file.as_deref().or(frame.abs_path.as_deref())),
        ),
        (
            "function",
            frame.and_then(|frame| frame.function.as_deref()),
        ),
    ];
    let facts = facts
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), cut(value?, 1024).into())));
    facts.collect()
}

/// The stacks as people read them: outermost exception first, newest call first.
fn stack_trace(event: &Event) -> Option<String> {
    let mut text = String::new();
    for (index, exception) in event.exceptions.iter().rev().enumerate() {
        let cause = if index == 0 { "" } else { "caused by: " };
        let _ = writeln!(text, "{cause}{}", headline(exception).unwrap_or_default());
        write_frames(&mut text, &exception.frames);
    }
    if event
        .exceptions
        .iter()
        .all(|exception| exception.frames.is_empty())
        && let Some(thread) = event.threads.first()
    {
        let _ = writeln!(
            text,
            "thread {}",
            thread.name.as_deref().unwrap_or_default()
        );
        write_frames(&mut text, &thread.frames);
    }
    (!text.is_empty()).then(|| cut(text.trim_end(), MAX_STACK_TRACE))
}

fn write_frames(text: &mut String, frames: &[Frame]) {
    for frame in frames.iter().rev() {
        if text.len() > MAX_STACK_TRACE {
            return;
        }
        let function = frame.function.as_deref().unwrap_or("?");
        let place = frame.place().or(frame.address.as_deref()).unwrap_or("?");
        let _ = match (frame.line, frame.column) {
            (Some(line), Some(column)) => {
                writeln!(text, "  at {function} ({place}:{line}:{column})")
            }
            (Some(line), None) => writeln!(text, "  at {function} ({place}:{line})"),
            _ => writeln!(text, "  at {function} ({place})"),
        };
    }
}
