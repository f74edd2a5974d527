//! Reading and adding everything in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Job, MemoryStore, State, watches::Kept};
use crate::{
    Error, ErrorKind, Result,
    domain::{AccessToken, Dispatch, Invitation, ModelCall, User, Workspace},
    ports::{
        Added, Entry, Export, FormerResult, Import, Kind, QueuedAnalysis, RevokedToken, Unreadable,
        WatchMark,
    },
};

#[async_trait]
impl Export for MemoryStore {
    async fn count(&self, kind: Kind) -> Result<u64> {
        Ok(self.state().documents(kind).len() as u64)
    }

    async fn page(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Result<Entry, Unreadable>>> {
        let documents = self.state().documents(kind).into_iter();
        let rest = documents.filter(|(id, _)| after.is_none_or(|after| id.as_str() > after));
        let entry = |(id, document)| {
            Ok(Entry {
                id,
                document,
                notes: Vec::new(),
            })
        };
        Ok(rest.take(limit as usize).map(entry).collect())
    }
}

#[async_trait]
impl Import for MemoryStore {
    async fn known(&self, kind: Kind, ids: &[&str]) -> Result<BTreeSet<String>> {
        let documents = self.state().documents(kind);
        let known = ids.iter().filter(|id| documents.contains_key(**id));
        Ok(known.map(|&id| id.to_owned()).collect())
    }

    async fn add(&self, kind: Kind, entries: &[Entry]) -> Result<Vec<Added>> {
        let mut state = self.state();
        let add = |entry: &Entry| {
            if state.documents(kind).contains_key(&entry.id) {
                return Added::AlreadyThere;
            }
            match state.add(kind, &entry.document) {
                Ok(()) => Added::Written,
                Err(error) => Added::Refused(error.message().to_owned()),
            }
        };
        Ok(entries.iter().map(add).collect())
    }
}

impl State {
    fn documents(&self, kind: Kind) -> BTreeMap<String, Value> {
        match kind {
            Kind::Users => all(self.users.values(), |it: &User| it.id.as_str()),
            Kind::Workspaces => all(self.workspaces.values(), |it: &Workspace| it.id.as_str()),
            Kind::AccessTokens => all(self.access_tokens.values(), |it: &AccessToken| {
                it.id.as_str()
            }),
            Kind::Invitations => all(self.invitations.values(), |it: &Invitation| it.id.as_str()),
            Kind::Analyses => {
                let queued = self.analyses.values().map(|job| QueuedAnalysis {
                    analysis: job.analysis.clone(),
                    due_at: job.due,
                    lease: job.lease.clone(),
                });
                all(queued, |it: &QueuedAnalysis| it.analysis.id.as_str())
            }
            Kind::FormerResults => {
                let results = self.revisions.iter().filter_map(|((id, _), result)| {
                    Some(FormerResult {
                        workspace_id: self.analyses.get(id)?.analysis.workspace_id.clone(),
                        analysis_id: id.clone(),
                        result: result.clone(),
                    })
                });
                let entry = |it: FormerResult| {
                    let document = serde_json::to_value(&it).unwrap_or_default();
                    (it.id(), document)
                };
                results.map(entry).collect()
            }
            Kind::ModelCalls => all(self.calls.values(), |it: &ModelCall| it.id.as_str()),
            Kind::Watches => {
                let watches = self.watches.iter().map(|(id, kept)| kept.mark(id));
                all(watches, |it: &WatchMark| it.workspace_id.as_str())
            }
            Kind::Dispatches => {
                let dispatches = self.outbox.values().map(|posted| &posted.dispatch);
                all(dispatches, |it: &Dispatch| it.id.as_str())
            }
            Kind::RevokedTokens => {
                let tokens = self.revoked.iter().map(|(token, expires_at)| RevokedToken {
                    token: token.clone(),
                    expires_at: *expires_at,
                });
                all(tokens, |it: &RevokedToken| it.token.as_str())
            }
        }
    }

    fn add(&mut self, kind: Kind, document: &Value) -> Result<()> {
        match kind {
            Kind::Users => {
                let user: User = record(document)?;
                self.refuse_taken(&user)?;
                self.users.insert(user.id.clone(), user);
            }
            Kind::Workspaces => {
                let workspace: Workspace = record(document)?;
                self.workspaces.insert(workspace.id.clone(), workspace);
            }
            Kind::AccessTokens => {
                let token: AccessToken = record(document)?;
                self.access_tokens.insert(token.id.clone(), token);
            }
            Kind::Invitations => {
                let invitation: Invitation = record(document)?;
                self.invitations.insert(invitation.id.clone(), invitation);
            }
            Kind::Analyses => {
                let queued = record::<QueuedAnalysis>(document)?.in_its_place();
                let analysis = queued.analysis;
                let taken = self
                    .of_workspace(&analysis.workspace_id)
                    .any(|other| other.issue.id == analysis.issue.id);
                if taken {
                    let message =
                        "could not add the analysis because there is another of its issue";
                    return Err(refusal(ErrorKind::Conflict, message));
                }
                let job = Job {
                    analysis,
                    due: queued.due_at,
                    lease: queued.lease,
                };
                self.analyses.insert(job.analysis.id.clone(), job);
            }
            Kind::FormerResults => {
                let former: FormerResult = record(document)?;
                if !self.analyses.contains_key(&former.analysis_id) {
                    let message = "could not add the result because its analysis is not there";
                    return Err(refusal(ErrorKind::Conflict, message));
                }
                let key = (former.analysis_id, former.result.revision);
                self.revisions.insert(key, former.result);
            }
            Kind::ModelCalls => {
                let call: ModelCall = record(document)?;
                self.calls.insert(call.id.clone(), call);
            }
            Kind::Watches => {
                let mark: WatchMark = record(document)?;
                let kept = Kept::marked(&mark);
                self.watches.insert(mark.workspace_id, kept);
            }
            Kind::Dispatches => self.add_dispatch(record(document)?),
            Kind::RevokedTokens => {
                let token: RevokedToken = record(document)?;
                self.revoked.insert(token.token, token.expires_at);
            }
        }
        Ok(())
    }
}

fn all<T: Serialize, R: std::borrow::Borrow<T>>(
    records: impl Iterator<Item = R>,
    id: fn(&T) -> &str,
) -> BTreeMap<String, Value> {
    let document = |record: R| {
        let record = record.borrow();
        let document = serde_json::to_value(record).unwrap_or_default();
        (id(record).to_owned(), document)
    };
    records.map(document).collect()
}

fn record<T: DeserializeOwned>(document: &Value) -> Result<T> {
    T::deserialize(document).map_err(|error| {
        let message = format!("could not add the record because it is not one: {error}");
        refusal(ErrorKind::Invalid, message)
    })
}

fn refusal(kind: ErrorKind, message: impl Into<String>) -> Error {
    super::refused(kind, "add", message)
}
