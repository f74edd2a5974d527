//! Those whom an outside identity provider vouches for: their accounts, and what its word counts for
//! here.
//!
//! An account belongs to an issuer and a subject: its id is made of the two by the verifier. It is
//! made when they first come, and no name or e-mail ever leads to one that was there before. The
//! provider's groups say who administers the installation and who belongs to which workspace, as far
//! as the configuration has it say so. Each new token is heeded once, and none that is older than one
//! that was.

use std::sync::Arc;

use crate::{
    ErrorKind,
    domain::{Member, MemberRole, Role, User, UserId, Vouched, WorkspaceId},
    ports::{Identity, Principal, TokenVerifier},
    services::{
        Failure, Origin, Ports,
        accounts::{checked_email, checked_username, taken},
        members::refuse_crowd,
        tokens::hashed,
    },
};

/// The longest name that is taken over, so that a mark still fits behind it.
const LONGEST_NAME: usize = 40;

/// What the word of an outside identity provider counts for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutsideRules {
    /// The groups that make an administrator of the installation. Where there is none, its
    /// administrators say who is one, as for everybody else.
    pub admins: Vec<String>,
    /// The workspaces whose membership the provider decides on, for its own people.
    pub grants: Vec<Grant>,
}

/// What belonging to a group is worth in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The group, as the provider calls it.
    pub group: String,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// What its members are there; anything but owner.
    pub role: MemberRole,
}

/// What somebody's groups are worth here.
#[derive(Debug)]
struct Worth<'a> {
    /// Whether they administer the installation; `None` where the provider has no say in it.
    admin: Option<bool>,
    /// What they are in every workspace that the provider decides on.
    memberships: Vec<(&'a WorkspaceId, Option<MemberRole>)>,
}

impl OutsideRules {
    /// Of several groups of one workspace the highest role counts.
    fn worth(&self, groups: &[String]) -> Worth<'_> {
        let is_admin = || self.admins.iter().any(|group| groups.contains(group));
        let mut memberships: Vec<(&WorkspaceId, Option<MemberRole>)> = Vec::new();
        for grant in &self.grants {
            let role = groups.contains(&grant.group).then_some(grant.role);
            match memberships
                .iter_mut()
                .find(|(id, _)| **id == grant.workspace)
            {
                Some((_, highest)) => *highest = role.max(*highest),
                None => memberships.push((&grant.workspace, role)),
            }
        }
        Worth {
            admin: (!self.admins.is_empty()).then(is_admin),
            memberships,
        }
    }
}

impl Worth<'_> {
    /// What the account is on the installation, which was `role` until now.
    fn role(&self, role: Role) -> Role {
        match (self.admin, role) {
            (Some(true), _) => Role::Admin,
            (Some(false), Role::Admin) => Role::Developer,
            _ => role,
        }
    }

    /// The same for what is worth the same.
    fn digest(&self) -> String {
        hashed(&format!("{self:?}"))
    }
}

/// An outside identity provider.
#[derive(Debug)]
pub struct Outside {
    verifier: Arc<dyn TokenVerifier>,
    rules: OutsideRules,
}

impl Outside {
    /// The provider whose tokens `verifier` checks.
    pub fn new(verifier: Arc<dyn TokenVerifier>, rules: OutsideRules) -> Self {
        Self { verifier, rules }
    }

    /// Whom the provider vouches for with this token.
    pub(super) async fn authenticate(&self, token: &str) -> Result<Principal, Failure> {
        let checked = self.verifier.authenticate(token).await;
        checked.map_err(|error| match error.kind() {
            ErrorKind::Unauthorized => Failure::InvalidToken,
            _ => Failure::IdentityProvider(error),
        })
    }
}

impl Ports {
    /// The account of somebody whom `outside` vouches for.
    pub(super) async fn outsider(
        &self,
        outside: &Outside,
        id: &UserId,
        identity: Identity,
        origin: &Origin,
    ) -> Result<User, Failure> {
        let user = match self.users.get(id).await? {
            Some(user) => user,
            None => self.provision(id, &identity, origin).await?,
        };
        let worth = outside.rules.worth(&identity.groups);
        let said = Vouched {
            at: identity.issued_at,
            worth: worth.digest(),
        };
        // An older token says nothing any more, whoever comes with it.
        let is_news = match &user.vouched {
            Some(last) if last.at == said.at => last.worth != said.worth,
            Some(last) => last.at < said.at,
            None => true,
        };
        if !user.is_active || !is_news {
            return Ok(user);
        }
        self.heed(&worth, said, user, origin).await
    }

    /// Makes the account, unless another request of theirs was quicker. Where somebody has their
    /// name or e-mail already, the account gets one of its own instead.
    async fn provision(
        &self,
        id: &UserId,
        identity: &Identity,
        origin: &Origin,
    ) -> Result<User, Failure> {
        // The last is tried first, and the first is as good as nobody else's.
        let mut names = vec![id.to_string()];
        if let Some(name) = usable_name(identity) {
            let (_, mark) = id.as_str().split_at(id.as_str().len().saturating_sub(8));
            names.extend([format!("{name}-{mark}"), name]);
        }
        let mut emails = vec![format!("{id}@unknown.invalid")];
        let email = identity.email.as_deref();
        emails.extend(email.and_then(|email| checked_email("email", email).ok()));
        let now = self.clock.now();
        let (mut username, mut email) = (names.pop(), emails.pop());
        while let (Some(name), Some(address)) = (&username, &email) {
            let user = User {
                id: id.clone(),
                username: name.clone(),
                email: address.clone(),
                full_name: identity.full_name.clone(),
                role: Role::Developer,
                is_active: true,
                workspace_id: None,
                password_hash: String::new(),
                generation: 0,
                vouched: None,
                created_at: now,
                updated_at: now,
            };
            let refused = match self.users.insert(user).await {
                Ok(user) => {
                    self.write_down(&user, origin, "account.provisioned", id.as_str(), None)
                        .await;
                    return Ok(user);
                }
                Err(error) => taken(error),
            };
            if let Some(user) = self.users.get(id).await? {
                return Ok(user);
            }
            match refused {
                Failure::UsernameTaken => username = names.pop(),
                Failure::EmailTaken => email = emails.pop(),
                other => return Err(other),
            }
        }
        Err(Failure::UsernameTaken)
    }

    /// Gives the account what its groups are worth, and takes away what they are not.
    async fn heed(
        &self,
        worth: &Worth<'_>,
        said: Vouched,
        user: User,
        origin: &Origin,
    ) -> Result<User, Failure> {
        let (mut belongs, mut left) = (Vec::new(), Vec::new());
        for (workspace, role) in &worth.memberships {
            match self.set_membership(&user, workspace, *role, origin).await {
                Ok(true) => belongs.push((*workspace).clone()),
                Ok(false) => left.push((*workspace).clone()),
                // Neither keeps anybody from what else they may do.
                Err(refused @ (Failure::NoSuchWorkspace | Failure::TooMany { .. })) => {
                    tracing::warn!(%workspace, user = %user.id, %refused, "a membership that the identity provider grants was left out");
                }
                Err(other) => return Err(other),
            }
        }
        let change = |user: &mut User| {
            // Overtaken by a newer token: what holds now is decided at the next request.
            if user.vouched.as_ref().is_some_and(|last| last.at > said.at) {
                user.vouched = None;
                return;
            }
            user.role = worth.role(user.role);
            user.vouched = Some(said.clone());
            user.workspace_id = user.workspace_id.take().filter(|it| !left.contains(it));
            if user.workspace_id.is_none() {
                user.workspace_id = belongs.first().cloned();
            }
        };
        let changed = self.change_user(&user.id, change).await?;
        let changed = changed.ok_or(Failure::InvalidToken)?;
        if changed.role != user.role {
            let target = format!("{}: role, by the identity provider", user.id);
            self.write_down(&changed, origin, "account.updated", &target, None)
                .await;
        }
        Ok(changed)
    }

    /// Makes the account what `role` says in a workspace, and tells whether it belongs there now.
    /// Its owner stays the owner.
    async fn set_membership(
        &self,
        user: &User,
        workspace: &WorkspaceId,
        role: Option<MemberRole>,
        origin: &Origin,
    ) -> Result<bool, Failure> {
        let (workspace, changed) = self
            .change_workspace(workspace, |workspace| {
                let members = &mut workspace.members;
                let place = members.iter().position(|it| it.user_id == user.id);
                match (place.and_then(|it| members.get_mut(it)), role) {
                    (Some(member), _) if member.role == MemberRole::Owner => {}
                    (Some(member), Some(role)) => member.role = role,
                    (Some(_), None) => members.retain(|it| it.user_id != user.id),
                    (None, Some(role)) => {
                        refuse_crowd(workspace, 0)?;
                        let user_id = user.id.clone();
                        workspace.members.push(Member { user_id, role });
                    }
                    (None, None) => {}
                }
                Ok(())
            })
            .await?;
        let now = workspace.role_of(&user.id);
        if changed {
            let role = now.map_or("none", MemberRole::name);
            let target = format!("{}: {role}, by the identity provider", user.id);
            let place = Some(workspace.id.clone());
            self.write_down(user, origin, "member.updated", &target, place)
                .await;
        }
        Ok(now.is_some())
    }
}

/// The name the provider knows them by, if it can be one here: of an e-mail, what is before the `@`.
fn usable_name(identity: &Identity) -> Option<String> {
    let name = identity.username.as_deref()?.split('@').next()?;
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    checked_username(&name).ok()
}
