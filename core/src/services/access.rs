//! Who calls and what they may do: the one place that decides.
//!
//! A [`Caller`] is made of a token that was checked and of nothing else; an [`Access`] of a caller
//! and a workspace it belongs to. Use cases take one of the two and name the right they need, so a
//! handler can forget neither.

use std::{net::IpAddr, ops::Deref, sync::Arc};

use crate::{
    ErrorKind,
    domain::{MemberRole, Role, Scope, User, Workspace},
    ports::Principal,
    services::{Failure, Ports, tokens},
};

/// What a request says of itself beside its token.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The address it came from.
    pub address: Option<IpAddr>,
    /// The workspace it names; the caller's current one where it names none.
    pub workspace: Option<String>,
}

/// Who is calling: proof that a token was checked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Caller {
    proven: Arc<Proven>,
    trace: Option<String>,
}

/// What is known of a caller once its token was checked.
#[derive(Debug)]
struct Proven {
    user: User,
    principal: Principal,
    scope: Scope,
    origin: Origin,
}

impl Caller {
    /// The account.
    pub fn user(&self) -> &User {
        &self.proven.user
    }

    /// Where the request came from.
    pub fn origin(&self) -> &Origin {
        &self.proven.origin
    }

    /// The trace the call belongs to; see [`crate::domain::NewAnalysis::trace`].
    pub fn trace(&self) -> Option<&str> {
        self.trace.as_deref()
    }

    /// The same caller, whose call belongs to `trace`.
    #[must_use]
    pub fn in_trace(self, trace: Option<String>) -> Self {
        Self { trace, ..self }
    }

    /// The login or personal token the caller came with.
    pub(super) fn principal(&self) -> &Principal {
        &self.proven.principal
    }

    /// Refuses a token that was made for less.
    pub(super) fn require(&self, scope: Scope) -> Result<(), Failure> {
        if self.proven.scope >= scope {
            return Ok(());
        }
        Err(Failure::ScopeTooNarrow { needed: scope })
    }

    /// Refuses all but administrators of the installation.
    pub fn require_administrator(&self) -> Result<(), Failure> {
        self.require(Scope::Admin)?;
        match self.user().role {
            Role::Admin => Ok(()),
            Role::Manager | Role::Developer => Err(Failure::NotAdministrator),
        }
    }
}

/// What can be done in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// Reading its issues, analyses and settings.
    Read,
    /// Having issues analysed, and removing analyses.
    Work,
    /// Changing its settings, connections and members.
    Configure,
    /// Giving it away.
    Own,
}

impl Right {
    /// The least role and the least scope of a token that has it.
    fn needs(self) -> (MemberRole, Scope) {
        match self {
            Self::Read => (MemberRole::Viewer, Scope::Read),
            Self::Work => (MemberRole::Developer, Scope::Write),
            Self::Configure => (MemberRole::Admin, Scope::Admin),
            Self::Own => (MemberRole::Owner, Scope::Admin),
        }
    }
}

/// A workspace and a caller who belongs to it. Reads as the workspace; cheap to clone.
#[derive(Debug, Clone)]
pub struct Access {
    caller: Caller,
    workspace: Arc<Workspace>,
    role: MemberRole,
}

impl Access {
    /// `None` unless the caller belongs to it.
    pub(super) fn to(workspace: Workspace, caller: &Caller) -> Option<Self> {
        let member = workspace.role_of(&caller.user().id)?;
        // An administrator of the installation may do in a workspace what its own admins may.
        let role = match caller.user().role {
            Role::Admin => member.max(MemberRole::Admin),
            Role::Manager | Role::Developer => member,
        };
        Some(Self {
            caller: caller.clone(),
            workspace: Arc::new(workspace),
            role,
        })
    }

    /// Who has it.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What the caller is in the workspace.
    pub fn role(&self) -> MemberRole {
        self.role
    }

    /// Refuses unless the caller has this right.
    pub(super) fn require(&self, right: Right) -> Result<(), Failure> {
        let (role, scope) = right.needs();
        self.caller.require(scope)?;
        match right {
            _ if self.role >= role => Ok(()),
            Right::Configure => Err(Failure::NotOwner),
            _ => Err(Failure::RoleTooLow { needed: role }),
        }
    }
}

impl Deref for Access {
    type Target = Workspace;

    fn deref(&self) -> &Workspace {
        &self.workspace
    }
}

impl Ports {
    /// Who the bearer of this token is: of one of a login, a personal one, or one of the outside
    /// identity provider.
    pub(super) async fn caller(&self, token: &str, origin: Origin) -> Result<Caller, Failure> {
        let (mut principal, scope) = match tokens::principal(self, token).await? {
            Some(personal) => personal,
            None => (self.principal(token).await?, Scope::Admin),
        };
        let user = match (principal.identity.take(), &self.outside) {
            (Some(identity), Some(outside)) => {
                // Boxed, since few come from outside and everybody's future has room for it.
                let vouched = self.outsider(outside, &principal.user_id, identity, &origin);
                Some(Box::pin(vouched).await?)
            }
            _ => self.users.get(&principal.user_id).await?,
        };
        let user = user.ok_or(Failure::InvalidToken)?;
        if !user.is_active {
            return Err(Failure::AccountDisabled);
        }
        if principal.generation.is_some_and(|it| it != user.generation) {
            return Err(Failure::InvalidToken);
        }
        let proven = Proven {
            user,
            principal,
            scope,
            origin,
        };
        Ok(Caller {
            proven: Arc::new(proven),
            trace: None,
        })
    }

    /// Our own are tried first: to see that a token is none of ours takes a look at its header.
    async fn principal(&self, token: &str) -> Result<Principal, Failure> {
        match (self.auth.authenticate(token).await, &self.outside) {
            (Ok(principal), _) => Ok(principal),
            (Err(error), _) if error.kind() != ErrorKind::Unauthorized => Err(error.into()),
            (Err(_), Some(outside)) => outside.authenticate(token).await,
            (Err(_), None) => Err(Failure::InvalidToken),
        }
    }

    /// The workspace that the request names, else the one the caller works in. One that does not
    /// exist and one that the caller does not belong to cannot be told apart.
    pub(super) async fn access(&self, caller: &Caller) -> Result<Access, Failure> {
        let (id, otherwise) = match &caller.origin().workspace {
            Some(named) => (named.parse().ok(), Failure::NoSuchWorkspace),
            None => (caller.user().workspace_id.clone(), Failure::NoWorkspace),
        };
        let Some(id) = id else { return Err(otherwise) };
        let workspace = self.workspaces.get(&id).await?;
        workspace
            .and_then(|workspace| Access::to(workspace, caller))
            .ok_or(otherwise)
    }
}
