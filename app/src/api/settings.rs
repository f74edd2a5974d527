//! `/settings`: how the caller's workspace works.

use std::sync::Arc;

use explainer_core::{
    domain::{self, DataClass, DataPolicy, WorkspaceSettings},
    services::{Change, Failure, Services, SettingsChanges},
};
use poem_openapi::{Enum, Object, OpenApi};
use serde::Serialize;

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
    /// Who is told when an analysis ends.
    #[oai(nullable)]
    notification_email: Option<String>,
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

/// Whether each class of data may go.
#[derive(Debug, Object, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one switch for each class, as people configure it"
)]
struct DataClasses {
    /// Local variables of frames.
    locals: bool,
    /// Body, cookies and form data of the request.
    request_body: bool,
    /// Headers of the request.
    headers: bool,
    /// What is known of the user.
    user: bool,
    /// Values attached to breadcrumbs.
    breadcrumb_data: bool,
}

/// Whether each class of data may go; what is left out stays.
#[derive(Debug, Default, Object)]
struct DataClassesUpdate {
    /// Local variables of frames.
    locals: Option<bool>,
    /// Body, cookies and form data of the request.
    request_body: Option<bool>,
    /// Headers of the request.
    headers: Option<bool>,
    /// What is known of the user.
    user: Option<bool>,
    /// Values attached to breadcrumbs.
    breadcrumb_data: Option<bool>,
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
    /// The workspace's own words to the model.
    #[oai(validator(max_length = 4000))]
    instructions: Option<String>,
    /// What may leave for a remote model.
    data_policy: Option<DataClassesUpdate>,
    /// The models to ask, in order, each a backend or `backend/model`; an empty list clears.
    #[oai(validator(max_items = 10))]
    models: Option<Vec<String>>,
    /// Whether rules may write a specification when every model failed.
    allow_heuristics: Option<bool>,
    /// What may be spent on a day (UTC), in dollars; a negative amount clears.
    #[oai(validator(maximum(value = "1000000000")))]
    daily_spend_usd: Option<f64>,
    /// What happens when that is spent.
    when_spent: Option<WhenSpent>,
}

/// What happens when a day's money is spent.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "lowercase")]
enum WhenSpent {
    /// Requests are refused until the day is over.
    Refuse,
    /// Only models that run here are asked.
    Local,
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
        Ok(Answer(workspace.settings.into()))
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

impl From<WorkspaceSettings> for Settings {
    fn from(settings: WorkspaceSettings) -> Self {
        Self {
            openai_model: settings.openai_model,
            auto_analyze: settings.auto_analyze,
            notification_email: settings.notification_email,
            instructions: settings.instructions,
            data_policy: settings.data_policy.unwrap_or_default().into(),
            models: settings.models,
            allow_heuristics: settings.allow_heuristics,
            daily_spend_usd: settings.daily_spend_limit.map(dollars),
            when_spent: settings.when_spent.map(|then| then.as_str().to_owned()),
        }
    }
}

impl From<DataPolicy> for DataClasses {
    fn from(policy: DataPolicy) -> Self {
        Self {
            locals: policy.locals,
            request_body: policy.request_body,
            headers: policy.headers,
            user: policy.user,
            breadcrumb_data: policy.breadcrumb_data,
        }
    }
}

impl From<WhenSpent> for domain::WhenSpent {
    fn from(then: WhenSpent) -> Self {
        match then {
            WhenSpent::Refuse => Self::Refuse,
            WhenSpent::Local => Self::Local,
        }
    }
}

impl DataClassesUpdate {
    fn changes(self) -> Vec<(DataClass, bool)> {
        let sent = [
            (DataClass::Locals, self.locals),
            (DataClass::RequestBody, self.request_body),
            (DataClass::Headers, self.headers),
            (DataClass::User, self.user),
            (DataClass::BreadcrumbData, self.breadcrumb_data),
        ];
        let sent = sent.into_iter();
        sent.filter_map(|(class, may_go)| Some((class, may_go?)))
            .collect()
    }
}

impl SettingsUpdate {
    fn is_empty(&self) -> bool {
        self.openai_model.is_none()
            && self.auto_analyze.is_none()
            && self.notification_email.is_none()
            && self.instructions.is_none()
            && self.data_policy.is_none()
            && self.models.is_none()
            && self.allow_heuristics.is_none()
            && self.daily_spend_usd.is_none()
            && self.when_spent.is_none()
    }
}
