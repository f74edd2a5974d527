//! Workspaces: one team's source, settings and analyses.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{DataPolicy, Level, Timestamp, UserId, Webhook, WorkspaceId};

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
    pub members: Vec<Member>,
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
    /// Where programs are told that an analysis has ended.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Workspace {
    /// Whether `user` belongs to this workspace.
    pub fn has_member(&self, user: &UserId) -> bool {
        self.role_of(user).is_some()
    }

    /// What `user` is in this workspace; `None` when they do not belong to it.
    pub fn role_of(&self, user: &UserId) -> Option<MemberRole> {
        let member = self.members.iter().find(|member| member.user_id == *user)?;
        Some(member.role)
    }

    /// Moves `updated_at` past `read_at`, the version this copy was made from, where the clock has
    /// not done so: every store does this, so that two changes within one tick are told apart.
    pub fn succeed(&mut self, read_at: Timestamp) {
        let next = read_at.saturating_add(SignedDuration::from_millis(1));
        self.updated_at = self.updated_at.max(next.unwrap_or(Timestamp::MAX));
    }

    /// Everything that is sealed. The fields are spelled out so that a new one cannot be forgotten.
    pub fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Sealed> {
        let Self {
            id: _,
            name: _,
            description: _,
            owner_id: _,
            members: _,
            source,
            sentry:
                SentrySettings {
                    api_token,
                    organization: _,
                    base_url: _,
                    client_secret,
                    test_dsn,
                },
            openai_api_key,
            settings:
                WorkspaceSettings {
                    openai_model: _,
                    auto_analyze: _,
                    auto_analyze_only: _,
                    write_back: _,
                    instructions: _,
                    data_policy: _,
                    models: _,
                    allow_heuristics: _,
                    daily_spend_limit: _,
                    when_spent: _,
                    notification_email: _,
                },
            webhooks,
            created_at: _,
            updated_at: _,
        } = self;
        let chosen = source.as_mut().map(|choice| &mut choice.settings);
        let secrets = [api_token, client_secret, test_dsn, openai_api_key];
        let signing = webhooks.iter_mut().flat_map(|webhook| {
            let former = webhook.former_secret.as_mut();
            let former = former.map(|former| &mut former.secret);
            std::iter::once(&mut webhook.secret).chain(former)
        });
        secrets.into_iter().flatten().chain(chosen).chain(signing)
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

/// One who belongs to a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The account.
    pub user_id: UserId,
    /// What it is there.
    pub role: MemberRole,
}

impl Member {
    /// The owner of a workspace.
    pub fn owner(user_id: UserId) -> Self {
        let role = MemberRole::Owner;
        Self { user_id, role }
    }
}

/// What somebody is in a workspace; each may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// Reads.
    Viewer,
    /// Works with issues.
    Developer,
    /// Changes settings and members.
    Admin,
    /// Gives it away; there is one.
    Owner,
}

impl MemberRole {
    /// Its name, as it is stored and sent.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// A workspace's connection to Sentry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SentrySettings {
    /// The API token.
    pub api_token: Option<Sealed>,
    /// The organisation's slug.
    pub organization: Option<String>,
    /// The server's address, where it is not the installation's.
    pub base_url: Option<String>,
    /// What its webhooks are signed with.
    pub client_secret: Option<Sealed>,
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
    /// Which of them.
    pub auto_analyze_only: AutoAnalyze,
    /// Whether the source is told what was found.
    pub write_back: bool,
    /// Who is told when an analysis ends.
    pub notification_email: Option<String>,
    /// The workspace's own words to the model.
    pub instructions: Option<String>,
    /// What may leave for a remote model; the careful default when absent.
    pub data_policy: Option<DataPolicy>,
    /// The models to ask, in order, each a backend or `backend/model`; the installation's when empty.
    pub models: Vec<String>,
    /// Whether rules may write a specification when every model failed; the installation's word
    /// when absent.
    pub allow_heuristics: Option<bool>,
    /// What may be spent on a day (UTC), in millionths of a dollar; the installation's limit when
    /// absent.
    pub daily_spend_limit: Option<u64>,
    /// What happens when that is spent; the installation's word when absent.
    pub when_spent: Option<WhenSpent>,
}

/// What happens when a day's money is spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenSpent {
    /// Requests are refused until the day is over.
    #[default]
    Refuse,
    /// Only models that run here are asked.
    Local,
}

impl WhenSpent {
    /// The word people configure it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Local => "local",
        }
    }
}

/// Which issues are explained without being asked; all of them unless something is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutoAnalyze {
    /// Those at least as bad as this.
    pub min_level: Option<Level>,
    /// Those at least as urgent as this: `low`, `medium` or `high`.
    pub min_priority: Option<String>,
    /// Those that happened at least so often.
    pub min_count: u32,
    /// Those of these projects, each an id or a slug; of all when there is none.
    pub projects: Vec<String>,
}
