//! Telling people and programs that an analysis has ended: what is told, to whom, and how far that is.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    AnalysisError, AnalysisId, DispatchId, Priority, Sealed, Timestamp, WebhookId, WorkspaceId,
};

/// How many webhooks a workspace may have.
pub const MAX_WEBHOOKS: usize = 5;

/// How many dispatches of one workspace are kept; older ones make room.
pub const KEPT_DISPATCHES: u32 = 5_000;

/// What can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Occasion {
    /// An analysis has a result.
    #[serde(rename = "analysis.completed")]
    Completed,
    /// An analysis failed for good.
    #[serde(rename = "analysis.failed")]
    Failed,
    /// Somebody tries whether a notification arrives.
    #[serde(rename = "notification.test")]
    Test,
}

impl Occasion {
    /// What an analysis can tell of.
    pub const OF_ANALYSES: [Self; 2] = [Self::Completed, Self::Failed];

    /// Its name, as it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "analysis.completed",
            Self::Failed => "analysis.failed",
            Self::Test => "notification.test",
        }
    }
}

/// Where a workspace has a program told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its identifier.
    pub id: WebhookId,
    /// Where requests go.
    pub url: String,
    /// What it is told of.
    pub events: Vec<Occasion>,
    /// What requests are signed with.
    pub secret: Sealed,
    /// What they are signed with too, for a while after that has changed.
    pub former_secret: Option<FormerSecret>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Why the service stopped telling it, where the service did.
    pub disabled_because: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A secret that is on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSecret {
    /// The secret.
    pub secret: Sealed,
    /// How long requests are signed with it.
    pub until: Timestamp,
}

/// What is told, as it was when it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// What happened.
    pub occasion: Occasion,
    /// When.
    pub at: Timestamp,
    /// The analysis it is about.
    pub analysis_id: AnalysisId,
    /// Which run of it.
    pub revision: u32,
    /// The issue's id in its source.
    pub issue_id: String,
    /// What people call it.
    pub short_id: Option<String>,
    /// Its title.
    pub title: String,
    /// The slug of its project.
    pub project: String,
    /// Where people look at it.
    pub issue_url: Option<String>,
    /// How urgent it was found to be.
    pub priority: Option<Priority>,
    /// What was found.
    pub summary: Option<String>,
    /// The model that wrote that; `None` where rules did.
    #[serde(default)]
    pub model: Option<String>,
    /// Why nothing was.
    pub error: Option<AnalysisError>,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recipient {
    /// A program.
    Webhook(WebhookId),
    /// Whoever reads this mailbox.
    Mail(String),
}

impl Recipient {
    /// What is reached on the way there: what is sent to one place at the same time is bounded, so
    /// that a slow one holds nobody else up.
    pub fn place(&self) -> &str {
        match self {
            Self::Webhook(id) => id.as_str(),
            Self::Mail(_) => "mail",
        }
    }
}

/// How far a dispatch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DispatchState {
    /// It waits for its time, or is being sent.
    Waiting,
    /// The other side took it.
    Delivered,
    /// The other side did not, as often as it was tried.
    Failed,
    /// Nobody wants it any more.
    Cancelled,
}

impl DispatchState {
    /// The word clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One notification on its way to one recipient. The record is its own job, as an analysis is.
///
/// Its id stays the same however often it is sent: receivers know by it what they have had.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    /// Its identifier; later ones have greater ids.
    pub id: DispatchId,
    /// The workspace it belongs to.
    pub workspace_id: WorkspaceId,
    /// To whom.
    pub to: Recipient,
    /// What.
    pub notification: Notification,
    /// How far it is.
    pub state: DispatchState,
    /// How often it was sent, or begun to be.
    pub attempts: u32,
    /// How that went the last time.
    pub last: Option<Attempt>,
    /// When it may be taken next: its turn while it waits, the end of the lease while it is sent.
    pub due_at: Option<Timestamp>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it is forgotten.
    pub expires_at: Option<Timestamp>,
}

/// How sending went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// The HTTP status of the answer, where there was one.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
}

impl Dispatch {
    /// One that is due at once.
    pub fn new(
        id: DispatchId,
        workspace_id: WorkspaceId,
        to: Recipient,
        notification: Notification,
    ) -> Self {
        let at = notification.at;
        Self {
            id,
            workspace_id,
            to,
            notification,
            state: DispatchState::Waiting,
            attempts: 0,
            last: None,
            due_at: Some(at),
            created_at: at,
            ended_at: None,
            expires_at: None,
        }
    }

    /// Somebody takes it, to have it sent before the lease runs out.
    pub fn begin(&mut self, now: Timestamp, lease: Duration) {
        self.attempts = self.attempts.saturating_add(1);
        self.due_at = Some(now.saturating_add(lease).unwrap_or(Timestamp::MAX));
    }

    /// It is tried again, not before `due`.
    pub fn put_off(&mut self, due: Timestamp) {
        self.due_at = Some(due);
    }

    /// It ends, and is kept for so long.
    pub fn end(&mut self, state: DispatchState, now: Timestamp, keep: Duration) {
        self.state = state;
        self.due_at = None;
        self.ended_at = Some(now);
        self.expires_at = Some(now.saturating_add(keep).unwrap_or(Timestamp::MAX));
    }

    /// It is sent once more, as if it never had been, under the same id.
    pub fn again(&mut self, now: Timestamp) {
        self.state = DispatchState::Waiting;
        self.attempts = 0;
        self.due_at = Some(now);
        self.ended_at = None;
        self.expires_at = None;
    }
}

/// Without what is told.
impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch")
            .field("id", &self.id)
            .field("to", &self.to)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .field("due_at", &self.due_at)
            .finish_non_exhaustive()
    }
}
