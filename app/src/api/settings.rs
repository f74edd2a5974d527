//! `/settings`: how the caller's workspace works.

use std::sync::Arc;

use explainer_core::{
    domain::WorkspaceSettings,
    services::{Change, Failure, Services, SettingsChanges},
};
use poem_openapi::{Object, OpenApi};
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
    /// Who is told when an analysis ends.
    #[oai(nullable)]
    notification_email: Option<String>,
}

/// Changes to the settings. What is left out or null stays; an empty text clears.
#[derive(Debug, Object)]
struct SettingsUpdate {
    /// The OpenAI model to ask.
    #[oai(validator(max_length = 200))]
    openai_model: Option<String>,
    /// Whether new issues are explained without being asked.
    auto_analyze: Option<bool>,
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
            && sent.notification_email.is_none()
        {
            return Err(Failure::NothingToUpdate.into());
        }
        let changes = SettingsChanges {
            openai_model: Change::of_text(sent.openai_model),
            auto_analyze: sent.auto_analyze,
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
            notification_email: settings.notification_email,
        }
    }
}
