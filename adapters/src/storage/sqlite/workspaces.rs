//! Workspaces and who belongs to them.

use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    domain::{Timestamp, UserId, Workspace, WorkspaceId},
    ports::Workspaces,
};
use rusqlite::{Connection, params};

use super::{
    SqliteStore,
    fault::Fault,
    statement::{encode, statements},
};

statements! {
    GET = "SELECT doc FROM workspaces WHERE id = ?1";
    OF_MEMBER = "SELECT doc FROM workspace_members JOIN workspaces ON id = workspace_id
                 WHERE user_id = ?1 ORDER BY workspace_members.created_at, workspace_id";
    PAGE = "SELECT doc FROM workspaces WHERE id > ?1 ORDER BY id LIMIT ?2";
    AUTOMATIC = "SELECT doc FROM workspaces
                 WHERE json_extract(doc, '$.settings.auto_analyze') = 1 AND id > ?1
                 ORDER BY id LIMIT ?2";
    INSERT = "INSERT INTO workspaces (id, updated_at, doc) VALUES (?1, ?2, ?3)";
    UPDATE = "UPDATE workspaces SET updated_at = ?2, doc = ?3 WHERE id = ?1 AND updated_at = ?4";
    ADD_MEMBER = "INSERT OR IGNORE INTO workspace_members (user_id, created_at, workspace_id)
                  VALUES (?1, ?2, ?3)";
    REMOVE_MEMBERS = "DELETE FROM workspace_members WHERE workspace_id = ?1";
}

#[async_trait]
impl Workspaces for SqliteStore {
    async fn get(&self, id: &WorkspaceId) -> Result<Option<Workspace>> {
        self.database
            .find("get workspace", |connection| {
                GET.document(connection, [id.as_str()])
            })
            .await
    }

    async fn of_member(&self, user: &UserId) -> Result<Vec<Workspace>> {
        let user = user.clone();
        self.database
            .read("list workspaces", move |connection| {
                OF_MEMBER.documents(connection, [user.as_str()])
            })
            .await
    }

    async fn of_installation(
        &self,
        after: Option<&WorkspaceId>,
        limit: u16,
    ) -> Result<Vec<Workspace>> {
        let after = after.map_or_else(String::new, ToString::to_string);
        self.database
            .read("page workspaces", move |connection| {
                PAGE.documents(connection, params![after, limit])
            })
            .await
    }

    async fn automatic(&self, after: Option<&WorkspaceId>, limit: u16) -> Result<Vec<Workspace>> {
        // No id is empty, so every one comes after it.
        let after = after.map_or("", WorkspaceId::as_str).to_owned();
        self.database
            .read("list automatic workspaces", move |connection| {
                AUTOMATIC.documents(connection, params![after, limit])
            })
            .await
    }

    async fn insert(&self, workspace: &Workspace) -> Result<()> {
        let workspace = workspace.clone();
        self.database
            .write("insert workspace", move |connection| {
                let id = workspace.id.as_str();
                if GET.finds(connection, [id])? {
                    return Err(Fault::refused(
                        ErrorKind::Conflict,
                        "could not add the workspace because its id is taken; use a new one",
                    ));
                }
                add(connection, &workspace)
            })
            .await
    }

    async fn update(&self, mut workspace: Workspace, read_at: Timestamp) -> Result<Workspace> {
        workspace.succeed(read_at);
        self.database
            .write("update workspace", move |connection| {
                let id = workspace.id.as_str();
                let read_at = read_at.as_millisecond();
                let updated_at = workspace.updated_at.as_millisecond();
                let doc = encode(&workspace)?;
                if UPDATE.run(connection, params![id, updated_at, doc, read_at])? == 0 {
                    return Err(not_updated(GET.finds(connection, [id])?));
                }
                REMOVE_MEMBERS.run(connection, [id])?;
                add_members(connection, &workspace)?;
                Ok(workspace)
            })
            .await
    }
}

/// Adds a workspace whose id is free.
pub(super) fn add(connection: &Connection, workspace: &Workspace) -> Result<(), Fault> {
    let updated_at = workspace.updated_at.as_millisecond();
    let row = params![workspace.id.as_str(), updated_at, encode(workspace)?];
    INSERT.run(connection, row)?;
    add_members(connection, workspace)
}

fn add_members(connection: &Connection, workspace: &Workspace) -> Result<(), Fault> {
    let created_at = workspace.created_at.as_millisecond();
    for member in &workspace.members {
        let row = params![member.user_id.as_str(), created_at, workspace.id.as_str()];
        ADD_MEMBER.run(connection, row)?;
    }
    Ok(())
}

fn not_updated(exists: bool) -> Fault {
    if exists {
        Fault::refused(
            ErrorKind::Conflict,
            "could not update the workspace because it was changed since it was read; \
             read it again",
        )
    } else {
        Fault::refused(
            ErrorKind::NotFound,
            "could not update the workspace because there is none with this id",
        )
    }
}
