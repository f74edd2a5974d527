//! `/settings`: how the caller's workspace works.

mod models;

use std::sync::Arc;

use explainer_core::{
    domain::{self, WorkspaceSettings},
    services::{Change, Failure, Services, SettingsChanges},
};
use poem_openapi::{Enum, Object, OpenApi};
use serde::Serialize;

use self::models::{DataClasses, DataClassesUpdate, WhenSpent};
use super::{
    Tags,
    answer::{Answer, Result},
    body::Body,
    money::{dollars, millionths},
    security::Token,
};

/// The operations.
pub(crate) struct SettingsApi {
    pub services: Arc<Services>,
}

/// How a workspace works.
#[derive(Debug, Object, Serialize)]
pub(crate) struct Settings {
    /// The OpenAI model to ask; null: the installation's.
    #[oai(nullable)]
    openai_model: Option<String>,
    /// Whether new issues are explained without being asked.
    auto_analyze: bool,
    /// Which of them.
    auto_analyze_only: AutoAnalyze,
    /// Whether the summary is written as a note on the source's issue.
    write_back: bool,
    /// Who is told when an analysis ends.
    #[oai(nullable)]
    notification_email: Option<String>,
    /// Whether this installation can send mail: without a server for it nobody is told by mail.
    mail_configured: bool,
    /// The workspace's own words to the model.
    #[oai(nullable)]
    instructions: Option<String>,
    /// What may leave for a remote model, redacted. A local one gets everything.
    data_policy: DataClasses,
    /// The models to ask, in order, each a backend or `backend/model`; empty: the installation's.
    models: Vec<String>,
    /// Whether rules may write a specification when every model failed; null: the installation's
    /// word.
    #[oai(nullable)]
    allow_heuristics: Option<bool>,
    /// What may be spent on a day (UTC), in dollars; null: the installation's limit.
    #[oai(nullable)]
    daily_spend_usd: Option<f64>,
    /// What happens when that is spent: `refuse` or `local`; null: the installation's word.
    #[oai(nullable)]
    when_spent: Option<String>,
}

/// Which issues are explained without being asked; all of them unless something is set.
#[derive(Debug, Object, Serialize)]
struct AutoAnalyze {
    /// Those at least as bad as this.
    #[oai(nullable)]
    min_level: Option<Level>,
    /// Those at least as urgent as this, where the source says how urgent one is.
    #[oai(nullable)]
    min_priority: Option<Priority>,
    /// Those that happened at least so often, where the source says how often.
    #[oai(default, nullable)]
    min_count: u32,
    /// Those of these projects, each an id or a slug; of all when there is none.
    #[oai(default, nullable, validator(max_items = 100))]
    projects: Vec<String>,
}

/// How bad an event is.
#[derive(Debug, Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Level {
    /// The process died.
    Fatal,
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warning,
    /// Worth knowing.
    Info,
    /// For developers.
    Debug,
}

/// How urgent a source takes an issue to be.
#[derive(Debug, Clone, Copy, Enum, Serialize)]
#[oai(rename = "SourcePriority", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Priority {
    /// Soon.
    High,
    /// When there is time.
    Medium,
    /// Some day.
    Low,
}

/// Changes to the settings. What is left out or null stays; an empty text clears.
#[derive(Debug, Object)]
struct SettingsUpdate {
    /// The OpenAI model to ask.
    #[oai(nullable, validator(max_length = 200))]
    openai_model: Option<String>,
    /// Whether new issues are explained without being asked.
    #[oai(nullable)]
    auto_analyze: Option<bool>,
    /// Which of them; this replaces the whole.
    #[oai(nullable)]
    auto_analyze_only: Option<AutoAnalyze>,
    /// Whether the summary is written as a note on the source's issue.
    #[oai(nullable)]
    write_back: Option<bool>,
    /// Who is told when an analysis ends.
    #[oai(nullable, validator(max_length = 254))]
    notification_email: Option<String>,
    /// The workspace's own words to the model.
    #[oai(nullable, validator(max_length = 4000))]
    instructions: Option<String>,
    /// What may leave for a remote model.
    #[oai(nullable)]
    data_policy: Option<DataClassesUpdate>,
    /// The models to ask, in order, each a backend or `backend/model`; an empty list clears.
    #[oai(nullable, validator(max_items = 10))]
    models: Option<Vec<String>>,
    /// Whether rules may write a specification when every model failed.
    #[oai(nullable)]
    allow_heuristics: Option<bool>,
    /// What may be spent on a day (UTC), in dollars; a negative amount clears.
    #[oai(nullable, validator(maximum(value = "1000000000")))]
    daily_spend_usd: Option<f64>,
    /// What happens when that is spent.
    #[oai(nullable)]
    when_spent: Option<WhenSpent>,
}

/// What an update did.
#[derive(Debug, Object, Serialize)]
struct SettingsUpdated {
    /// One sentence.
    message: String,
    /// Whether anything is different now.
    updated: bool,
}

#[OpenApi(prefix_path = "/api/v1/settings", tag = "Tags::Workspaces")]
impl SettingsApi {
    /// The settings of the caller's workspace
    #[oai(path = "/", method = "get", operation_id = "getSettings")]
    async fn get(&self, token: Token) -> Result<Answer<Settings>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let mail_configured = self.services.workspaces.sends_mail();
        Ok(Answer(Settings::of(
            workspace.settings.clone(),
            mail_configured,
        )))
    }

    /// Change the settings of the caller's workspace
    ///
    /// Its owner and admins may.
    #[oai(path = "/", method = "put", operation_id = "updateSettings")]
    async fn put(
        &self,
        token: Token,
        body: Body<SettingsUpdate>,
    ) -> Result<Answer<SettingsUpdated>> {
        let sent = body.0;
        if sent.is_empty() {
            return Err(Failure::NothingToUpdate.into());
        }
        let changes = SettingsChanges {
            openai_model: Change::of_text(sent.openai_model),
            auto_analyze: sent.auto_analyze,
            auto_analyze_only: sent.auto_analyze_only.map(Into::into),
            write_back: sent.write_back,
            notification_email: Change::of_text(sent.notification_email),
            instructions: Change::of_text(sent.instructions),
            data_policy: sent.data_policy.unwrap_or_default().changes(),
            models: sent.models,
            allow_heuristics: sent.allow_heuristics,
            daily_spend_limit: match sent.daily_spend_usd {
                None => Change::Keep,
                Some(dollars) if dollars < 0.0 => Change::Clear,
                Some(dollars) => Change::Set(millionths(dollars)),
            },
            when_spent: sent.when_spent.map(Into::into),
        };
        let updated = self
            .services
            .workspaces
            .update_settings(&token.0, changes)
            .await?;
        let message = "Settings updated successfully".to_owned();
        Ok(Answer(SettingsUpdated { message, updated }))
    }
}

impl Settings {
    /// As they are shown by an installation that can send mail, or cannot.
    pub(super) fn of(settings: WorkspaceSettings, mail_configured: bool) -> Self {
        Self {
            openai_model: settings.openai_model,
            auto_analyze: settings.auto_analyze,
            auto_analyze_only: settings.auto_analyze_only.into(),
            write_back: settings.write_back,
            notification_email: settings.notification_email,
            mail_configured,
            instructions: settings.instructions,
            data_policy: settings.data_policy.unwrap_or_default().into(),
            models: settings.models,
            allow_heuristics: settings.allow_heuristics,
            daily_spend_usd: settings.daily_spend_limit.map(dollars),
            when_spent: settings.when_spent.map(|then| then.as_str().to_owned()),
        }
    }
}

impl SettingsUpdate {
    fn is_empty(&self) -> bool {
        self.openai_model.is_none()
            && self.auto_analyze.is_none()
            && self.auto_analyze_only.is_none()
            && self.write_back.is_none()
            && self.notification_email.is_none()
            && self.instructions.is_none()
            && self.data_policy.is_none()
            && self.models.is_none()
            && self.allow_heuristics.is_none()
            && self.daily_spend_usd.is_none()
            && self.when_spent.is_none()
    }
}

impl From<AutoAnalyze> for domain::AutoAnalyze {
    fn from(sent: AutoAnalyze) -> Self {
        let level = |level| match level {
            Level::Fatal => domain::Level::Fatal,
            Level::Error => domain::Level::Error,
            Level::Warning => domain::Level::Warning,
            Level::Info => domain::Level::Info,
            Level::Debug => domain::Level::Debug,
        };
        let priority = |priority| match priority {
            Priority::High => "high",
            Priority::Medium => "medium",
            Priority::Low => "low",
        };
        Self {
            min_level: sent.min_level.map(level),
            min_priority: sent.min_priority.map(|it| priority(it).to_owned()),
            min_count: sent.min_count,
            projects: sent.projects,
        }
    }
}

impl From<domain::AutoAnalyze> for AutoAnalyze {
    fn from(kept: domain::AutoAnalyze) -> Self {
        let level = |level| match level {
            domain::Level::Fatal => Level::Fatal,
            domain::Level::Error => Level::Error,
            domain::Level::Warning => Level::Warning,
            domain::Level::Info => Level::Info,
            domain::Level::Debug => Level::Debug,
        };
        let priority = |word: String| match word.as_str() {
            "high" => Some(Priority::High),
            "medium" => Some(Priority::Medium),
            "low" => Some(Priority::Low),
            _ => None,
        };
        Self {
            min_level: kept.min_level.map(level),
            min_priority: kept.min_priority.and_then(priority),
            min_count: kept.min_count,
            projects: kept.projects,
        }
    }
}
