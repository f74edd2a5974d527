//! The ports: what the core asks of the world, one file each.
//!
//! Every port is held as `Arc<dyn Port>` and is `Send + Sync + Debug + 'static`. Its docs list its
//! **Behaviour** as bullets; each bullet is a case of the port's conformance suite in
//! `testkit::conformance`, under the same words, and every adapter runs the whole suite.

mod analyses;
mod archive;
mod audit;
mod auth;
mod changes;
mod channels;
mod clock;
mod credentials;
mod deliveries;
mod idempotency;
mod invitations;
mod issue_source;
mod ledger;
mod llm;
mod notifier;
mod outbox;
mod passwords;
mod users;
mod vault;
mod vitals;
mod watches;
mod workspaces;

pub use analyses::Analyses;
pub use archive::{
    Added, Entry, Export, FormerResult, Import, Kind, QueuedAnalysis, RevokedToken, Unreadable,
    WatchMark,
};
pub use audit::AuditLog;
pub use auth::{AuthProvider, Identity, IssuedToken, Principal, RevokedTokens, TokenVerifier};
pub use changes::{Change, Changes};
pub use channels::{Mail, Mailer, PostAnswer, SignedPost, WebhookSender};
pub use clock::{Clock, Ids};
pub use credentials::{AccessTokens, Rotation, Sessions};
pub use deliveries::Deliveries;
pub use idempotency::{IdempotencyKeys, KeyState, KeyedRequest};
pub use invitations::Invitations;
pub use issue_source::{IssueSource, Organization, SourceKind, SourceSignal, SourceStatus};
pub use ledger::Ledger;
pub use llm::{
    Completion, FinishReason, Llm, LlmKind, LlmRequest, LlmSettings, ModelLocation, ModelProfile,
    OfferedModel, ProgressSink, PullProgress, Schema, Structured, TokenUsage,
};
pub use notifier::{Notice, NoticeKind, Notifier};
pub use outbox::Outbox;
pub use passwords::Passwords;
pub use users::Users;
pub use vault::Vault;
pub use vitals::Vitals;
pub use watches::Watches;
pub use workspaces::Workspaces;
