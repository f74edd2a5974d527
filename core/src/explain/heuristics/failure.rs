//! What failed, in the fewest words: the root exception, a finding, a report of a browser, or a
//! logged message.

use super::inline;
use crate::{
    domain::{
        Evidence, EvidenceId, EvidenceKind,
        event::{Event, Exception},
    },
    explain::collect::UNTITLED,
};

/// What a broken content security policy is called in the catalog.
pub(super) const CSP: &str = "CSP violation";
/// No message is read further than this.
const MESSAGE: usize = 1_000;

/// What failed, in the fewest words.
#[derive(Debug, Default)]
pub(super) struct Failure {
    /// The exception's class, a signal, `CSP violation`, `N+1 Query`…
    pub kind: Option<String>,
    /// What it said, one line.
    pub message: Option<String>,
    pub id: Option<EvidenceId>,
    /// Whether the event says nothing: no class and no message.
    pub is_silent: bool,
}

impl Failure {
    pub(super) fn read(evidence: &Evidence) -> Self {
        let event = &evidence.event;
        let read = Self::violation(event).or_else(|| Self::finding(evidence));
        read.or_else(|| Self::exception(evidence))
            .unwrap_or_else(|| Self::message(evidence))
    }

    fn exception(evidence: &Evidence) -> Option<Self> {
        let root = evidence.root_cause()?;
        let at = evidence
            .event
            .exceptions
            .iter()
            .position(|one| std::ptr::eq(one, root))?;
        let id = Some(EvidenceKind::Exception.id(at));
        let kind = text(root.kind.as_deref(), 120);
        let message = text(root.value.as_deref(), MESSAGE);
        Some(if kind.is_none() && message.is_none() {
            Self {
                id,
                ..Self::message(evidence)
            }
        } else {
            Self {
                kind,
                message,
                id,
                is_silent: false,
            }
        })
    }

    /// A report of a browser that a content security policy was broken.
    fn violation(event: &Event) -> Option<Self> {
        let directive = finding(event, &["effective_directive", "violated_directive"])?;
        let directive = directive.split_whitespace().next()?;
        let blocked = finding(event, &["blocked_uri"]).unwrap_or("inline");
        let blocked = if matches!(blocked, "" | "self") {
            "inline"
        } else {
            blocked
        };
        Some(Self {
            kind: Some(CSP.to_owned()),
            message: text(Some(&format!("{directive} blocked {blocked}")), MESSAGE),
            id: Some(EvidenceKind::Message.id(0)),
            is_silent: false,
        })
    }

    /// What a performance detector found: its title names the problem.
    fn finding(evidence: &Evidence) -> Option<Self> {
        let event = &evidence.event;
        if event.findings.is_empty() || !event.exceptions.is_empty() || event.message.is_some() {
            return None;
        }
        let titles = [finding(event, &["title"]), event.title.as_deref()];
        Some(Self {
            kind: Some(titles.into_iter().find_map(|title| text(title, 120))?),
            message: None,
            id: Some(EvidenceKind::Message.id(0)),
            is_silent: false,
        })
    }

    /// A logged message; one that begins like an exception (`TypeError: …`) is read as one.
    fn message(evidence: &Evidence) -> Self {
        let event = &evidence.event;
        let logged = text(event.message.as_deref(), MESSAGE);
        let id = logged.as_ref().map(|_| EvidenceKind::Message.id(0));
        let title = || text(event.title.as_deref(), MESSAGE);
        let issue = || text(Some(&evidence.issue.title), MESSAGE);
        let said = logged.or_else(title).or_else(issue);
        let message = said.unwrap_or_else(|| UNTITLED.to_owned());
        match message.split_once(": ") {
            Some((kind, rest)) if is_kind(kind) => Self {
                kind: Some(kind.to_owned()),
                message: Some(rest.to_owned()),
                id,
                is_silent: false,
            },
            _ => Self {
                kind: None,
                is_silent: message == UNTITLED,
                message: Some(message),
                id,
            },
        }
    }

    /// Class and message as a code span.
    pub(super) fn name(&self) -> String {
        let name = named(self.kind.as_deref(), self.message.as_deref(), 160);
        name.unwrap_or_else(|| inline::span(UNTITLED))
    }
}

/// Whether an exception only groups others.
pub(super) fn is_group(exception: &Exception) -> bool {
    const GROUPS: [&str; 4] = [
        "ExceptionGroup",
        "BaseExceptionGroup",
        "AggregateError",
        "AggregateException",
    ];
    exception.is_group
        || exception
            .kind
            .as_deref()
            .is_some_and(|kind| GROUPS.contains(&kind))
}

/// Class and message of an exception as one code span.
pub(super) fn named(kind: Option<&str>, message: Option<&str>, max: usize) -> Option<String> {
    let filled = |text: Option<&str>| {
        text.map(|text| inline::line(text, max))
            .filter(|t| !t.is_empty())
    };
    let both = match (filled(kind), filled(message)) {
        (Some(kind), Some(message)) => inline::line(&format!("{kind}: {message}"), max),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return None,
    };
    Some(inline::span(&both))
}

/// An exception's message, one line.
pub(super) fn message(exception: &Exception) -> Option<String> {
    text(exception.value.as_deref(), MESSAGE)
}

fn text(value: Option<&str>, max: usize) -> Option<String> {
    value
        .map(|value| inline::line(value, max))
        .filter(|value| !value.is_empty())
}

fn is_kind(word: &str) -> bool {
    let plain = word.len() <= 80
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || "._\\:".contains(c));
    plain
        && ["Error", "Exception", "Fault", "Timeout"]
            .iter()
            .any(|end| word.ends_with(end))
}

/// What was reported under one of these names, in any spelling.
pub(super) fn finding<'a>(event: &'a Event, names: &[&str]) -> Option<&'a str> {
    let same = |key: &str, name: &str| key.replace(['-', ' '], "_").eq_ignore_ascii_case(name);
    names.iter().find_map(|name| {
        let found = event.findings.iter().find(|(key, _)| same(key, name));
        found.map(|(_, value)| value.as_str())
    })
}
