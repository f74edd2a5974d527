//! `/settings`: how the caller's workspace works.

use std::sync::Arc;

use explainer_core::{
    domain::{self, WorkspaceSettings},
    services::{Change, Failure, Services, SettingsChanges},
};
use poem_openapi::{Enum, Object, OpenApi};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result},
    body::Body,
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
    #[oai(default)]
    min_count: u32,
    /// Those of these projects, each an id or a slug; of all when there is none.
    #[oai(default, validator(max_items = 100))]
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
#[oai(rename_all = "lowercase")]
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
    #[oai(validator(max_length = 200))]
    openai_model: Option<String>,
    /// Whether new issues are explained without being asked.
    auto_analyze: Option<bool>,
    /// Which of them; this replaces the whole.
    auto_analyze_only: Option<AutoAnalyze>,
    /// Whether the summary is written as a note on the source's issue.
    write_back: Option<bool>,
    /// Who is told when an analysis ends.
    #[oai(validator(max_length = 254))]
    notification_email: Option<String>,
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
        Ok(Answer(workspace.settings.clone().into()))
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
        if sent.openai_model.is_none()
            && sent.auto_analyze.is_none()
            && sent.auto_analyze_only.is_none()
            && sent.write_back.is_none()
            && sent.notification_email.is_none()
        {
            return Err(Failure::NothingToUpdate.into());
        }
        let changes = SettingsChanges {
            openai_model: Change::of_text(sent.openai_model),
            auto_analyze: sent.auto_analyze,
            auto_analyze_only: sent.auto_analyze_only.map(Into::into),
            write_back: sent.write_back,
            notification_email: Change::of_text(sent.notification_email),
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

impl From<WorkspaceSettings> for Settings {
    fn from(settings: WorkspaceSettings) -> Self {
        Self {
            openai_model: settings.openai_model,
            auto_analyze: settings.auto_analyze,
            auto_analyze_only: settings.auto_analyze_only.into(),
            write_back: settings.write_back,
            notification_email: settings.notification_email,
        }
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
