//! The use cases: what the service does, in the terms of those who ask for it.
//!
//! Each takes a [`Caller`], decides what the caller may do, speaks to the ports and answers with
//! domain types or a [`Failure`]. How a request arrives and how a failure is sent is the app's;
//! so is the loop that claims jobs and the clock that wakes it.

mod accounts;
mod analyses;
mod failure;
mod issues;
mod sources;
mod work;
mod workspaces;

use std::sync::Arc;

pub use accounts::{Accounts, Caller, NewAccount, Session};
pub use analyses::AnalysisRequests;
pub use failure::Failure;
pub use issues::{IssueList, IssueView, Issues, Processed};
pub use sources::{SourceSettings, Sources};
pub use work::{Work, WorkLimits};
pub use workspaces::{
    Change, MASK, NewWorkspace, SettingsChanges, WorkspaceChanges, WorkspaceService,
};

use crate::ports::{
    Analyses, AuthProvider, Clock, Ids, Notifier, Passwords, Users, Vault, Workspaces,
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
    /// Workspaces and their settings.
    pub workspaces: WorkspaceService,
    /// Reading issues.
    pub issues: Issues,
    /// Asking for analyses and reading them.
    pub analyses: AnalysisRequests,
    /// Carrying analyses out.
    pub work: Work,
    /// The kinds of source there are.
    pub sources: Arc<Sources>,
}

impl Services {
    /// The use cases over `ports`, with these limits for carrying analyses out.
    pub fn new(ports: &Ports, limits: WorkLimits) -> Self {
        Self {
            accounts: Accounts::new(ports.clone()),
            workspaces: WorkspaceService::new(ports.clone()),
            issues: Issues::new(ports.clone()),
            analyses: AnalysisRequests::new(ports.clone()),
            work: Work::new(ports.clone(), limits),
            sources: ports.sources.clone(),
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
