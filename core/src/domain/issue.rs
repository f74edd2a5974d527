//! Issues and projects as an issue source reports them.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// A group of events that an error tracker takes for the same problem.
///
/// Sources leave out what they do not know; only [`id`](Self::id) and [`title`](Self::title) are always there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Issue {
    /// The source's own identifier, stable and unique within the source.
    pub id: String,
    /// The identifier people use (`SHOP-42`).
    pub short_id: Option<String>,
    /// One line: usually type and message of the outermost exception.
    pub title: String,
    /// Where it happened, as the source says it.
    pub culprit: Option<String>,
    /// The message of the newest event.
    pub message: String,
    /// How bad the source takes it to be.
    pub level: Level,
    /// The language or runtime (`python`, `javascript`…); empty when unknown.
    pub platform: String,
    /// The project it belongs to.
    pub project: Project,
    /// The time of the oldest event.
    pub first_seen: Option<Timestamp>,
    /// The time of the newest event.
    pub last_seen: Option<Timestamp>,
    /// How many events there are.
    pub count: u64,
    /// How many users met it.
    pub user_count: u64,
    /// Where people look at it.
    pub permalink: Option<String>,
    /// The stack trace as text, where the source has one at hand.
    pub stack_trace: Option<String>,
    /// Tag values of the newest event.
    pub tags: BTreeMap<String, String>,
    /// What the source knows beside this (`type`, `value`, `filename`, `function`…).
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// `unresolved`, `resolved`, `ignored`… in the source's words.
    pub status: String,
    /// What the source says beside the status: `new`, `regressed`, `escalating`…
    pub substatus: Option<String>,
    /// How urgent the source takes it to be: `low`, `medium` or `high`.
    pub priority: Option<String>,
    /// Whether this is one of the built-in samples.
    pub sample: bool,
}

/// Of an issue, what tells whether another has to do with it.
///
/// Reads from what an [`Issue`] is written as.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Neighbour {
    /// See [`Issue::id`].
    pub id: String,
    /// See [`Issue::short_id`].
    pub short_id: Option<String>,
    /// See [`Issue::title`].
    pub title: String,
    /// See [`Issue::culprit`].
    pub culprit: Option<String>,
    /// See [`Issue::project`].
    pub project: Project,
}

impl From<&Issue> for Neighbour {
    fn from(issue: &Issue) -> Self {
        Self {
            id: issue.id.clone(),
            short_id: issue.short_id.clone(),
            title: issue.title.clone(),
            culprit: issue.culprit.clone(),
            project: issue.project.clone(),
        }
    }
}

/// How bad an event is, from bad to harmless.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The process died.
    Fatal,
    /// Something failed; also what an event without a level is.
    #[default]
    Error,
    /// Something is not as it should be.
    Warning,
    /// Worth knowing.
    Info,
    /// For developers.
    Debug,
}

impl Level {
    /// Reads a level in any case; unknown words (`sample`, `unknown`) are errors until proven harmless.
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "fatal" | "critical" => Self::Fatal,
            "warning" | "warn" => Self::Warning,
            "info" | "log" => Self::Info,
            "debug" => Self::Debug,
            _ => Self::Error,
        }
    }

    /// The word clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// A project of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// The source's identifier.
    pub id: String,
    /// The short name in URLs.
    pub slug: String,
    /// The name to show.
    pub name: String,
    /// The language or runtime.
    pub platform: Option<String>,
}

/// Which issues to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueQuery {
    /// Only this project: its id or its slug.
    pub project: Option<String>,
    /// The source's search language; empty means everything.
    pub query: String,
    /// Only those that happened in this environment.
    pub environment: Option<String>,
    /// Only those that were seen within this long, in full hours.
    pub period: Option<Duration>,
    /// At most this many, 1 to 100.
    pub limit: u16,
    /// Where to go on, as a former [`Page`] said.
    pub cursor: Option<String>,
}

impl Default for IssueQuery {
    fn default() -> Self {
        Self {
            project: None,
            query: "is:unresolved".to_owned(),
            environment: None,
            period: None,
            limit: 25,
            cursor: None,
        }
    }
}

/// Some items of a list, and how to get at its neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The cursor of the next page; `None` on the last one.
    pub next: Option<String>,
    /// The cursor of the page before; `None` on the first one.
    pub prev: Option<String>,
}
