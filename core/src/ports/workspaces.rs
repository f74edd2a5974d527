//! Where workspaces are kept.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Result,
    domain::{Timestamp, UserId, Workspace, WorkspaceId},
};

/// Keeps workspaces.
///
/// # Behaviour
/// - an inserted workspace reads back equal
/// - an unknown workspace is none, not an error
/// - a user's workspaces are those with the user among the members, oldest first
/// - an update replaces the whole workspace
/// - an update of an unknown workspace is not found
/// - an update made from an outdated copy is a conflict and changes nothing
/// - of many simultaneous updates from one copy only one is made, even within one tick of the clock
/// - a taken id is a conflict and changes nothing
/// - those that explain without being asked are listed by id, page by page
#[async_trait]
pub trait Workspaces: Send + Sync + Debug + 'static {
    /// The workspace with this id.
    async fn get(&self, id: &WorkspaceId) -> Result<Option<Workspace>>;

    /// Every workspace `user` belongs to, oldest first.
    async fn of_member(&self, user: &UserId) -> Result<Vec<Workspace>>;

    /// At most `limit` of the workspaces with [`auto_analyze`], in order of their ids, from the
    /// first one after `after`.
    ///
    /// [`auto_analyze`]: crate::domain::WorkspaceSettings::auto_analyze
    async fn automatic(&self, after: Option<&WorkspaceId>, limit: u16) -> Result<Vec<Workspace>>;

    /// Adds a workspace.
    async fn insert(&self, workspace: &Workspace) -> Result<()>;

    /// Replaces the workspace with the same id, if its stored `updated_at` still is `read_at`.
    /// Gives back what was stored: see [`Workspace::succeed`].
    async fn update(&self, workspace: Workspace, read_at: Timestamp) -> Result<Workspace>;
}
