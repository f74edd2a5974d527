//! Trying a model before, or after, it is kept.

use std::time::Duration;

use serde_json::json;

use crate::{
    Result,
    domain::SecretString,
    ports::{Llm, LlmRequest, ProgressSink, Schema},
    services::{
        Caller, Change, Failure, NotConnected, Right, WorkspaceService, test_sentry::not_connected,
    },
};

/// How long a model may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to try.
#[derive(Debug, Default)]
pub struct ModelTrial {
    /// The model, `backend` or `backend/model`; `None`: the first one the workspace asks.
    pub model: Option<String>,
    /// The key to try instead of the one that is kept; a change that keeps tries that one.
    pub api_key: Change<SecretString>,
}

/// A model that answered.
#[derive(Debug, PartialEq, Eq)]
pub struct ModelTested {
    /// Its backend.
    pub kind: String,
    /// Its name.
    pub model: String,
    /// What that took, where something was asked.
    pub tokens: Option<u32>,
}

impl WorkspaceService {
    /// Asks a model whether it is there, as the caller's workspace would ask it.
    ///
    /// With a key of the workspace's own it is asked something small, since a key may be good and
    /// its account empty. With the installation's key it is only looked up: a trial costs others
    /// nothing.
    pub async fn test_model(
        &self,
        caller: &Caller,
        trial: ModelTrial,
    ) -> Result<Result<ModelTested, NotConnected>, Failure> {
        // It is the workspace's key that is used, and its money.
        let workspace = self.ports.access(caller).await?;
        workspace.require(Right::Configure)?;
        let given = match trial.api_key {
            Change::Set(key) => Some(key),
            Change::Keep | Change::Clear => None,
        };
        let models = &self.ports.models;
        let opened = models.open_to_try(&workspace, trial.model.as_deref(), given);
        let tested = match opened {
            Ok((llm, own_key)) => try_out(&*llm, own_key).await,
            Err(error) => Err(error),
        };
        Ok(tested.map_err(|error| not_connected(&error)))
    }
}

async fn try_out(llm: &dyn Llm, own_key: bool) -> Result<ModelTested> {
    let profile = llm.profile();
    let tokens = if own_key {
        let request = LlmRequest {
            system: "Answer with the JSON object {\"ok\": true} and with nothing else.".to_owned(),
            user: "Are you there?".to_owned(),
            schema: Schema::new(&json!({
                "type": "object", "additionalProperties": false, "required": ["ok"],
                "properties": {"ok": {"type": "boolean"}},
            })),
            max_output_tokens: 64,
            prompt_tokens: 64,
            timeout: profile.timeout.min(PATIENCE),
        };
        let usage = llm.complete(&request, &Nobody).await?.usage;
        Some(usage.input.saturating_add(usage.output))
    } else {
        llm.check().await?;
        None
    };
    Ok(ModelTested {
        kind: profile.kind,
        model: profile.model,
        tokens,
    })
}

/// Nobody waits to hear how a trial gets on.
struct Nobody;

impl ProgressSink for Nobody {
    fn tokens(&self, _: u32) {}
}
