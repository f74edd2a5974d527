//! Invitations, until they are taken or run out.

use ::mongodb::bson::doc;
use async_trait::async_trait;
use explainer_core::{
    Result,
    domain::{Invitation, InvitationId, Timestamp, WorkspaceId},
    ports::Invitations,
};

use super::{MongoStore, documents::Record, forms::date, indexes::INVITATIONS, query};

#[async_trait]
impl Invitations for MongoStore {
    async fn insert(&self, invitation: &Invitation, now: Timestamp) -> Result<()> {
        let invitations = self.collection(INVITATIONS);
        self.run("insert invitation", async {
            query::add(&invitations, invitation.to_document()?).await?;
            let expired = doc! { "expires_at": { "$lte": date(now) } };
            invitations.delete_many(expired).await?;
            Ok(())
        })
        .await
    }

    async fn find(&self, code_hash: &str, now: Timestamp) -> Result<Option<Invitation>> {
        let invitations = self.collection(INVITATIONS);
        let lasting = doc! { "code_hash": code_hash, "expires_at": { "$gt": date(now) } };
        let find = query::one(&invitations, lasting);
        self.read("find invitation", find).await
    }

    async fn take(&self, id: &InvitationId, now: Timestamp) -> Result<Option<Invitation>> {
        let invitations = self.collection(INVITATIONS);
        self.run("take invitation", async {
            let lasting = doc! { "_id": id.as_str(), "expires_at": { "$gt": date(now) } };
            let taken = invitations.find_one_and_delete(lasting).await?;
            taken.map(Invitation::from_document).transpose()
        })
        .await
    }

    async fn of_workspace(&self, workspace: &WorkspaceId) -> Result<Vec<Invitation>> {
        let invitations = self.collection(INVITATIONS);
        self.read("list invitations", async {
            let own = invitations.find(doc! { "workspace_id": workspace.as_str() });
            query::all(own.sort(doc! { "created_at": 1, "_id": 1 }).await?).await
        })
        .await
    }

    async fn withdraw(&self, workspace: &WorkspaceId, id: &InvitationId) -> Result<bool> {
        let invitations = self.collection(INVITATIONS);
        self.run("withdraw invitation", async {
            let own = doc! { "_id": id.as_str(), "workspace_id": workspace.as_str() };
            Ok(invitations.delete_one(own).await?.deleted_count > 0)
        })
        .await
    }
}
