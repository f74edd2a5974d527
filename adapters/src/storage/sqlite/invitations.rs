//! Invitations, until they are taken or run out.

use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Invitation, InvitationId, Timestamp, WorkspaceId},
    ports::Invitations,
};
use rusqlite::{Connection, params};

use super::{
    SqliteStore,
    fault::Fault,
    statement::{encode, statements},
};

statements! {
    ADD = "INSERT INTO invitations (id, workspace_id, code_hash, created_at, expires_at, doc)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    FIND = "SELECT doc FROM invitations WHERE code_hash = ?1 AND expires_at > ?2";
    GET = "SELECT doc FROM invitations WHERE id = ?1 AND expires_at > ?2";
    OF_WORKSPACE = "SELECT doc FROM invitations WHERE workspace_id = ?1 ORDER BY created_at, id";
    DELETE = "DELETE FROM invitations WHERE id = ?1";
    WITHDRAW = "DELETE FROM invitations WHERE id = ?1 AND workspace_id = ?2";
    FORGET = "DELETE FROM invitations WHERE expires_at <= ?1";
}

pub(super) fn add(connection: &Connection, invitation: &Invitation) -> Result<(), Fault> {
    let row = params![
        invitation.id.as_str(),
        invitation.workspace_id.as_str(),
        invitation.code_hash,
        invitation.created_at.as_millisecond(),
        invitation.expires_at.as_millisecond(),
        encode(invitation)?,
    ];
    ADD.run(connection, row)?;
    Ok(())
}

#[async_trait]
impl Invitations for SqliteStore {
    async fn insert(&self, invitation: &Invitation, now: Timestamp) -> Result<()> {
        let invitation = invitation.clone();
        self.database
            .write("insert invitation", move |connection| {
                add(connection, &invitation)?;
                FORGET.run(connection, [now.as_millisecond()])?;
                Ok(())
            })
            .await
    }

    async fn find(&self, code_hash: &str, now: Timestamp) -> Result<Option<Invitation>> {
        self.database
            .find("find invitation", |connection| {
                FIND.document(connection, params![code_hash, now.as_millisecond()])
            })
            .await
    }

    async fn take(&self, id: &InvitationId, now: Timestamp) -> Result<Option<Invitation>> {
        let id = id.clone();
        self.database
            .write("take invitation", move |connection| {
                let lasting = params![id.as_str(), now.as_millisecond()];
                let taken = GET.document(connection, lasting)?;
                DELETE.run(connection, [id.as_str()])?;
                Ok(taken)
            })
            .await
    }

    async fn of_workspace(&self, workspace: &WorkspaceId) -> Result<Vec<Invitation>> {
        let workspace = workspace.clone();
        self.database
            .read("list invitations", move |connection| {
                OF_WORKSPACE.documents(connection, [workspace.as_str()])
            })
            .await
    }

    async fn withdraw(&self, workspace: &WorkspaceId, id: &InvitationId) -> Result<bool> {
        let (workspace, id) = (workspace.clone(), id.clone());
        self.database
            .write("withdraw invitation", move |connection| {
                let own = params![id.as_str(), workspace.as_str()];
                Ok(WITHDRAW.run(connection, own)? > 0)
            })
            .await
    }
}
