//! Workspaces in memory.

use async_trait::async_trait;

use super::{MemoryStore, refused};
use crate::{
    ErrorKind, Result,
    domain::{Timestamp, UserId, Workspace, WorkspaceId},
    ports::Workspaces,
};

#[async_trait]
impl Workspaces for MemoryStore {
    async fn get(&self, id: &WorkspaceId) -> Result<Option<Workspace>> {
        Ok(self.state().workspaces.get(id).cloned())
    }

    async fn of_member(&self, user: &UserId) -> Result<Vec<Workspace>> {
        let state = self.state();
        let all = state.workspaces.values();
        let mut found: Vec<_> = all
            .filter(|found| found.has_member(user))
            .cloned()
            .collect();
        found.sort_by_key(|workspace| workspace.created_at);
        Ok(found)
    }

    async fn automatic(&self, after: Option<&WorkspaceId>, limit: u16) -> Result<Vec<Workspace>> {
        let state = self.state();
        let wanted = state.workspaces.iter().filter(|(id, workspace)| {
            workspace.settings.auto_analyze && after.is_none_or(|after| *id > after)
        });
        let wanted = wanted.map(|(_, workspace)| workspace.clone());
        Ok(wanted.take(limit.into()).collect())
    }

    async fn insert(&self, workspace: &Workspace) -> Result<()> {
        let mut state = self.state();
        if state.workspaces.contains_key(&workspace.id) {
            return Err(refused(
                ErrorKind::Conflict,
                "insert workspace",
                "could not add the workspace because its id is taken; use a new one",
            ));
        }
        let id = workspace.id.clone();
        state.workspaces.insert(id, workspace.clone());
        Ok(())
    }

    async fn update(&self, mut workspace: Workspace, read_at: Timestamp) -> Result<Workspace> {
        let refuse = |kind, message| Err(refused(kind, "update workspace", message));
        match self.state().workspaces.get_mut(&workspace.id) {
            None => refuse(
                ErrorKind::NotFound,
                "could not update the workspace because there is none with this id",
            ),
            Some(stored) if stored.updated_at != read_at => refuse(
                ErrorKind::Conflict,
                "could not update the workspace because it was changed since it was read; \
                 read it again",
            ),
            Some(stored) => {
                workspace.succeed(read_at);
                stored.clone_from(&workspace);
                Ok(workspace)
            }
        }
    }
}
