//! `/sources`: the kinds of issue source a workspace can choose from.

use std::sync::Arc;

use explainer_core::{ports, services::Services};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::Value;

use super::{
    Tags,
    answer::{Answer, Result},
    security::Token,
};

/// The operations.
pub(crate) struct SourcesApi {
    pub services: Arc<Services>,
}

/// A kind of issue source, built in or a plugin's.
#[derive(Debug, Object, Serialize)]
struct SourceKind {
    /// The name to choose it by: `source.kind` of a workspace.
    kind: String,
    /// One line.
    description: String,
    /// The JSON schema of `source.settings`. A field with `writeOnly` is a secret.
    settings: Value,
    /// Whether webhooks are taken at `/webhooks/{kind}/{workspace}`.
    webhooks: bool,
}

#[OpenApi(prefix_path = "/api/v1/sources", tag = "Tags::Workspaces")]
impl SourcesApi {
    /// The kinds of source a workspace can choose from
    #[oai(path = "/", method = "get", operation_id = "listSources")]
    #[expect(clippy::unused_async, reason = "operations are async")]
    async fn list(&self, _token: Token) -> Result<Answer<Vec<SourceKind>>> {
        let kinds = self.services.sources.kinds();
        Ok(Answer(kinds.map(SourceKind::from).collect()))
    }
}

impl From<&dyn ports::SourceKind> for SourceKind {
    fn from(kind: &dyn ports::SourceKind) -> Self {
        Self {
            kind: kind.name().to_owned(),
            description: kind.description().to_owned(),
            settings: kind.schema(),
            webhooks: kind.takes_webhooks(),
        }
    }
}
