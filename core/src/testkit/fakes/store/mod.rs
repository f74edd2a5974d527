//! Every repository port in memory.

mod analyses;
mod archive;
mod audit;
mod changes;
mod credentials;
mod deliveries;
mod idempotency;
mod invitations;
mod ledger;
mod outbox;
mod revoked_tokens;
mod users;
mod vitals;
mod watches;
mod workspaces;

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::channel::mpsc;

use crate::{
    Error, ErrorKind,
    domain::{
        AccessToken, Analysis, AnalysisId, AuditEntry, AuditId, CallId, DispatchId, Invitation,
        InvitationId, ModelCall, Revision, Session, Timestamp, TokenId, User, UserId, Workspace,
        WorkspaceId,
    },
    ports::Change,
};

/// A store that is gone when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    written: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    users: BTreeMap<UserId, User>,
    workspaces: BTreeMap<WorkspaceId, Workspace>,
    analyses: BTreeMap<AnalysisId, Job>,
    revisions: BTreeMap<(AnalysisId, u32), Revision>,
    revoked: BTreeMap<TokenId, Timestamp>,
    sessions: BTreeMap<TokenId, Session>,
    access_tokens: BTreeMap<TokenId, AccessToken>,
    audit: BTreeMap<AuditId, AuditEntry>,
    invitations: BTreeMap<InvitationId, Invitation>,
    listeners: Vec<mpsc::UnboundedSender<Change>>,
    deliveries: BTreeMap<(WorkspaceId, String), Timestamp>,
    watches: BTreeMap<WorkspaceId, watches::Kept>,
    calls: BTreeMap<CallId, ModelCall>,
    outbox: BTreeMap<DispatchId, outbox::Posted>,
    keys: BTreeMap<String, idempotency::Key>,
}

/// An analysis and its place in the queue.
#[derive(Debug)]
struct Job {
    analysis: Analysis,
    /// When a worker may take it next; `None` once it has ended.
    due: Option<Timestamp>,
    /// The token of the lease it is worked on under.
    lease: Option<String>,
}

impl MemoryStore {
    fn state(&self) -> Held<'_> {
        Held {
            state: super::lock(&self.state),
            written: &self.written,
        }
    }
}

/// The state while nobody else has it. Whoever changes it through this is counted.
struct Held<'a> {
    state: MutexGuard<'a, State>,
    written: &'a AtomicU64,
}

impl Deref for Held<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.written.fetch_add(1, Ordering::Release);
        &mut self.state
    }
}

fn refused(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Error {
    Error::new(kind, "memory", operation, message)
}
