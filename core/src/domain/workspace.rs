//! Workspaces: one team's source, settings and analyses.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Timestamp, UserId, WorkspaceId};

/// A secret as the store sees it: encrypted, opened only by the [`crate::ports::Vault`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(***)")
    }
}

/// One team's place: where its issues come from, how they are explained, who belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Its identifier.
    pub id: WorkspaceId,
    /// 1 to 100 characters.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Who made it and may change it.
    pub owner_id: UserId,
    /// Everyone who belongs to it, the owner included.
    pub members: Vec<UserId>,
    /// Where its issues come from, where it has chosen a kind of source by name.
    #[serde(default)]
    pub source: Option<SourceChoice>,
    /// Its connection to Sentry; where its issues come from when it has chosen nothing else.
    #[serde(default)]
    pub sentry: SentrySettings,
    /// Its own key for OpenAI.
    #[serde(default)]
    pub openai_api_key: Option<Sealed>,
    /// How it works.
    #[serde(default)]
    pub settings: WorkspaceSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Workspace {
    /// Whether `user` belongs to this workspace.
    pub fn has_member(&self, user: &UserId) -> bool {
        self.members.contains(user)
    }

    /// Moves `updated_at` past `read_at`, the version this copy was made from, where the clock has
    /// not done so: every store does this, so that two changes within one tick are told apart.
    pub fn succeed(&mut self, read_at: Timestamp) {
        let next = read_at.saturating_add(SignedDuration::from_millis(1));
        self.updated_at = self.updated_at.max(next.unwrap_or(Timestamp::MAX));
    }

    /// Whether this workspace has chosen Sentry as its source: a token or an organisation is set.
    pub fn uses_sentry(&self) -> bool {
        self.sentry.api_token.is_some() || self.sentry.organization.is_some()
    }
}

/// A source that a workspace has chosen by its kind, be it built in or a plugin's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceChoice {
    /// The kind, as the catalog calls it.
    pub kind: String,
    /// A JSON object as the kind's schema describes it. Secrets may be anywhere in it, so it is
    /// sealed as a whole.
    pub settings: Sealed,
}

/// A workspace's connection to Sentry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentrySettings {
    /// The API token.
    pub api_token: Option<Sealed>,
    /// The organisation's slug.
    pub organization: Option<String>,
    /// Where test events are sent.
    pub test_dsn: Option<Sealed>,
}

/// How a workspace works; each field has a sensible default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkspaceSettings {
    /// The OpenAI model to ask; the installation's when absent.
    pub openai_model: Option<String>,
    /// Whether new issues are explained without being asked.
    pub auto_analyze: bool,
    /// Who is told when an analysis ends.
    pub notification_email: Option<String>,
}
