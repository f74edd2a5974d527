//! What is said across the boundary: every request and answer, as the JSON it is written as.
//!
//! A field may be added at any time, so each new one needs a default, and unknown ones are
//! ignored by both sides. `tests/schema.json` shows them all and is compared by a test.

use std::{collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};

/// What a plugin says of itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Manifest {
    /// The name of the package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The name workspaces choose the source by.
    pub kind: String,
    /// One line for people.
    pub description: String,
    /// The JSON schema of the settings. A secret has `"writeOnly": true`.
    pub settings: Value,
    /// Fields of events that tell of people and stay here unless the workspace lets such data go:
    /// `tags.NAME`, `extra.NAME`, `contexts.NAME`.
    pub sensitive: Vec<String>,
}

/// The body of every error.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ErrorBody {
    /// One sentence for people.
    pub message: String,
    /// How long the tracker asked to wait, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// A request that asks for nothing in particular, or an answer that says nothing.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub struct Nothing {}

/// What a source says of itself when checked.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Status {
    /// The organisation the credentials belong to, where there is such a thing.
    pub organization: Option<Organization>,
    /// The projects that can be read.
    pub projects: Vec<Project>,
}

/// An organisation of the tracker.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Organization {
    /// The tracker's identifier.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// The short name in URLs.
    pub slug: String,
}

/// A project of the tracker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Project {
    /// The tracker's identifier.
    pub id: String,
    /// The short name in URLs.
    pub slug: String,
    /// The name to show.
    pub name: String,
    /// The language or runtime.
    pub platform: Option<String>,
}

impl Project {
    /// A project with this id and this short name, which is also the name to show.
    pub fn new(id: &str, slug: &str) -> Self {
        Self {
            id: id.to_owned(),
            slug: slug.to_owned(),
            name: slug.to_owned(),
            platform: None,
        }
    }
}

/// The projects that can be read.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProjectsAnswer {
    /// The projects.
    pub projects: Vec<Project>,
}

/// Which issues to list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Query {
    /// Only this project: its id or its slug.
    pub project: Option<String>,
    /// The tracker's search language; empty means everything.
    pub query: String,
    /// At most this many, 1 to 100.
    pub limit: u16,
    /// Where to go on, as a former [`Page`] said.
    pub cursor: Option<String>,
}

/// Some issues, the most recently seen first, and how to get at their neighbours.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Page {
    /// The issues.
    pub items: Vec<Issue>,
    /// The cursor of the next page; `None` on the last one.
    pub next: Option<String>,
    /// The cursor of the page before; `None` on the first one.
    pub prev: Option<String>,
}

/// A group of events that the tracker takes for the same problem.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Issue {
    /// The tracker's own identifier, 1 to 256 bytes.
    pub id: String,
    /// The identifier people use (`SHOP-42`).
    pub short_id: Option<String>,
    /// One line.
    pub title: String,
    /// Where it happened.
    pub culprit: Option<String>,
    /// The message of the newest event.
    pub message: String,
    /// How bad it is.
    pub level: Level,
    /// The language or runtime; empty when unknown.
    pub platform: String,
    /// The project it belongs to.
    pub project: Project,
    /// The time of the oldest event, RFC 3339.
    pub first_seen: Option<String>,
    /// The time of the newest event, RFC 3339.
    pub last_seen: Option<String>,
    /// How many events there are.
    pub count: u64,
    /// How many users met it.
    pub user_count: u64,
    /// Where people look at it.
    pub permalink: Option<String>,
    /// The stack trace as text, where it is at hand.
    pub stack_trace: Option<String>,
    /// Tag values of the newest event.
    pub tags: BTreeMap<String, String>,
    /// What is known beside this.
    pub metadata: BTreeMap<String, Value>,
    /// `unresolved`, `resolved`, `ignored`…
    pub status: String,
    /// `regressed` for one that came back after it was dealt with: it is explained again.
    pub substatus: Option<String>,
    /// `high`, `medium` or `low`, where the tracker tells how urgent it is.
    pub priority: Option<String>,
}

impl Issue {
    /// An issue of which no more is known.
    pub fn new(id: &str, title: &str, project: &Project) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            project: project.clone(),
            ..Self::default()
        }
    }
}

/// How bad something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The process died.
    Fatal,
    /// Something is not as it should be.
    Warning,
    /// Worth knowing.
    Info,
    /// For developers.
    Debug,
    /// Something failed; also what a word means that nobody knows.
    #[default]
    #[serde(other)]
    Error,
}

/// Asks for one issue.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct IssueRequest {
    /// Its id.
    pub id: String,
}

/// One issue, or that there is none.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IssueAnswer {
    /// The issue.
    pub issue: Option<Issue>,
}

/// Asks for the events of an issue.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EventsRequest {
    /// The issue's id.
    pub issue: String,
    /// At most this many.
    pub limit: u16,
}

/// One event, as a tracker or an SDK writes it. The answer is a bare list of them, the newest
/// first, which the host reads in one go.
///
/// The host reads the event that Sentry's SDKs send (`event_id`, `timestamp`, `exception`,
/// `breadcrumbs`, `request`, `tags`…) and the one that Sentry's Web API answers. Every field may
/// be missing; a tracker that stores what SDKs send passes it on as it is.
///
/// It is kept as text: one that a tracker answers as a [`RawValue`] is neither taken apart nor
/// written again on its way to the host.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Event(#[schemars(with = "Value")] Box<RawValue>);

impl Event {
    /// An event of which no more is known than what was raised.
    pub fn of_exception(kind: &str, value: &str) -> Self {
        json!({ "exception": [{ "type": kind, "value": value }] }).into()
    }

    /// Its JSON, as it was written.
    pub fn document(&self) -> &str {
        self.0.get()
    }
}

impl From<Box<RawValue>> for Event {
    fn from(document: Box<RawValue>) -> Self {
        Self(document)
    }
}

impl From<Value> for Event {
    fn from(document: Value) -> Self {
        // Every `Value` can be written.
        Self(to_raw_value(&document).unwrap_or_default())
    }
}

/// A webhook delivery, as it arrived.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Delivery {
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The raw body, whose signature the source checks before it reads it.
    #[serde(with = "base64_text")]
    #[schemars(with = "String")]
    pub body: Vec<u8>,
}

/// Asks for a comment to be written.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CommentRequest {
    /// The issue's id.
    pub issue: String,
    /// What to write.
    pub text: String,
}

/// A secret among the settings: shown by no `Debug`, and marked in the schema so that the host
/// shows it to nobody either.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret, to be sent where it belongs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "password", "writeOnly": true })
    }
}

mod base64_text {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}
