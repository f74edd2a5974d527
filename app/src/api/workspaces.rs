//! `/workspaces`: a team's place and its connections.

use std::{collections::BTreeMap, sync::Arc};

use explainer_core::{
    domain,
    services::{
        Change, Failure, MASK, ModelTrial, NewWorkspace, Services, SourceSettings,
        WorkspaceChanges, WorkspaceService,
    },
};
use poem::http::StatusCode;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::{
    Message, Tags,
    answer::{Answer, Result},
    body::{Body, OptionalBody},
    limits::{MODELS, Patience},
    members::MemberRole,
    problem::Problem,
    security::Token,
    settings::Settings,
    shapes::{ModelTest, ModelTestedBody, OpenAiTest, SentryTest, SentryTested},
    time::Time,
};

/// The operations.
pub(crate) struct WorkspacesApi {
    pub services: Arc<Services>,
}

/// A new workspace.
#[derive(Debug, Object)]
#[oai(rename = "NewWorkspace")]
struct NewWorkspaceBody {
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 100))]
    name: String,
    /// Free text.
    #[oai(nullable, validator(max_length = 2000))]
    description: Option<String>,
}

/// Changes to a workspace. What is left out or null stays; an empty text clears; a secret sent
/// back as `***` stays.
#[derive(Debug, Object)]
struct WorkspaceUpdate {
    /// Its name.
    #[oai(nullable, validator(min_length = 1, max_length = 100))]
    name: Option<String>,
    /// Free text.
    #[oai(nullable, validator(max_length = 2000))]
    description: Option<String>,
    /// The token for Sentry's API.
    #[oai(nullable, validator(max_length = 1024))]
    sentry_api_token: Option<String>,
    /// The slug of the Sentry organisation.
    #[oai(nullable, validator(max_length = 200))]
    sentry_organization: Option<String>,
    /// The address of the Sentry server, where it is not the installation's: `https` and public,
    /// unless the installation allows private networks.
    #[oai(nullable, validator(max_length = 1024))]
    sentry_base_url: Option<String>,
    /// The client secret of the Sentry integration whose webhooks are sent here.
    #[oai(nullable, validator(max_length = 1024))]
    sentry_client_secret: Option<String>,
    /// Where test events go.
    #[oai(nullable, validator(max_length = 1024))]
    sentry_test_dsn: Option<String>,
    /// The key for OpenAI.
    #[oai(nullable, validator(max_length = 1024))]
    openai_api_key: Option<String>,
    /// Where issues come from, of any kind that `/sources` lists; an empty `kind` clears it.
    #[oai(nullable)]
    source: Option<Source>,
}

/// Where issues come from. A secret among the settings is shown as `***`, and stays when it comes
/// back so.
#[derive(Debug, Object, Serialize)]
struct Source {
    /// The kind, as `/sources` lists it.
    #[oai(validator(max_length = 40))]
    kind: String,
    /// What the kind's schema asks for.
    #[oai(nullable)]
    settings: Option<BTreeMap<String, serde_json::Value>>,
}

/// A workspace. Secrets are shown as `***`.
#[derive(Debug, Object, Serialize)]
struct Workspace {
    /// Its identifier.
    id: String,
    /// Its name.
    name: String,
    /// Free text.
    #[oai(nullable)]
    description: Option<String>,
    /// Who may change it.
    owner_id: String,
    /// What the caller is in it.
    role: MemberRole,
    /// `***` when a token is set.
    #[oai(nullable)]
    sentry_api_token: Option<String>,
    /// The slug of the Sentry organisation.
    #[oai(nullable)]
    sentry_organization: Option<String>,
    /// The address of the Sentry server; null: the installation's.
    #[oai(nullable)]
    sentry_base_url: Option<String>,
    /// `***` when the client secret of webhooks is set.
    #[oai(nullable)]
    sentry_client_secret: Option<String>,
    /// Where test events go, its key masked.
    #[oai(nullable)]
    sentry_test_dsn: Option<String>,
    /// `***` when a key is set.
    #[oai(nullable)]
    openai_api_key: Option<String>,
    /// Where issues come from, when a kind was chosen by name.
    #[oai(nullable)]
    source: Option<Source>,
    /// How it works.
    settings: Settings,
    /// When it was made.
    created_at: Time,
    /// When it was last changed.
    updated_at: Time,
}

/// A new workspace and a word about it.
#[derive(Debug, Object, Serialize)]
struct WorkspaceCreated {
    /// One sentence.
    message: String,
    /// The workspace.
    workspace: Workspace,
}

#[OpenApi(prefix_path = "/api/v1/workspaces", tag = "Tags::Workspaces")]
impl WorkspacesApi {
    /// Make a workspace
    ///
    /// The caller becomes its owner and is moved into it. A new workspace reads the built-in
    /// samples until it has a source of its own.
    #[oai(path = "/", method = "post", operation_id = "createWorkspace")]
    async fn create(
        &self,
        token: Token,
        body: Body<NewWorkspaceBody>,
    ) -> Result<Answer<WorkspaceCreated>> {
        let new = NewWorkspace {
            name: body.0.name,
            description: body.0.description,
        };
        let workspaces = &self.services.workspaces;
        let workspace = workspaces.create(&token.0, new).await?;
        let message = "Workspace created successfully".to_owned();
        Ok(Answer(WorkspaceCreated {
            message,
            workspace: shown(workspaces, workspace, &token),
        }))
    }

    /// The workspaces the caller belongs to
    #[oai(path = "/", method = "get", operation_id = "listWorkspaces")]
    async fn list(&self, token: Token) -> Result<Answer<Vec<Workspace>>> {
        let workspaces = &self.services.workspaces;
        let found = workspaces.list(&token.0).await?;
        Ok(Answer(
            found
                .into_iter()
                .map(|workspace| shown(workspaces, workspace, &token))
                .collect(),
        ))
    }

    /// The workspace the caller works in
    #[oai(path = "/current", method = "get", operation_id = "currentWorkspace")]
    async fn current(&self, token: Token) -> Result<Answer<Workspace>> {
        let workspaces = &self.services.workspaces;
        let workspace = workspaces
            .current(&token.0)
            .await
            .map_err(no_workspace_here)?;
        let workspace = domain::Workspace::clone(&workspace);
        Ok(Answer(shown(workspaces, workspace, &token)))
    }

    /// Change the workspace the caller works in
    ///
    /// Its owner and admins may. Setting a Sentry token or organisation makes Sentry the source.
    #[oai(path = "/current", method = "put", operation_id = "updateWorkspace")]
    async fn update(&self, token: Token, body: Body<WorkspaceUpdate>) -> Result<Answer<Message>> {
        let changes = changes(body.0)?;
        let done = self.services.workspaces.update(&token.0, changes).await;
        done.map_err(no_workspace_here)?;
        Ok(Answer(Message::new("Workspace updated successfully")))
    }

    /// Try a connection to Sentry
    ///
    /// What is left out, null or `***` is taken from what is kept. Nothing is kept of what is sent.
    #[oai(path = "/test-sentry", method = "post", operation_id = "testSentry")]
    async fn test_sentry(
        &self,
        token: Token,
        body: OptionalBody<SentryTest>,
    ) -> Result<Answer<SentryTested>> {
        let workspaces = &self.services.workspaces;
        let trial = body.0.unwrap_or_default().into();
        let tested = workspaces.test_sentry(&token.0, trial).await?;
        Ok(Answer(tested.map_or_else(Into::into, Into::into)))
    }

    /// Try a key for OpenAI
    ///
    /// What is left out, null or `***` is taken from what is kept. A key of one's own is tried by
    /// asking something small; the installation's by a look-up that costs nothing.
    #[oai(path = "/test-openai", method = "post", operation_id = "testOpenAi")]
    async fn test_openai(
        &self,
        token: Token,
        patience: Patience,
        body: OptionalBody<OpenAiTest>,
    ) -> Result<Answer<ModelTestedBody>> {
        patience.waits(MODELS);
        self.test_model(&token, body.0.unwrap_or_default().into())
            .await
    }

    /// Try a model
    ///
    /// As the workspace would ask it. What is left out, null or `***` is taken from what is kept.
    #[oai(path = "/test-llm", method = "post", operation_id = "testModel")]
    async fn test_llm(
        &self,
        token: Token,
        patience: Patience,
        body: OptionalBody<ModelTest>,
    ) -> Result<Answer<ModelTestedBody>> {
        patience.waits(MODELS);
        self.test_model(&token, body.0.unwrap_or_default().into())
            .await
    }
}

impl WorkspacesApi {
    async fn test_model(
        &self,
        token: &Token,
        trial: ModelTrial,
    ) -> Result<Answer<ModelTestedBody>> {
        let workspaces = &self.services.workspaces;
        let tested = workspaces.test_model(&token.0, trial).await?;
        Ok(Answer(tested.map_or_else(Into::into, Into::into)))
    }
}

fn changes(sent: WorkspaceUpdate) -> Result<WorkspaceChanges> {
    let named = [
        &sent.name,
        &sent.description,
        &sent.sentry_api_token,
        &sent.sentry_organization,
        &sent.sentry_base_url,
        &sent.sentry_client_secret,
        &sent.sentry_test_dsn,
        &sent.openai_api_key,
    ];
    if named.iter().all(|field| field.is_none()) && sent.source.is_none() {
        return Err(Failure::NothingToUpdate.into());
    }
    Ok(WorkspaceChanges {
        name: sent.name,
        description: Change::of_text(sent.description),
        sentry_api_token: Change::of_secret(sent.sentry_api_token),
        sentry_organization: Change::of_text(sent.sentry_organization),
        sentry_base_url: Change::of_text(sent.sentry_base_url),
        sentry_client_secret: Change::of_secret(sent.sentry_client_secret),
        sentry_test_dsn: Change::of_secret(sent.sentry_test_dsn),
        openai_api_key: Change::of_secret(sent.openai_api_key),
        source: sent.source.map_or(Change::Keep, Source::change),
    })
}

/// On this path a missing workspace is the thing asked for, so it is a 404.
pub(super) fn no_workspace_here(failure: Failure) -> Problem {
    match failure {
        Failure::NoWorkspace => Problem::from(failure).with_status(StatusCode::NOT_FOUND),
        other => other.into(),
    }
}

impl Source {
    fn change(self) -> Change<SourceSettings> {
        if self.kind.trim().is_empty() {
            return Change::Clear;
        }
        Change::Set(SourceSettings {
            kind: self.kind,
            settings: self.settings.unwrap_or_default().into_iter().collect(),
        })
    }
}

fn shown(workspaces: &WorkspaceService, workspace: domain::Workspace, token: &Token) -> Workspace {
    let role = workspace.role_of(&token.0.user().id);
    let mask = |secret: &Option<domain::Sealed>| secret.is_some().then(|| MASK.to_owned());
    Workspace {
        source: workspaces.shown_source(&workspace).map(|it| Source {
            kind: it.kind,
            settings: Some(it.settings.into_iter().collect()),
        }),
        sentry_test_dsn: workspaces.masked_dsn(&workspace),
        sentry_api_token: mask(&workspace.sentry.api_token),
        sentry_client_secret: mask(&workspace.sentry.client_secret),
        sentry_base_url: workspace.sentry.base_url,
        openai_api_key: mask(&workspace.openai_api_key),
        id: workspace.id.into(),
        name: workspace.name,
        description: workspace.description,
        owner_id: workspace.owner_id.into(),
        // Nobody is shown a workspace they do not belong to.
        role: role.unwrap_or(domain::MemberRole::Viewer).into(),
        sentry_organization: workspace.sentry.organization,
        settings: Settings::of(workspace.settings, workspaces.sends_mail()),
        created_at: workspace.created_at.into(),
        updated_at: workspace.updated_at.into(),
    }
}
