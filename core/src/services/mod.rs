//! The use cases: what the service does, in the terms of those who ask for it.
//!
//! Each takes a [`Caller`], decides what the caller may do, speaks to the ports and answers with
//! domain types or a [`Failure`]. How a request arrives and how a failure is sent is the app's;
//! so is the loop that claims jobs and the clock that wakes it.

mod access;
mod accounts;
mod analyses;
mod audit;
mod automatic;
mod chain;
mod change;
mod compare;
mod failure;
mod idempotency;
mod issues;
mod listing;
mod members;
mod migration;
mod models;
mod notices;
mod notifications;
mod outside;
mod preview;
mod readiness;
mod reading;
mod recent;
mod reconcile;
mod secrets;
mod sources;
mod test_model;
mod test_sentry;
mod throttle;
mod tokens;
mod usage;
mod users;
mod webhooks;
mod work;
mod workspaces;
mod write_back;

use std::{sync::Arc, time::Duration};

pub use access::{Access, Caller, Origin, Right};
pub use accounts::{AccountRules, Accounts, Login, NewAccount, Registration};
pub use analyses::{AnalysisRequests, Asked};
pub use audit::Audit;
pub use chain::{Chain, ChainFailure, Explained, Run, Task};
pub use change::{Change, MASK};
pub use compare::{Compared, Comparisons};
pub use failure::Failure;
pub use idempotency::{Idempotency, Turn};
pub use issues::{IssueList, IssueView, Issues, Processed};
pub use members::NewInvitation;
pub use migration::{Migration, Mode, Problem, Tally};
pub use models::{Link, ModelRules, Models, Price, Prices, backend_and_model};
pub use notifications::{
    Channels, Claimed, Couriers, NewWebhook, NotificationRules, Notifications, WebhookChanges,
};
pub use outside::{Grant, Outside, OutsideRules};
pub use preview::{ModelPreview, Preview, Previews, SentQuestion};
pub use readiness::{Check, Finding, ModelCheck, QueueCheck, Readiness, StoreCheck, ask};
pub use reconcile::{Looked, Reconciler};
pub use secrets::Secrets;
pub use sources::{SourceSettings, Sources};
pub use test_model::{ModelTested, ModelTrial};
pub use test_sentry::{NotConnected, SentryTrial};
pub use tokens::{NewToken, PERSONAL_PREFIX, PersonalTokens};
pub use usage::Spending;
pub use users::{UserChanges, UserService};
pub use webhooks::{Delivery, Taken, Webhooks};
pub use work::{Ended, Work, WorkLimits};
pub use workspaces::{NewWorkspace, SettingsChanges, WorkspaceChanges, WorkspaceService};

use reading::Reading;

use crate::ports::{
    AccessTokens, Analyses, AuditLog, AuthProvider, Clock, Deliveries, IdempotencyKeys, Ids,
    Invitations, Ledger, Notifier, Outbox, Passwords, Sessions, Users, Vault, Watches, Workspaces,
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
    /// Webhook deliveries that were taken.
    pub deliveries: Arc<dyn Deliveries>,
    /// How far sources were looked through.
    pub watches: Arc<dyn Watches>,
    /// Keys of requests and how those were answered.
    pub idempotency: Arc<dyn IdempotencyKeys>,
    /// Bearer tokens of our own.
    pub auth: Arc<dyn AuthProvider>,
    /// The identity provider whose bearer tokens are good beside them, if there is one.
    pub outside: Option<Arc<Outside>>,
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
    /// Notifications on their way out.
    pub outbox: Arc<dyn Outbox>,
    /// By which ways they go.
    pub channels: Channels,
    /// How patiently.
    pub notification_rules: NotificationRules,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Arc<dyn Ids>,
    /// What was sent to models and what it cost.
    pub ledger: Arc<dyn Ledger>,
    /// Issue sources.
    pub sources: Arc<Sources>,
    /// What has to answer for the service to do its work.
    pub checks: Vec<Arc<dyn Check>>,
    /// Language models.
    pub models: Arc<Models>,
    /// Where people reach this service, where that is known.
    pub public_url: Option<String>,
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
    /// Requests that bear a key.
    pub idempotency: Idempotency,
    /// Carrying analyses out.
    pub work: Work,
    /// The kinds of source there are.
    pub sources: Arc<Sources>,
    /// Whether all that is needed answers.
    pub readiness: Readiness,
    /// Showing what would be sent to models.
    pub previews: Previews,
    /// Comparing models.
    pub comparisons: Comparisons,
    /// What was sent to models and what it cost.
    pub spending: Spending,
    /// Taking webhooks.
    pub webhooks: Webhooks,
    /// Looking through sources.
    pub reconciler: Reconciler,
    /// Who is told, and what became of that.
    pub notifications: Notifications,
    /// Sending notifications.
    pub couriers: Couriers,
}

impl Services {
    /// The use cases over `ports`, with these rules for accounts and limits for carrying analyses out.
    pub fn new(ports: &Ports, rules: AccountRules, limits: WorkLimits) -> Self {
        let reading = Arc::new(Reading::new(ports.clone()));
        Self {
            accounts: Accounts::new(ports.clone(), rules),
            tokens: PersonalTokens::new(ports.clone()),
            users: UserService::new(ports.clone()),
            workspaces: WorkspaceService::new(ports.clone()),
            audit: Audit::new(ports.clone()),
            secrets: Secrets::new(ports.clone()),
            issues: Issues::new(ports.clone()),
            analyses: AnalysisRequests::new(ports.clone()),
            idempotency: Idempotency::new(ports.clone()),
            work: Work::new(ports.clone(), reading.clone(), limits),
            sources: ports.sources.clone(),
            readiness: Readiness::new(ports.checks.clone()),
            previews: Previews::new(ports.clone(), reading.clone()),
            comparisons: Comparisons::new(ports.clone(), reading),
            spending: Spending::new(ports.clone()),
            webhooks: Webhooks::new(ports.clone()),
            reconciler: Reconciler::new(ports.clone()),
            notifications: Notifications::new(ports.clone()),
            couriers: Couriers::new(ports.clone()),
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
