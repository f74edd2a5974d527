//! Reading breadcrumbs: what the program and its user did before it failed.

use std::collections::HashMap;

use super::inline;
use crate::domain::{Event, EvidenceId, EvidenceKind, Level, Timestamp, event::Breadcrumb};

/// Older breadcrumbs than this many tell nothing about the failure.
const NEWEST: usize = 200;

/// One thing that happened before.
#[derive(Debug, Clone)]
pub(super) struct Step<'a> {
    pub id: EvidenceId,
    pub at: Option<Timestamp>,
    /// Whether it was reported as a warning or worse.
    pub bad: bool,
    pub action: Action<'a>,
}

/// What kind of thing it was.
#[derive(Debug, Clone)]
pub(super) enum Action<'a> {
    Navigation {
        from: Option<&'a str>,
        to: &'a str,
    },
    Interaction {
        verb: &'static str,
        target: &'a str,
    },
    Http {
        method: Option<&'a str>,
        url: &'a str,
        status: Option<u16>,
    },
    Query {
        text: &'a str,
    },
    Failure {
        text: &'a str,
    },
    Other {
        category: &'a str,
        text: &'a str,
    },
}

/// The newest breadcrumbs, oldest first.
pub(super) fn read(event: &Event) -> Vec<Step<'_>> {
    let crumbs = &event.breadcrumbs;
    let skip = crumbs.len().saturating_sub(NEWEST);
    let numbered = crumbs.iter().enumerate().skip(skip);
    numbered
        .filter_map(|(at, crumb)| {
            let action = action(crumb)?;
            let bad = crumb.level.is_some_and(|level| level <= Level::Warning)
                || matches!(
                    action,
                    Action::Http {
                        status: Some(0 | 400..),
                        ..
                    }
                );
            Some(Step {
                // Breadcrumbs are numbered from the newest.
                id: EvidenceKind::Breadcrumb.id(crumbs.len() - 1 - at),
                at: crumb.timestamp,
                bad,
                action,
            })
        })
        .collect()
}

fn action(crumb: &Breadcrumb) -> Option<Action<'_>> {
    let category = crumb.category.as_deref().unwrap_or_default();
    let message = crumb
        .message
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    if let Some(to) = data(crumb, &["to"]).filter(|_| category.starts_with("navigation")) {
        return Some(Action::Navigation {
            from: data(crumb, &["from"]),
            to,
        });
    }
    if let Some(verb) = interaction(category) {
        let target =
            message.or_else(|| data(crumb, &["target", "view.id", "label", "view.class"]))?;
        return Some(Action::Interaction { verb, target });
    }
    let url = data(crumb, &["url", "http.url", "uri"]);
    if let Some(url) = url.filter(|_| !category.starts_with("navigation")) {
        let method = data(crumb, &["method", "http.method", "http.request.method"]);
        let status = data(
            crumb,
            &[
                "status_code",
                "status",
                "http.response.status_code",
                "statusCode",
            ],
        );
        let status = status.and_then(|text| text.trim().parse().ok());
        return Some(Action::Http {
            method,
            url,
            status,
        });
    }
    let text = message.or_else(|| data(crumb, &["query", "sql", "db.statement", "db.query.text"]));
    let text = text.or_else(|| {
        data(
            crumb,
            &["arguments", "message", "state", "screen", "action"],
        )
    })?;
    if is_query(category, text) {
        return Some(Action::Query { text });
    }
    let failed = crumb.level.is_some_and(|level| level <= Level::Error);
    if failed || matches!(category, "exception" | "error" | "sentry.event") {
        return Some(Action::Failure { text });
    }
    Some(Action::Other { category, text })
}

fn data<'a>(crumb: &'a Breadcrumb, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let (_, value) = crumb.data.iter().find(|(key, _)| key == name)?;
        let value = value.trim();
        (!value.is_empty() && value != "null" && value != "None").then_some(value)
    })
}

fn interaction(category: &str) -> Option<&'static str> {
    match category {
        "ui.click" | "click" => Some("Click"),
        "ui.tap" | "touch" | "ui.touch" => Some("Tap"),
        "ui.input" => Some("Type into"),
        "ui.scroll" | "ui.swipe" => Some("Scroll"),
        "ui.multiClick" => Some("Click repeatedly"),
        _ => None,
    }
}

fn is_query(category: &str, text: &str) -> bool {
    const VERBS: [&str; 6] = [
        "SELECT ",
        "INSERT INTO ",
        "UPDATE ",
        "DELETE FROM ",
        "WITH ",
        "CALL ",
    ];
    let named = matches!(category, "query" | "sql" | "db" | "redis")
        || category.starts_with("db.")
        || category.contains("sql");
    named
        || VERBS
            .iter()
            .any(|verb| text.get(..verb.len()).is_some_and(|start| start == *verb))
}

/// The last panic before, other than for a lock that another one had poisoned.
pub(super) fn earlier_panic<'s, 'a>(trail: &'s [Step<'a>]) -> Option<&'s Step<'a>> {
    trail.iter().rev().find(|step| match step.action {
        Action::Failure { text } | Action::Other { text, .. } => {
            text.contains("panicked at") && !text.contains("PoisonError")
        }
        _ => false,
    })
}

impl Step<'_> {
    /// Whether it tells what was done rather than what was logged.
    pub(super) fn is_deed(&self) -> bool {
        !matches!(self.action, Action::Other { .. })
    }

    /// What happened, as Markdown.
    pub(super) fn describe(&self) -> String {
        match &self.action {
            Action::Navigation {
                from: Some(from),
                to,
            } if !from.is_empty() => {
                format!("navigation from {} to {}", url(from), url(to))
            }
            Action::Navigation { to, .. } => format!("navigation to {}", url(to)),
            Action::Interaction { verb, target } => {
                format!("{} {}", verb.to_lowercase(), inline::code(target, 120))
            }
            Action::Http {
                method,
                url: target,
                status,
            } => {
                let answer = match status {
                    None => String::new(),
                    Some(0) => ", not answered".to_owned(),
                    Some(code) => format!(", answered `{code}`"),
                };
                format!(
                    "call of {}{answer}",
                    inline::code(&call(*method, target), 160)
                )
            }
            Action::Query { text } => format!("query {}", inline::code(text, 160)),
            Action::Failure { text } => format!("error {}", inline::code(text, 160)),
            Action::Other { category: "", text } => inline::code(text, 160),
            Action::Other { category, text } => {
                format!(
                    "{} {}",
                    inline::escape(category, 40),
                    inline::code(text, 160)
                )
            }
        }
    }

    /// How long before `moment` it happened, where both are known (`120 ms before`).
    pub(super) fn before(&self, moment: Option<Timestamp>) -> Option<String> {
        let millis = moment?
            .as_millisecond()
            .checked_sub(self.at?.as_millisecond())?;
        (0..86_400_000)
            .contains(&millis)
            .then(|| format!("{} before", duration(millis)))
    }
}

/// A span of time in the unit that reads best.
fn duration(millis: i64) -> String {
    match millis {
        ..1_000 => format!("{millis} ms"),
        1_000..10_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        10_000..120_000 => format!("{} s", millis / 1_000),
        120_000..7_200_000 => format!("{} min", millis / 60_000),
        _ => format!("{} h", millis / 3_600_000),
    }
}

/// A request line whose query values and credentials are left out: they may be secret and change every time.
pub(super) fn call(method: Option<&str>, url: &str) -> String {
    let method = method.map(|method| format!("{} ", inline::line(method, 10)));
    format!("{}{}", method.unwrap_or_default(), bare_url(url))
}

fn url(text: &str) -> String {
    inline::code(&bare_url(text), 120)
}

/// A URL without user info, query and fragment.
pub(super) fn bare_url(url: &str) -> String {
    let url = inline::line(url, 300);
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let bare = url.get(..end).unwrap_or_default();
    match (bare.split_once("://"), host(bare)) {
        (Some((scheme, rest)), Some(host)) => {
            let path = rest
                .find('/')
                .and_then(|at| rest.get(at..))
                .unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        _ => bare.to_owned(),
    }
}

/// Host and port of an absolute URL.
pub(super) fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    (!host.is_empty()).then_some(host)
}

/// The query that ran most often, and how often, where it ran often enough to look like a loop.
pub(super) fn repeated_query<'a>(steps: &[Step<'a>]) -> Option<(&'a str, usize)> {
    let mut counts: HashMap<String, (&'a str, usize)> = HashMap::new();
    for step in steps {
        if let Action::Query { text } = step.action {
            let shape = text
                .chars()
                .take(300)
                .filter(|c| !c.is_ascii_digit())
                .collect();
            counts.entry(shape).or_insert((text, 0)).1 += 1;
        }
    }
    let most = counts
        .into_values()
        .max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)));
    most.filter(|(_, count)| *count >= 5)
}
