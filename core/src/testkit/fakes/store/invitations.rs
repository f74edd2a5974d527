//! Invitations in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    Result,
    domain::{Invitation, InvitationId, Timestamp, WorkspaceId},
    ports::Invitations,
};

#[async_trait]
impl Invitations for MemoryStore {
    async fn insert(&self, invitation: &Invitation, now: Timestamp) -> Result<()> {
        let invitations = &mut self.state().invitations;
        invitations.insert(invitation.id.clone(), invitation.clone());
        invitations.retain(|_, it| it.expires_at > now);
        Ok(())
    }

    async fn find(&self, code_hash: &str, now: Timestamp) -> Result<Option<Invitation>> {
        let state = self.state();
        let mut lasting = state.invitations.values().filter(|it| it.expires_at > now);
        Ok(lasting.find(|it| it.code_hash == code_hash).cloned())
    }

    async fn take(&self, id: &InvitationId, now: Timestamp) -> Result<Option<Invitation>> {
        let taken = self.state().invitations.remove(id);
        Ok(taken.filter(|it| it.expires_at > now))
    }

    async fn of_workspace(&self, workspace: &WorkspaceId) -> Result<Vec<Invitation>> {
        let state = self.state();
        let own = state.invitations.values();
        let mut own: Vec<_> = own
            .filter(|it| it.workspace_id == *workspace)
            .cloned()
            .collect();
        own.sort_by_key(|it| (it.created_at, it.id.clone()));
        Ok(own)
    }

    async fn withdraw(&self, workspace: &WorkspaceId, id: &InvitationId) -> Result<bool> {
        let invitations = &mut self.state().invitations;
        let own = invitations
            .get(id)
            .is_some_and(|it| it.workspace_id == *workspace);
        if own {
            invitations.remove(id);
        }
        Ok(own)
    }
}
