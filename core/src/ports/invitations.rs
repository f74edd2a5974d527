//! Where invitations are kept.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Result,
    domain::{Invitation, InvitationId, Timestamp, WorkspaceId},
};

/// Keeps invitations until they are taken or run out. Codes reach it as hashes only.
///
/// # Behaviour
/// - an invitation is found by its code until it is taken
/// - of many that take one invitation only one gets it
/// - an unknown invitation is none, not an error
/// - an expired invitation is none
/// - a workspace's invitations are its own, oldest first
/// - a withdrawn invitation is found no more
/// - the invitation of another workspace is not withdrawn
#[async_trait]
pub trait Invitations: Send + Sync + Debug + 'static {
    /// Adds an invitation, and forgets those that have run out by now.
    async fn insert(&self, invitation: &Invitation, now: Timestamp) -> Result<()>;

    /// The invitation whose code hashes to this, unless it has run out.
    async fn find(&self, code_hash: &str, now: Timestamp) -> Result<Option<Invitation>>;

    /// Takes an invitation away and gives it back, unless it has run out.
    async fn take(&self, id: &InvitationId, now: Timestamp) -> Result<Option<Invitation>>;

    /// Every invitation into `workspace`, oldest first.
    async fn of_workspace(&self, workspace: &WorkspaceId) -> Result<Vec<Invitation>>;

    /// Deletes the invitation if it is into `workspace`, and tells whether it was.
    async fn withdraw(&self, workspace: &WorkspaceId, id: &InvitationId) -> Result<bool>;
}
