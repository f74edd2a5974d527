//! Carrying everything a store holds to another store.
//!
//! Records travel as JSON documents that no store owns: a user, a workspace, a model call as the
//! domain writes them, and [`QueuedAnalysis`] and [`RevokedToken`] for what a store knows beside the domain. A
//! new kind of record is a line in [`Kind`] and a line in each store's table of kinds.

use std::{collections::BTreeSet, fmt::Debug};

use async_trait::async_trait;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Result,
    domain::{Analysis, AnalysisId, Revision, Status, Timestamp, TokenId, WorkspaceId},
};

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Accounts.
    Users,
    /// Workspaces.
    Workspaces,
    /// Personal access tokens, as hashes.
    AccessTokens,
    /// Invitations into workspaces, their codes as hashes.
    Invitations,
    /// Analyses and their place in the queue.
    Analyses,
    /// Results of former runs.
    FormerResults,
    /// Requests to models, and what they cost.
    ModelCalls,
    /// How far sources were looked through.
    Watches,
    /// Notifications, delivered or not.
    Dispatches,
    /// Tokens that were revoked.
    RevokedTokens,
}

impl Kind {
    /// Every kind, in the order in which they are carried.
    pub const ALL: &[Self] = &[
        Self::Users,
        Self::Workspaces,
        Self::AccessTokens,
        Self::Invitations,
        Self::Analyses,
        Self::FormerResults,
        Self::ModelCalls,
        Self::Watches,
        Self::Dispatches,
        Self::RevokedTokens,
    ];

    /// The name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Workspaces => "workspaces",
            Self::AccessTokens => "access tokens",
            Self::Invitations => "invitations",
            Self::Analyses => "analyses",
            Self::FormerResults => "former results",
            Self::ModelCalls => "model calls",
            Self::Watches => "watches",
            Self::Dispatches => "notifications",
            Self::RevokedTokens => "revoked tokens",
        }
    }
}

/// One record on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is found by, unique among its kind.
    pub id: String,
    /// The record.
    pub document: Value,
    /// What was not as it should be and was put right, for people.
    pub notes: Vec<String>,
}

/// A record that cannot be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What it is found by.
    pub id: String,
    /// Why, for people.
    pub reason: String,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is in the store now.
    Written,
    /// A record with its id was there before, and is as it was.
    AlreadyThere,
    /// It cannot be in this store, for this reason.
    Refused(String),
}

/// The document of an analysis: the record, and where it stands in the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueuedAnalysis {
    /// The record.
    pub analysis: Analysis,
    /// When a worker may take it next; none once it has ended.
    #[serde(with = "millisecond::optional", default)]
    pub due_at: Option<Timestamp>,
    /// The token of the lease it is worked on under.
    #[serde(default)]
    pub lease: Option<String>,
}

impl QueuedAnalysis {
    /// The same with a place that fits its status: what is active is due at some time, and only
    /// what is worked on has a lease.
    #[must_use]
    pub fn in_its_place(mut self) -> Self {
        let analysis = &mut self.analysis;
        if analysis.status == Status::Analyzing && self.lease.is_none() {
            analysis.status = Status::Pending;
        }
        if analysis.status.is_active() {
            self.due_at.get_or_insert(analysis.updated_at);
        } else {
            self.due_at = None;
        }
        if analysis.status != Status::Analyzing {
            self.lease = None;
        }
        self
    }
}

/// The document of the result of a former run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormerResult {
    /// The workspace of the analysis.
    pub workspace_id: WorkspaceId,
    /// The analysis, which has to be there first.
    pub analysis_id: AnalysisId,
    /// The result.
    pub result: Revision,
}

impl FormerResult {
    /// What it is found by: `<analysis>/<revision>`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.analysis_id, self.result.revision)
    }
}

/// The document of how far a workspace's source was looked through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchMark {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// When it was looked at for the first time.
    #[serde(with = "millisecond::required")]
    pub began: Timestamp,
    /// The newest thing seen the last time.
    #[serde(with = "millisecond::optional", default)]
    pub seen_until: Option<Timestamp>,
    /// When it is to be looked at next.
    #[serde(with = "millisecond::required")]
    pub due_at: Timestamp,
}

/// The document of a revoked token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedToken {
    /// Its name.
    pub token: TokenId,
    /// When it would have run out.
    #[serde(with = "millisecond::required")]
    pub expires_at: Timestamp,
}

/// Reads everything a store holds, and changes nothing in it.
///
/// # Behaviour
/// - an empty store has nothing of any kind
/// - every record is counted, and read once, page by page
#[async_trait]
pub trait Export: Send + Sync + Debug + 'static {
    /// How many records of `kind` there are.
    async fn count(&self, kind: Kind) -> Result<u64>;

    /// Up to `limit` records that come after the one with the id `after`, in an order of the
    /// store's own. There are no more of them when the page is empty.
    async fn page(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Result<Entry, Unreadable>>>;
}

/// Adds records that another store held.
///
/// # Behaviour
/// - what was read from another store reads back equal
/// - a record that is there already is left as it is
/// - a record that takes the name or the issue of another, or misses its analysis, is refused
/// - a document that is no record is refused and the others are written
/// - which ids are there already is known
/// - a job goes on where it stood
#[async_trait]
pub trait Import: Send + Sync + Debug + 'static {
    /// Which of these ids are there already.
    async fn known(&self, kind: Kind, ids: &[&str]) -> Result<BTreeSet<String>>;

    /// Adds what is not there yet; says of each entry, in their order, what became of it.
    async fn add(&self, kind: Kind, entries: &[Entry]) -> Result<Vec<Added>>;
}
