//! Registering, logging in, and knowing who calls.

use crate::{
    Error, ErrorKind,
    domain::{Role, SecretString, User, UserId, Workspace},
    ports::{IssuedToken, Principal},
    services::{Failure, Ports, new_id},
};

/// What someone tells of themselves to get an account.
#[derive(Debug)]
pub struct NewAccount {
    /// 3 to 50 characters.
    pub username: String,
    /// Where mail reaches them.
    pub email: String,
    /// At least 6 characters.
    pub password: SecretString,
    /// The name to show.
    pub full_name: Option<String>,
}

/// An account and a token for it.
#[derive(Debug)]
pub struct Session {
    /// The account.
    pub user: User,
    /// The token.
    pub token: IssuedToken,
}

/// Who is calling: proof that a token was checked.
#[derive(Debug, Clone)]
pub struct Caller {
    user: User,
    principal: Principal,
    trace: Option<String>,
}

impl Caller {
    /// The account.
    pub fn user(&self) -> &User {
        &self.user
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

    /// Refuses unless the caller is an admin of the installation.
    pub fn must_be_admin(&self) -> Result<(), Failure> {
        if self.user.role == Role::Admin {
            return Ok(());
        }
        Err(Failure::NotAdmin)
    }

    /// Refuses unless the caller may change `workspace`: its owner, or an admin of the installation.
    pub fn may_change(&self, workspace: &Workspace) -> Result<(), Failure> {
        if workspace.owner_id == self.user.id || self.user.role == Role::Admin {
            return Ok(());
        }
        Err(Failure::NotOwner)
    }
}

/// Registering, logging in, and knowing who calls.
#[derive(Debug)]
pub struct Accounts {
    ports: Ports,
}

impl Accounts {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Makes an account and logs it in. The first account of an installation is its admin, every
    /// later one a developer; nobody chooses their own role.
    pub async fn register(&self, new: NewAccount) -> Result<Session, Failure> {
        let username = checked_username(&new.username)?;
        let email = checked_email("email", &new.email)?;
        let now = self.ports.clock.now();
        let user = User {
            id: new_id(&*self.ports.ids)?,
            username,
            email,
            full_name: new.full_name.filter(|name| !name.trim().is_empty()),
            role: Role::Developer,
            is_active: true,
            workspace_id: None,
            password_hash: self.ports.passwords.hash(new.password).await?,
            created_at: now,
            updated_at: now,
        };
        let user = self.ports.users.insert(user).await.map_err(taken)?;
        self.session(user).await
    }

    /// Logs in by user name or e-mail.
    pub async fn login(&self, login: &str, password: SecretString) -> Result<Session, Failure> {
        let user = self.ports.users.find_login(login.trim()).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let verified = match self.ports.passwords.verify(password, hash).await {
            // A password too long to be anyone's is simply a wrong one.
            Err(error) if error.kind() == ErrorKind::Invalid => false,
            other => other?,
        };
        match user {
            Some(user) if verified && user.is_active => self.session(user).await,
            Some(_) if verified => Err(Failure::AccountDisabled),
            _ => Err(Failure::WrongLogin),
        }
    }

    /// Who the bearer of this token is.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, Failure> {
        let principal =
            self.ports
                .auth
                .authenticate(token)
                .await
                .map_err(|error| match error.kind() {
                    ErrorKind::Unauthorized => Failure::InvalidToken,
                    _ => Failure::Internal(error),
                })?;
        let user = self.user(&principal.user_id).await?;
        if !user.is_active {
            return Err(Failure::AccountDisabled);
        }
        Ok(Caller {
            user,
            principal,
            trace: None,
        })
    }

    /// Makes the caller's token worthless.
    pub async fn logout(&self, caller: &Caller) -> Result<(), Failure> {
        Ok(self.ports.auth.revoke(&caller.principal).await?)
    }

    async fn user(&self, id: &UserId) -> Result<User, Failure> {
        self.ports.users.get(id).await?.ok_or(Failure::InvalidToken)
    }

    async fn session(&self, user: User) -> Result<Session, Failure> {
        let token = self.ports.auth.issue(&user).await?;
        Ok(Session { user, token })
    }
}

fn taken(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::Conflict if error.message().starts_with("email") => Failure::EmailTaken,
        ErrorKind::Conflict => Failure::UsernameTaken,
        _ => Failure::Internal(error),
    }
}

fn checked_username(text: &str) -> Result<String, Failure> {
    let name = text.trim();
    let invalid = |message: &str| Failure::Invalid {
        field: "username",
        message: message.into(),
    };
    if !(3..=50).contains(&name.chars().count()) {
        return Err(invalid(
            "must have 3 to 50 characters, spaces around it not counted",
        ));
    }
    // A name with an `@` could be taken for somebody's e-mail when logging in.
    if name.chars().any(|c| c.is_control() || c == '@') {
        return Err(invalid("must not contain control characters or an `@`"));
    }
    Ok(name.to_owned())
}

/// A plausible address: whether mail arrives there only mail can tell.
pub(super) fn checked_email(field: &'static str, text: &str) -> Result<String, Failure> {
    let email = text.trim();
    let plausible = email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !local.contains('@')
                && domain.contains('.')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
        });
    if plausible {
        return Ok(email.to_owned());
    }
    let message = "must be an e-mail address such as name@example.com".to_owned();
    Err(Failure::Invalid { field, message })
}
