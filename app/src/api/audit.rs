//! `/audit`: who changed what, for the administrators of the installation.

use std::sync::Arc;

use explainer_core::{domain, services::Services};
use poem_openapi::{Object, OpenApi, param::Query};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result, next_cursor},
    security::Token,
    time::Time,
};

/// The operations.
pub(crate) struct AuditApi {
    pub services: Arc<Services>,
}

/// One change that somebody made. It names what was changed and never what to.
#[derive(Debug, Object, Serialize)]
struct AuditEntry {
    /// Its identifier.
    id: String,
    /// When it was.
    at: Time,
    /// Who did it.
    user_id: String,
    /// What they were called then.
    username: String,
    /// The address they called from.
    #[oai(nullable)]
    address: Option<String>,
    /// What they did, such as `workspace.updated`.
    action: String,
    /// What to: an id, names of fields.
    target: String,
    /// The workspace it was done in.
    #[oai(nullable)]
    workspace_id: Option<String>,
}

/// Some entries of the log.
#[derive(Debug, Object, Serialize)]
struct AuditPage {
    /// The entries, newest first.
    entries: Vec<AuditEntry>,
    /// What to send as `cursor` for those before; null when there are none.
    #[oai(nullable)]
    next_cursor: Option<String>,
}

#[OpenApi(prefix_path = "/api/v1/audit", tag = "Tags::System")]
impl AuditApi {
    /// Who changed what
    ///
    /// Administrators alone see it.
    #[oai(path = "/", method = "get", operation_id = "listAudit")]
    async fn list(
        &self,
        token: Token,
        /// The `next_cursor` of the page before.
        #[oai(validator(max_length = 64))]
        cursor: Query<Option<String>>,
        /// How many.
        #[oai(
            default = "page_size",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<u16>,
    ) -> Result<Answer<AuditPage>> {
        let audit = &self.services.audit;
        let found = audit.list(&token.0, cursor.0.as_deref(), limit.0).await?;
        Ok(Answer(AuditPage {
            next_cursor: next_cursor(&found, limit.0, |entry| &entry.id),
            entries: found.into_iter().map(Into::into).collect(),
        }))
    }
}

fn page_size() -> u16 {
    50
}

impl From<domain::AuditEntry> for AuditEntry {
    fn from(entry: domain::AuditEntry) -> Self {
        Self {
            id: entry.id.into(),
            at: entry.at.into(),
            user_id: entry.user_id.into(),
            username: entry.username,
            address: entry.address.map(|address| address.to_string()),
            action: entry.action,
            target: entry.target,
            workspace_id: entry.workspace_id.map(Into::into),
        }
    }
}
