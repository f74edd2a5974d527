//! The use cases: what the service does, in the terms of those who ask for it.
//!
//! Each takes a [`Caller`], decides what the caller may do, speaks to the ports and answers with
//! domain types or a [`Failure`]. How a request arrives and how a failure is sent is the app's;
//! so is the loop that claims jobs and the clock that wakes it.

mod access;
mod accounts;
mod analyses;
mod audit;
mod failure;
mod issues;
mod members;
mod secrets;
mod sources;
mod test_sentry;
mod throttle;
mod tokens;
mod users;
mod work;
mod workspaces;

use std::{sync::Arc, time::Duration};

pub use access::{Access, Caller, Origin, Right};
pub use accounts::{AccountRules, Accounts, Login, NewAccount, Registration};
pub use analyses::AnalysisRequests;
pub use audit::Audit;
pub use failure::Failure;
pub use issues::{IssueList, IssueView, Issues, Processed};
pub use members::NewInvitation;
pub use secrets::Secrets;
pub use sources::Sources;
pub use test_sentry::{NotConnected, SentryTrial};
pub use tokens::{NewToken, PERSONAL_PREFIX, PersonalTokens};
pub use users::{UserChanges, UserService};
pub use work::{Work, WorkLimits};
pub use workspaces::{
    Change, MASK, NewWorkspace, SettingsChanges, WorkspaceChanges, WorkspaceService,
};

use crate::ports::{
    AccessTokens, Analyses, AuditLog, AuthProvider, Clock, Ids, Invitations, Notifier, Passwords,
    Sessions, Users, Vault, Workspaces,
};

/// Everything the use cases stand on, as the composition root put it together.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Accounts.
    pub users: Arc<dyn Users>,
    /// Workspaces.
    pub workspaces: Arc<dyn Workspaces>,
    /// Analyses and their queue.
    pub analyses: Arc<dyn Analyses>,
    /// Bearer tokens.
    pub auth: Arc<dyn AuthProvider>,
    /// Logins that are renewed.
    pub sessions: Arc<dyn Sessions>,
    /// The tokens of scripts.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Who changed what.
    pub audit: Arc<dyn AuditLog>,
    /// For how long that is kept.
    pub audit_for: Duration,
    /// Invitations into workspaces.
    pub invitations: Arc<dyn Invitations>,
    /// Password hashing.
    pub passwords: Arc<dyn Passwords>,
    /// Encryption of stored secrets.
    pub vault: Arc<dyn Vault>,
    /// Who hears how analyses get on.
    pub notifier: Arc<dyn Notifier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Arc<dyn Ids>,
    /// Issue sources.
    pub sources: Arc<Sources>,
}

/// The use cases over one set of ports.
#[derive(Debug)]
pub struct Services {
    /// Registering, logging in, knowing who calls.
    pub accounts: Accounts,
    /// Personal access tokens.
    pub tokens: PersonalTokens,
    /// What administrators do with accounts.
    pub users: UserService,
    /// Workspaces, their settings and members.
    pub workspaces: WorkspaceService,
    /// Who changed what.
    pub audit: Audit,
    /// What is kept encrypted, for the operator.
    pub secrets: Secrets,
    /// Reading issues.
    pub issues: Issues,
    /// Asking for analyses and reading them.
    pub analyses: AnalysisRequests,
    /// Carrying analyses out.
    pub work: Work,
}

impl Services {
    /// The use cases over `ports`, with these rules for accounts and limits for carrying analyses out.
    pub fn new(ports: &Ports, rules: AccountRules, limits: WorkLimits) -> Self {
        Self {
            accounts: Accounts::new(ports.clone(), rules),
            tokens: PersonalTokens::new(ports.clone()),
            users: UserService::new(ports.clone()),
            workspaces: WorkspaceService::new(ports.clone()),
            audit: Audit::new(ports.clone()),
            secrets: Secrets::new(ports.clone()),
            issues: Issues::new(ports.clone()),
            analyses: AnalysisRequests::new(ports.clone()),
            work: Work::new(ports.clone(), limits),
        }
    }
}

/// An identifier made by the [`Ids`] port, as one of the domain's types.
fn new_id<T>(ids: &dyn Ids) -> Result<T, Failure>
where
    T: TryFrom<String, Error = crate::domain::InvalidId>,
{
    T::try_from(ids.next()).map_err(|invalid| {
        let message = "could not make an id because the id generator gave an invalid one";
        crate::Error::new(crate::ErrorKind::Internal, "ids", "next", message)
            .with_source(invalid)
            .into()
    })
}
