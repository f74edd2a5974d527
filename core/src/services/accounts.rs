//! Registering, logging in and out, and staying logged in.

use std::{net::IpAddr, time::Duration};

use crate::{
    Error, ErrorKind,
    domain::{ExposeSecret, Role, Scope, SecretString, Session, TokenId, User, login_key},
    ports::{IssuedToken, Rotation},
    services::{
        Caller, Failure, Origin, Ports, new_id,
        throttle::{Throttle, Who},
        tokens::hashed,
    },
};

/// How every refresh token begins: secret scanners know one by it.
const REFRESH_PREFIX: &str = "iexr_";

/// Who may make an account, once there is a first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Everybody.
    Open,
    /// Whoever was invited.
    Invitation,
    /// Nobody.
    Closed,
}

/// How accounts are handled on this installation.
#[derive(Debug, Clone, Copy)]
pub struct AccountRules {
    /// Who may make an account.
    pub registration: Registration,
    /// How long a login can be renewed without a password.
    pub session: Duration,
}

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
    /// The code of an invitation into a workspace.
    pub invitation: Option<SecretString>,
}

/// An account that is logged in.
#[derive(Debug)]
pub struct Login {
    /// The account.
    pub user: User,
    /// What proves it to us.
    pub token: IssuedToken,
    /// What the next token is asked for with, once.
    pub refresh_token: SecretString,
}

/// Registering, logging in and out, and staying logged in.
#[derive(Debug)]
pub struct Accounts {
    ports: Ports,
    rules: AccountRules,
    throttle: Throttle,
}

impl Accounts {
    pub(super) fn new(ports: Ports, rules: AccountRules) -> Self {
        Self {
            ports,
            rules,
            throttle: Throttle::default(),
        }
    }

    /// Makes an account and logs it in. The first account of an installation is its admin, every
    /// later one a developer; nobody chooses their own role.
    pub async fn register(&self, new: NewAccount, origin: &Origin) -> Result<Login, Failure> {
        let username = checked_username(&new.username)?;
        let email = checked_email("email", &new.email)?;
        let whose: Vec<_> = origin.address.map(Who::address).into_iter().collect();
        self.refuse_throttled(&whose)?;
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
            generation: 0,
            vouched: None,
            created_at: now,
            updated_at: now,
        };
        let added = self.admit(user, new.invitation).await;
        if added.as_ref().is_err_and(|refused| !refused.is_retryable()) {
            // Whoever tries name after name, or code after code, finds out who is here.
            self.throttle.failed(&whose, now);
        }
        let user = added?;
        let id = user.id.as_str();
        self.ports
            .write_down(&user, origin, "account.registered", id, None)
            .await;
        self.begin(user).await
    }

    /// Adds the account if the rules let it in; the first one they always do.
    async fn admit(&self, user: User, code: Option<SecretString>) -> Result<User, Failure> {
        let users = &self.ports.users;
        match (self.rules.registration, code) {
            (Registration::Open, None) => users.insert(user).await.map_err(taken),
            (Registration::Open | Registration::Invitation, Some(code)) => {
                self.admit_invited(user, &code).await
            }
            (Registration::Invitation, None) | (Registration::Closed, _) => {
                let first = users.insert_first(user).await?;
                first.ok_or(Failure::RegistrationClosed)
            }
        }
    }

    /// Adds the account and has it join the workspace it was invited into. The invitation is taken
    /// first, so that no two get in by one; where nobody gets in by it, it is put back.
    async fn admit_invited(&self, user: User, code: &SecretString) -> Result<User, Failure> {
        let invitation = self.ports.invitation(code, &user.email).await?;
        let invitation = self.ports.take(&invitation.id).await?;
        let getting_in = async {
            let user = self.ports.users.insert(user).await.map_err(taken)?;
            self.ports.enter(&user.id, &invitation).await?;
            Ok(user.id)
        };
        let id = self.ports.used(&invitation, getting_in.await).await?;
        let moved = self.ports.users.get(&id).await?;
        moved.ok_or(Failure::InvalidToken)
    }

    /// Logs in by user name or e-mail.
    pub async fn login(
        &self,
        login: &str,
        password: SecretString,
        origin: &Origin,
    ) -> Result<Login, Failure> {
        let user = self.ports.users.find_login(login.trim()).await?;
        let whose = whose(user.as_ref(), login, origin.address);
        let user = self.checked(user, password, &whose).await?;
        self.begin(user).await
    }

    /// The next token for who has a refresh token, and the refresh token after this one. A refresh
    /// token that is used a second time is in two hands: it ends the login it came from.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Login, Failure> {
        let refresh_token = refresh_token.expose_secret();
        let (id, secret) = parts(refresh_token).ok_or(Failure::InvalidToken)?;
        let (next, now) = (self.ports.ids.secret()?, self.ports.clock.now());
        let (from, to) = (hashed(secret), hashed(next.expose_secret()));
        let until = now + self.rules.session;
        let sessions = &self.ports.sessions;
        let session = match sessions.rotate(&id, &from, &to, now, until).await? {
            Rotation::Renewed(session) => session,
            Rotation::Reused(session) => {
                tracing::warn!(user = %session.user_id, "a refresh token was used twice: its login has been ended");
                self.ports.auth.revoke(&id, session.expires_at).await?;
                return Err(Failure::InvalidToken);
            }
            Rotation::Unknown => return Err(Failure::InvalidToken),
        };
        let user = self.ports.users.get(&session.user_id).await?;
        let user = user.filter(|user| user.generation == session.generation);
        let Some(user) = user else {
            sessions.end(&id).await?;
            return Err(Failure::InvalidToken);
        };
        if !user.is_active {
            return Err(Failure::AccountDisabled);
        }
        self.logged_in(user, &session.id, &next).await
    }

    /// Who the bearer of this token is.
    pub async fn authenticate(&self, token: &str, origin: Origin) -> Result<Caller, Failure> {
        self.ports.caller(token, origin).await
    }

    /// Ends the login that the caller came with: its token, and every other it was or could be
    /// renewed to. A personal token is deleted.
    pub async fn logout(&self, caller: &Caller) -> Result<(), Failure> {
        let principal = caller.principal();
        let (name, user) = (&principal.token_id, &caller.user().id);
        if self.ports.access_tokens.delete(user, name).await? {
            return Ok(());
        }
        self.ports.sessions.end(name).await?;
        Ok(self.ports.auth.revoke(name, principal.expires_at).await?)
    }

    /// Ends every login of the caller, on every device. Personal tokens stay, and so do tokens of an
    /// outside identity provider, where its logins are ended.
    pub async fn logout_everywhere(&self, caller: &Caller) -> Result<(), Failure> {
        caller.require(Scope::Admin)?;
        self.ports
            .change_user(&caller.user().id, |user| {
                user.generation = user.generation.wrapping_add(1);
            })
            .await?;
        let id = caller.user().id.as_str();
        self.ports
            .note(caller, "account.logged_out_everywhere", id)
            .await;
        Ok(())
    }

    /// Gives the account another password, ends every login of it, and begins a new one.
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: SecretString,
        new: SecretString,
    ) -> Result<Login, Failure> {
        caller.require(Scope::Admin)?;
        let user = caller.user().clone();
        let whose = whose(Some(&user), &user.username, caller.origin().address);
        let user = self.checked(Some(user), current, &whose).await?;
        let hash = self.ports.passwords.hash(new).await?;
        let changed = self
            .ports
            .change_user(&user.id, |user| {
                user.password_hash.clone_from(&hash);
                user.generation = user.generation.wrapping_add(1);
            })
            .await?;
        let id = caller.user().id.as_str();
        self.ports
            .note(caller, "account.password_changed", id)
            .await;
        self.begin(changed.ok_or(Failure::InvalidToken)?).await
    }

    /// The account, if the password is its own. Takes as long where there is no account. Whoever
    /// guesses at many at once is found out by the failures that were counted meanwhile, and is
    /// refused like those that come later, even with the right one.
    async fn checked(
        &self,
        user: Option<User>,
        password: SecretString,
        whose: &[Who],
    ) -> Result<User, Failure> {
        self.refuse_throttled(whose)?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let hash = hash.filter(|hash| !hash.is_empty());
        let verified = match self.ports.passwords.verify(password.clone(), hash).await {
            // A password too long to be anyone's is simply a wrong one.
            Err(error) if error.kind() == ErrorKind::Invalid => false,
            other => other?,
        };
        self.refuse_throttled(whose)?;
        match user {
            Some(user) if verified && user.is_active => {
                whose
                    .iter()
                    .take(1)
                    .for_each(|own| self.throttle.succeeded(own));
                self.with_current_hash(user, password).await
            }
            Some(_) if verified => Err(Failure::AccountDisabled),
            _ => {
                self.throttle.failed(whose, self.ports.clock.now());
                Err(Failure::WrongLogin)
            }
        }
    }

    /// Makes the hash anew, now that the password is known, if it is of an older kind.
    async fn with_current_hash(&self, user: User, password: SecretString) -> Result<User, Failure> {
        let former = &user.password_hash;
        if self.ports.passwords.is_current(former) {
            return Ok(user);
        }
        let hash = self.ports.passwords.hash(password).await?;
        let changed = self.ports.change_user(&user.id, |stored| {
            if stored.password_hash == *former {
                stored.password_hash.clone_from(&hash);
            }
        });
        changed.await?.ok_or(Failure::WrongLogin)
    }

    fn refuse_throttled(&self, whose: &[Who]) -> Result<(), Failure> {
        match self.throttle.wait(whose, self.ports.clock.now()) {
            Some(wait) => Err(Failure::TooManyTries { wait }),
            None => Ok(()),
        }
    }

    /// Begins a login of `user`.
    async fn begin(&self, user: User) -> Result<Login, Failure> {
        let (secret, now) = (self.ports.ids.secret()?, self.ports.clock.now());
        let session = Session {
            id: new_id(&*self.ports.ids)?,
            user_id: user.id.clone(),
            generation: user.generation,
            secret_hash: hashed(secret.expose_secret()),
            created_at: now,
            expires_at: now + self.rules.session,
        };
        self.ports.sessions.insert(&session, now).await?;
        self.logged_in(user, &session.id, &secret).await
    }

    async fn logged_in(
        &self,
        user: User,
        session: &TokenId,
        secret: &SecretString,
    ) -> Result<Login, Failure> {
        let refresh_token = format!("{REFRESH_PREFIX}{session}.{}", secret.expose_secret());
        Ok(Login {
            token: self.ports.auth.issue(&user, session).await?,
            refresh_token: refresh_token.into(),
            user,
        })
    }
}

/// Name and secret of a login, out of its refresh token.
fn parts(refresh_token: &str) -> Option<(TokenId, &str)> {
    let rest = refresh_token.strip_prefix(REFRESH_PREFIX)?;
    let (id, secret) = rest.split_once('.')?;
    Some((id.parse().ok()?, secret))
}

/// Whose failure a wrong password would be: the account's first, by whatever name it was called.
fn whose(user: Option<&User>, login: &str, address: Option<IpAddr>) -> Vec<Who> {
    let account = match user {
        Some(user) => user.id.to_string(),
        None => login_key(login.trim()),
    };
    let address = address.map(Who::address);
    std::iter::once(Who::Account(account))
        .chain(address)
        .collect()
}

pub(super) fn taken(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::Conflict if error.message().starts_with("email") => Failure::EmailTaken,
        ErrorKind::Conflict => Failure::UsernameTaken,
        _ => Failure::Internal(error),
    }
}

pub(super) fn checked_username(text: &str) -> Result<String, Failure> {
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
