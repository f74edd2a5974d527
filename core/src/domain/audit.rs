//! Who changed what.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{AuditId, Timestamp, UserId, WorkspaceId};

/// One change that somebody made. It names what was changed and never what to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its identifier; later entries have later ones.
    pub id: AuditId,
    /// When it was.
    pub at: Timestamp,
    /// Who did it.
    pub user_id: UserId,
    /// What they were called then.
    pub username: String,
    /// The address they called from.
    pub address: Option<IpAddr>,
    /// What they did: `workspace.updated`.
    pub action: String,
    /// What to: an id, names of fields.
    pub target: String,
    /// The workspace it was done in.
    pub workspace_id: Option<WorkspaceId>,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}
