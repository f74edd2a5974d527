//! `/workspaces/current/members` and invitations: who belongs to a workspace.

use std::sync::Arc;

use explainer_core::{
    domain::{self, ExposeSecret, SecretString},
    services::{Access, NewInvitation, Services},
};
use poem_openapi::{Enum, Object, OpenApi, param::Path, types::Password};
use serde::Serialize;

use super::{
    Message, Tags,
    answer::{Answer, Result},
    body::Body,
    security::Token,
    time::Time,
    workspaces::no_workspace_here,
};

/// The operations.
pub(crate) struct MembersApi {
    pub services: Arc<Services>,
}

/// What somebody is in a workspace; each may do what those before it may.
#[derive(Debug, Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub(crate) enum MemberRole {
    /// Reads.
    Viewer,
    /// Works with issues.
    Developer,
    /// Changes settings and members.
    Admin,
    /// Gives it away; there is one.
    Owner,
}

/// One who belongs to the workspace.
#[derive(Debug, Object, Serialize)]
struct Member {
    /// The account's id.
    user_id: String,
    /// Its user name.
    username: String,
    /// Its e-mail.
    email: String,
    /// The name to show.
    #[oai(nullable)]
    full_name: Option<String>,
    /// What it is in the workspace.
    role: MemberRole,
}

/// Another role for a member.
#[derive(Debug, Object)]
struct MemberUpdate {
    /// What the member is to be. `owner` gives the workspace away; the former owner stays as admin.
    role: MemberRole,
}

/// An invitation to be made.
#[derive(Debug, Object)]
#[oai(rename = "NewInvitation")]
struct NewInvitationBody {
    /// The only e-mail it is good for; left out, it is good for whoever has the code.
    #[oai(nullable, validator(max_length = 254))]
    email: Option<String>,
    /// What its taker will be; anything but `owner`.
    role: MemberRole,
    /// How long it lasts, in days; a week when left out.
    #[oai(nullable, validator(minimum(value = "1"), maximum(value = "30")))]
    days: Option<u16>,
}

/// An invitation that nobody has taken yet.
#[derive(Debug, Object, Serialize)]
struct Invitation {
    /// Its identifier.
    id: String,
    /// The only e-mail it is good for.
    #[oai(nullable)]
    email: Option<String>,
    /// What its taker will be.
    role: MemberRole,
    /// Who made it.
    created_by: String,
    /// When it was made.
    created_at: Time,
    /// When it runs out.
    expires_at: Time,
}

/// An invitation that was made, and its code.
#[derive(Debug, Object, Serialize)]
struct InvitationCreated {
    /// What joining, or registering, takes. It is shown this once and works once.
    code: String,
    /// What is known of it from now on.
    #[oai(flatten)]
    #[serde(flatten)]
    about: Invitation,
}

/// An invitation's code.
#[derive(Debug, Object)]
struct Join {
    /// The code.
    #[oai(validator(max_length = 200))]
    code: Password,
}

/// The workspace that the caller works in from now on.
#[derive(Debug, Object, Serialize)]
struct Moved {
    /// One sentence.
    message: String,
    /// Its identifier.
    workspace_id: String,
    /// Its name.
    name: String,
}

#[OpenApi(prefix_path = "/api/v1/workspaces", tag = "Tags::Workspaces")]
impl MembersApi {
    /// Who belongs to the workspace
    #[oai(
        path = "/current/members",
        method = "get",
        operation_id = "listMembers"
    )]
    async fn members(&self, token: Token) -> Result<Answer<Vec<Member>>> {
        let workspace = self.current(&token).await?;
        let members = self.services.workspaces.members(&workspace).await?;
        let shown = members.into_iter().map(|(user, role)| Member {
            user_id: user.id.into(),
            username: user.username,
            email: user.email,
            full_name: user.full_name,
            role: role.into(),
        });
        Ok(Answer(shown.collect()))
    }

    /// Make a member another role
    ///
    /// Admins of the workspace may, and its owner alone makes another owner.
    #[oai(
        path = "/current/members/:user_id",
        method = "put",
        operation_id = "updateMember"
    )]
    async fn set_role(
        &self,
        token: Token,
        /// The account's id.
        user_id: Path<String>,
        body: Body<MemberUpdate>,
    ) -> Result<Answer<Message>> {
        let workspace = self.current(&token).await?;
        let role = body.0.role.into();
        let workspaces = &self.services.workspaces;
        workspaces.set_role(&workspace, &user_id.0, role).await?;
        Ok(Answer(Message::new("Member updated successfully")))
    }

    /// Remove a member, or leave
    ///
    /// Admins of the workspace remove others; everybody but the owner may leave.
    #[oai(
        path = "/current/members/:user_id",
        method = "delete",
        operation_id = "removeMember"
    )]
    async fn remove(
        &self,
        token: Token,
        /// The account's id.
        user_id: Path<String>,
    ) -> Result<Answer<Message>> {
        let workspace = self.current(&token).await?;
        let workspaces = &self.services.workspaces;
        workspaces.remove_member(&workspace, &user_id.0).await?;
        Ok(Answer(Message::new("Member removed successfully")))
    }

    /// Invite somebody
    ///
    /// Admins of the workspace may.
    #[oai(
        path = "/current/invitations",
        method = "post",
        operation_id = "createInvitation"
    )]
    async fn invite(
        &self,
        token: Token,
        body: Body<NewInvitationBody>,
    ) -> Result<Answer<InvitationCreated>> {
        let workspace = self.current(&token).await?;
        let new = NewInvitation {
            email: body.0.email,
            role: body.0.role.into(),
            days: body.0.days.unwrap_or(WEEK),
        };
        let (about, code) = self.services.workspaces.invite(&workspace, new).await?;
        Ok(Answer(InvitationCreated {
            code: code.expose_secret().to_owned(),
            about: about.into(),
        }))
    }

    /// The invitations that nobody has taken yet
    #[oai(
        path = "/current/invitations",
        method = "get",
        operation_id = "listInvitations"
    )]
    async fn invitations(&self, token: Token) -> Result<Answer<Vec<Invitation>>> {
        let workspace = self.current(&token).await?;
        let open = self.services.workspaces.invitations(&workspace).await?;
        Ok(Answer(open.into_iter().map(Into::into).collect()))
    }

    /// Take an invitation back
    #[oai(
        path = "/current/invitations/:id",
        method = "delete",
        operation_id = "deleteInvitation"
    )]
    async fn withdraw(
        &self,
        token: Token,
        /// The invitation's id.
        id: Path<String>,
    ) -> Result<Answer<Message>> {
        let workspace = self.current(&token).await?;
        self.services.workspaces.withdraw(&workspace, &id.0).await?;
        Ok(Answer(Message::new("Invitation deleted successfully")))
    }

    /// Take an invitation
    ///
    /// The caller becomes a member and is moved into the workspace.
    #[oai(path = "/join", method = "post", operation_id = "joinWorkspace")]
    async fn join(&self, token: Token, body: Body<Join>) -> Result<Answer<Moved>> {
        let code = SecretString::from(body.0.code.0);
        let joined = self.services.workspaces.join(&token.0, &code).await?;
        Ok(Answer(joined.into()))
    }

    /// Work in another workspace
    ///
    /// Requests that name none are about this one from now on.
    #[oai(
        path = "/:id/switch",
        method = "post",
        operation_id = "switchWorkspace"
    )]
    async fn switch(
        &self,
        token: Token,
        /// The workspace's id.
        id: Path<String>,
    ) -> Result<Answer<Moved>> {
        let workspace = self.services.workspaces.switch(&token.0, &id.0).await?;
        Ok(Answer(workspace.into()))
    }

    async fn current(&self, token: &Token) -> Result<Access> {
        let access = self.services.workspaces.current(&token.0).await;
        access.map_err(no_workspace_here)
    }
}

/// How long an invitation lasts that says nothing of it, in days.
const WEEK: u16 = 7;

impl From<MemberRole> for domain::MemberRole {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Viewer => Self::Viewer,
            MemberRole::Developer => Self::Developer,
            MemberRole::Admin => Self::Admin,
            MemberRole::Owner => Self::Owner,
        }
    }
}

impl From<domain::MemberRole> for MemberRole {
    fn from(role: domain::MemberRole) -> Self {
        match role {
            domain::MemberRole::Viewer => Self::Viewer,
            domain::MemberRole::Developer => Self::Developer,
            domain::MemberRole::Admin => Self::Admin,
            domain::MemberRole::Owner => Self::Owner,
        }
    }
}

impl From<domain::Invitation> for Invitation {
    fn from(invitation: domain::Invitation) -> Self {
        Self {
            id: invitation.id.into(),
            email: invitation.email,
            role: invitation.role.into(),
            created_by: invitation.created_by.into(),
            created_at: invitation.created_at.into(),
            expires_at: invitation.expires_at.into(),
        }
    }
}

impl From<domain::Workspace> for Moved {
    fn from(workspace: domain::Workspace) -> Self {
        Self {
            message: "Workspace changed successfully".to_owned(),
            workspace_id: workspace.id.into(),
            name: workspace.name,
        }
    }
}
