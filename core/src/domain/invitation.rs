//! Asking somebody into a workspace.

use serde::{Deserialize, Serialize};

use super::{InvitationId, MemberRole, Timestamp, UserId, WorkspaceId};

/// An offer to join a workspace, for whoever has its code, once. The code itself is not kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its identifier.
    pub id: InvitationId,
    /// The workspace to join.
    pub workspace_id: WorkspaceId,
    /// The only e-mail it is good for; `None`: for any.
    pub email: Option<String>,
    /// What its taker will be there.
    pub role: MemberRole,
    /// What its code hashes to.
    pub code_hash: String,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it runs out.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Invitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invitation")
            .field("id", &self.id)
            .field("workspace_id", &self.workspace_id)
            .field("role", &self.role)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
