//! Where issues come from.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;

use crate::{
    Error, ErrorKind, Result,
    domain::{Event, Issue, IssueQuery, Page, Project},
};

/// An error tracker, or anything that can stand in for one.
///
/// # Behaviour
/// - check says that the source answers
/// - projects have an id and a slug and no two share an id
/// - a listed issue has an id, a title and a project
/// - a page holds at most limit issues
/// - following the next cursor reaches every issue once and ends
/// - the previous cursor leads back
/// - a listed issue is found by its id
/// - an unknown issue is none, not an error
/// - a hostile issue id is none or invalid, never a fault
/// - only issues of the project asked for are listed, by id and by slug
/// - an unknown project lists nothing or is not found
/// - an environment that nobody has lists nothing or is refused
/// - a cursor that is not ours is invalid, not a fault
/// - every issue has at least one event
/// - events are at most limit, newest first
/// - the events of an unknown issue are none or not found
#[async_trait]
pub trait IssueSource: Send + Sync + Debug + 'static {
    /// Whether the source can be reached with the credentials it was opened with.
    async fn check(&self) -> Result<SourceStatus>;

    /// The projects that can be read.
    async fn projects(&self) -> Result<Vec<Project>>;

    /// One page of issues, the most recently seen first. A source that cannot tell issues by
    /// `environment` or `period` refuses a query that has one as `Unsupported`.
    async fn issues(&self, query: &IssueQuery) -> Result<Page<Issue>>;

    /// One issue. The answer may carry another id than asked for, where the source merged two.
    async fn issue(&self, id: &str) -> Result<Option<Issue>>;

    /// At most `limit` events of an issue, the newest first.
    async fn events(&self, issue: &str, limit: u16) -> Result<Vec<Event>>;

    /// What a webhook delivery says, once its signature has been checked over the raw body;
    /// `Unauthorized` when it is not signed as it must be.
    async fn webhook(
        &self,
        _headers: &[(String, String)],
        _body: &[u8],
    ) -> Result<Vec<SourceSignal>> {
        Err(unsupported(
            "webhook",
            "could not take the webhook because this source has none",
        ))
    }

    /// Writes a comment on an issue.
    async fn comment(&self, _issue: &str, _text: &str) -> Result<()> {
        Err(unsupported(
            "comment",
            "could not comment because this source is read-only",
        ))
    }
}

fn unsupported(operation: &'static str, message: &str) -> Error {
    Error::new(ErrorKind::Unsupported, "source", operation, message)
}

/// What a source says of itself when checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceStatus {
    /// The organisation the credentials belong to, where there is such a thing.
    pub organization: Option<Organization>,
    /// The projects that can be read.
    pub projects: Vec<Project>,
}

/// An organisation of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organization {
    /// The source's identifier.
    pub id: String,
    /// The name to show.
    pub name: String,
    /// The short name in URLs.
    pub slug: String,
}

/// What a source wants us to know.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SourceSignal {
    /// An issue is new, or came back, or was reported by an alert.
    IssueSeen {
        /// The issue, as far as the delivery tells.
        issue: Box<Issue>,
        /// The event that came with it.
        event: Option<Box<Event>>,
    },
    /// An issue is dealt with.
    IssueClosed {
        /// The issue's id.
        issue_id: String,
    },
}

/// Opens sources of one kind: what a built-in source or a plugin registers in the catalog.
#[async_trait]
pub trait SourceKind: Send + Sync + Debug + 'static {
    /// The name workspaces choose it by (`sentry`).
    fn name(&self) -> &str;

    /// One line for people.
    fn description(&self) -> &str;

    /// The JSON schema of the settings. A secret has `"writeOnly": true`, and is never shown.
    fn schema(&self) -> serde_json::Value {
        serde_json::json!({ "type": "object" })
    }

    /// Whether a workspace that set nothing can open it, with what the operator configured.
    fn is_ready(&self) -> bool {
        false
    }

    /// Whether its tracker may send webhooks here.
    fn takes_webhooks(&self) -> bool {
        false
    }

    /// Whether a source could be opened with these settings; asks nobody.
    fn check(&self, settings: &serde_json::Value) -> Result<()> {
        self.open(settings).map(drop)
    }

    /// Opens a source with these settings, of which those left out are null or missing; `Invalid`
    /// says which of them is wrong and why, `Unauthorized` that what it takes was never entered.
    fn open(&self, settings: &serde_json::Value) -> Result<Arc<dyn IssueSource>>;

    /// What a webhook delivery says, for a kind that can tell without opening a source;
    /// `Unauthorized` when it is not signed as it must be.
    async fn webhook(
        &self,
        settings: &serde_json::Value,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Vec<SourceSignal>> {
        self.open(settings)?.webhook(headers, body).await
    }
}
