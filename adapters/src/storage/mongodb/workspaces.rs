//! Workspaces and who belongs to them.

use ::mongodb::bson::{Bson, Document, doc};
use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    domain::{Timestamp, UserId, Workspace, WorkspaceId},
    ports::Workspaces,
};

use super::{MongoStore, documents::Record, fault::Fault, forms::date, indexes::WORKSPACES, query};

#[async_trait]
impl Workspaces for MongoStore {
    async fn get(&self, id: &WorkspaceId) -> Result<Option<Workspace>> {
        let workspaces = self.collection(WORKSPACES);
        let get = query::one(&workspaces, by_id(id));
        self.read("get workspace", get).await
    }

    async fn of_member(&self, user: &UserId) -> Result<Vec<Workspace>> {
        let workspaces = self.collection(WORKSPACES);
        self.read("list workspaces", async {
            let of_member = workspaces.find(doc! { "members.user_id": user.as_str() });
            let oldest_first = doc! { "created_at": 1, "_id": 1 };
            query::all(of_member.sort(oldest_first).await?).await
        })
        .await
    }

    async fn of_installation(
        &self,
        after: Option<&WorkspaceId>,
        limit: u16,
    ) -> Result<Vec<Workspace>> {
        let workspaces = self.collection(WORKSPACES);
        let after = after.map_or("", WorkspaceId::as_str);
        self.read("page workspaces", async {
            let following = workspaces.find(doc! { "_id": { "$gt": after } });
            let page = following.sort(doc! { "_id": 1 }).limit(limit.into());
            query::all(page.await?).await
        })
        .await
    }

    async fn automatic(&self, after: Option<&WorkspaceId>, limit: u16) -> Result<Vec<Workspace>> {
        let workspaces = self.collection(WORKSPACES);
        self.read("list automatic workspaces", async {
            // No id is empty, so every one comes after it.
            let after = after.map_or("", WorkspaceId::as_str);
            let wanted = doc! { "settings.auto_analyze": true, "_id": { "$gt": after } };
            let by_id = doc! { "_id": 1 };
            let found = workspaces.find(wanted).sort(by_id).limit(limit.into());
            query::all(found.await?).await
        })
        .await
    }

    async fn insert(&self, workspace: &Workspace) -> Result<()> {
        let workspaces = self.collection(WORKSPACES);
        self.run("insert workspace", async {
            query::add(&workspaces, workspace.to_document()?).await
        })
        .await
    }

    async fn update(&self, mut workspace: Workspace, read_at: Timestamp) -> Result<Workspace> {
        workspace.succeed(read_at);
        let workspaces = self.collection(WORKSPACES);
        self.run("update workspace", async {
            let mut unchanged = by_id(&workspace.id);
            unchanged.insert("updated_at", date(read_at));
            let replace = doc! { "$set": paths(workspace.to_document()?) };
            let replaced = workspaces.update_one(unchanged, replace).await?;
            if replaced.matched_count == 0 {
                let exists = workspaces.find_one(by_id(&workspace.id)).await?.is_some();
                return Err(not_updated(exists));
            }
            Ok(workspace)
        })
        .await
    }
}

fn by_id(id: &WorkspaceId) -> Document {
    doc! { "_id": id.as_str() }
}

/// The groups that every workspace has.
const GROUPS: [&str; 2] = ["sentry", "settings"];

/// The fields of groups (`settings`) as fields of their own (`settings.auto_analyze`), so that
/// those that this version does not know stay in the group.
fn paths(document: Document) -> Document {
    let mut paths = Document::new();
    for (field, value) in document {
        match value {
            Bson::Document(group) if GROUPS.contains(&field.as_str()) => {
                let inner = group.into_iter();
                paths.extend(inner.map(|(name, value)| (format!("{field}.{name}"), value)));
            }
            value => {
                paths.insert(field, value);
            }
        }
    }
    paths
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
