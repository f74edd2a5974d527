//! Who belongs to a workspace, who is asked in, and who leaves.

use std::time::Duration;

use crate::{
    domain::{
        ExposeSecret, Invitation, InvitationId, Member, MemberRole, Scope, SecretString, User,
        UserId, Workspace, WorkspaceId, login_key,
    },
    services::{
        Access, Caller, Failure, Ports, Right, WorkspaceService, accounts::checked_email, new_id,
        tokens::hashed,
    },
};

/// How every invitation's code begins.
const CODE_PREFIX: &str = "iexi_";
/// How many may belong to one workspace, and be invited into it.
const MOST: usize = 200;
/// The longest an invitation may last, in days.
const LONGEST: u16 = 30;

/// What a new invitation is to be.
#[derive(Debug)]
pub struct NewInvitation {
    /// The only e-mail it is good for.
    pub email: Option<String>,
    /// What its taker will be; anything but owner.
    pub role: MemberRole,
    /// How long it lasts, in days, 1 to 30.
    pub days: u16,
}

impl WorkspaceService {
    /// Everybody who belongs to the workspace, in the order they came.
    pub async fn members(&self, of: &Access) -> Result<Vec<(User, MemberRole)>, Failure> {
        of.require(Right::Read)?;
        let mut members = Vec::with_capacity(of.members.len());
        for member in &of.members {
            let user = self.ports.users.get(&member.user_id).await?;
            members.extend(user.map(|user| (user, member.role)));
        }
        Ok(members)
    }

    /// Makes a member another role. Making somebody the owner is giving the workspace away: who
    /// does it stays as an admin.
    pub async fn set_role(&self, of: &Access, id: &str, role: MemberRole) -> Result<(), Failure> {
        let owning = role == MemberRole::Owner;
        of.require(if owning { Right::Own } else { Right::Configure })?;
        let id = user_id(id)?;
        let change = |workspace: &mut Workspace| {
            let members = &mut workspace.members;
            let member = members.iter_mut().find(|member| member.user_id == id);
            let member = member.ok_or(Failure::NoSuchMember)?;
            if member.role == MemberRole::Owner {
                return Err(Failure::OwnerStays);
            }
            member.role = role;
            if owning {
                let former = std::mem::replace(&mut workspace.owner_id, id.clone());
                let former = members.iter_mut().filter(|member| member.user_id == former);
                former.for_each(|member| member.role = MemberRole::Admin);
            }
            Ok(())
        };
        self.ports.change_workspace(&of.id, change).await?;
        let target = format!("{id}: {}", role.name());
        self.ports.note_in(of, "member.updated", &target).await;
        Ok(())
    }

    /// Removes a member; everybody may remove themselves, but for the owner.
    pub async fn remove_member(&self, of: &Access, id: &str) -> Result<(), Failure> {
        let leaving = of.caller().user().id.as_str() == id;
        if leaving {
            of.caller().require(Scope::Admin)?;
        } else {
            of.require(Right::Configure)?;
        }
        let id = user_id(id)?;
        let change = |workspace: &mut Workspace| match workspace.role_of(&id) {
            None => Err(Failure::NoSuchMember),
            Some(MemberRole::Owner) => Err(Failure::OwnerStays),
            Some(_) => {
                workspace.members.retain(|member| member.user_id != id);
                Ok(())
            }
        };
        self.ports.change_workspace(&of.id, change).await?;
        let left = of.id.clone();
        self.ports
            .change_user(&id, |user| {
                if user.workspace_id.as_ref() == Some(&left) {
                    user.workspace_id = None;
                }
            })
            .await?;
        self.ports.note_in(of, "member.removed", id.as_str()).await;
        Ok(())
    }

    /// Makes an invitation. Its code is shown this once: what is kept is a hash of it.
    pub async fn invite(
        &self,
        into: &Access,
        new: NewInvitation,
    ) -> Result<(Invitation, SecretString), Failure> {
        into.require(Right::Configure)?;
        let email = new.email.filter(|email| !email.trim().is_empty());
        let email = email
            .map(|email| checked_email("email", &email))
            .transpose()?;
        let refuse = |field, message: &str| {
            let message = message.to_owned();
            Err(Failure::Invalid { field, message })
        };
        if new.role == MemberRole::Owner {
            return refuse(
                "role",
                "must be admin, developer or viewer: there is one owner",
            );
        }
        if !(1..=LONGEST).contains(&new.days) {
            return refuse("days", "must be 1 to 30");
        }
        let open = self.ports.invitations.of_workspace(&into.id).await?.len();
        refuse_crowd(into, open)?;
        let code = self.ports.ids.secret()?;
        let code = format!("{CODE_PREFIX}{}", code.expose_secret());
        let now = self.ports.clock.now();
        let invitation = Invitation {
            id: new_id(&*self.ports.ids)?,
            workspace_id: into.id.clone(),
            email,
            role: new.role,
            code_hash: hashed(&code),
            created_by: into.caller().user().id.clone(),
            created_at: now,
            expires_at: now + Duration::from_secs(u64::from(new.days) * 24 * 60 * 60),
        };
        self.ports.invitations.insert(&invitation, now).await?;
        let id = invitation.id.as_str();
        self.ports.note_in(into, "invitation.created", id).await;
        Ok((invitation, code.into()))
    }

    /// The invitations that nobody has taken yet, oldest first.
    pub async fn invitations(&self, into: &Access) -> Result<Vec<Invitation>, Failure> {
        into.require(Right::Configure)?;
        Ok(self.ports.invitations.of_workspace(&into.id).await?)
    }

    /// Takes an invitation back.
    pub async fn withdraw(&self, into: &Access, id: &str) -> Result<(), Failure> {
        into.require(Right::Configure)?;
        let id: InvitationId = id.parse().map_err(|_| Failure::NoSuchInvitation)?;
        if self.ports.invitations.withdraw(&into.id, &id).await? {
            let id = id.as_str();
            self.ports.note_in(into, "invitation.deleted", id).await;
            return Ok(());
        }
        Err(Failure::NoSuchInvitation)
    }

    /// Takes an invitation, and moves the caller into its workspace.
    pub async fn join(&self, caller: &Caller, code: &SecretString) -> Result<Workspace, Failure> {
        caller.require(Scope::Admin)?;
        let invitation = self.ports.invitation(code, &caller.user().email).await?;
        let invitation = self.ports.take(&invitation.id).await?;
        let joined = self.ports.enter(&caller.user().id, &invitation).await;
        let joined = self.ports.used(&invitation, joined).await?;
        let (user, origin) = (caller.user(), caller.origin());
        let workspace = Some(joined.id.clone());
        let target = user.id.as_str();
        self.ports
            .write_down(user, origin, "member.joined", target, workspace)
            .await;
        Ok(joined)
    }

    /// Moves the caller into another of their workspaces.
    pub async fn switch(&self, caller: &Caller, id: &str) -> Result<Workspace, Failure> {
        caller.require(Scope::Admin)?;
        let id: WorkspaceId = id.parse().map_err(|_| Failure::NoSuchWorkspace)?;
        let workspace = self.ports.workspaces.get(&id).await?;
        let access = workspace.and_then(|workspace| Access::to(workspace, caller));
        let access = access.ok_or(Failure::NoSuchWorkspace)?;
        self.ports.move_into(&caller.user().id, &id).await?;
        Ok(Workspace::clone(&access))
    }
}

impl Ports {
    /// The invitation of this code, if it is good for this e-mail.
    pub(super) async fn invitation(
        &self,
        code: &SecretString,
        email: &str,
    ) -> Result<Invitation, Failure> {
        let hash = hashed(code.expose_secret());
        let found = self.invitations.find(&hash, self.clock.now()).await?;
        let fits = |it: &Invitation| {
            let only = it.email.as_deref();
            only.is_none_or(|only| login_key(only) == login_key(email))
        };
        found.filter(fits).ok_or(Failure::NoSuchInvitation)
    }

    /// Takes the invitation, unless somebody else was quicker.
    pub(super) async fn take(&self, id: &InvitationId) -> Result<Invitation, Failure> {
        let taken = self.invitations.take(id, self.clock.now()).await?;
        taken.ok_or(Failure::NoSuchInvitation)
    }

    /// What came of an invitation that was taken; where it let nobody in, it is put back.
    pub(super) async fn used<T>(
        &self,
        invitation: &Invitation,
        entered: Result<T, Failure>,
    ) -> Result<T, Failure> {
        if entered.is_err() {
            let now = self.clock.now();
            self.invitations.insert(invitation, now).await?;
        }
        entered
    }

    /// Makes `user` a member as the invitation says, and moves them in. Who belongs there already
    /// stays what they are.
    pub(super) async fn enter(
        &self,
        user: &UserId,
        invitation: &Invitation,
    ) -> Result<Workspace, Failure> {
        let change = |workspace: &mut Workspace| {
            if !workspace.has_member(user) {
                refuse_crowd(workspace, 0)?;
                workspace.members.push(Member {
                    user_id: user.clone(),
                    role: invitation.role,
                });
            }
            Ok(())
        };
        let (workspace, _) = self
            .change_workspace(&invitation.workspace_id, change)
            .await?;
        self.move_into(user, &workspace.id).await?;
        Ok(workspace)
    }

    /// Makes the workspace the one that `user` works in.
    pub(super) async fn move_into(
        &self,
        user: &UserId,
        workspace: &WorkspaceId,
    ) -> Result<(), Failure> {
        self.change_user(user, |user| user.workspace_id = Some(workspace.clone()))
            .await?;
        Ok(())
    }
}

fn user_id(text: &str) -> Result<UserId, Failure> {
    text.parse().map_err(|_| Failure::NoSuchMember)
}

pub(super) fn refuse_crowd(workspace: &Workspace, invited: usize) -> Result<(), Failure> {
    if workspace.members.len() + invited < MOST {
        return Ok(());
    }
    Err(Failure::TooMany {
        what: "members and invitations",
        most: MOST,
    })
}
