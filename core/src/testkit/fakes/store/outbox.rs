//! The outbox in memory.

use std::time::Duration;

use async_trait::async_trait;

use super::{MemoryStore, State};
use crate::{
    Result,
    domain::{Dispatch, DispatchId, KEPT_DISPATCHES, Timestamp, WorkspaceId},
    ports::Outbox,
};

/// A dispatch and who is sending it.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) dispatch: Dispatch,
    pub(super) lease: Option<String>,
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn put(&self, dispatch: &Dispatch, now: Timestamp) -> Result<()> {
        self.state().post(std::slice::from_ref(dispatch), now);
        Ok(())
    }

    async fn claim(
        &self,
        token: &str,
        now: Timestamp,
        lease: Duration,
        spared: &[String],
    ) -> Result<Option<Dispatch>> {
        let state = &mut self.state();
        let due = state.outbox.values_mut().filter(|posted| {
            let spared = spared.iter().any(|it| it == posted.dispatch.to.place());
            !spared && posted.dispatch.due_at.is_some_and(|due| due <= now)
        });
        Ok(due.min_by_key(|posted| posted.dispatch.due_at).map(|it| {
            it.dispatch.begin(now, lease);
            it.lease = Some(token.to_owned());
            it.dispatch.clone()
        }))
    }

    async fn settle(&self, token: &str, dispatch: &Dispatch) -> Result<bool> {
        let state = &mut self.state();
        let posted = state.outbox.get_mut(&dispatch.id);
        let held = posted.filter(|posted| posted.lease.as_deref() == Some(token));
        let settled = held.map(|posted| {
            posted.dispatch = dispatch.clone();
            posted.lease = None;
        });
        Ok(settled.is_some())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let state = self.state();
        let due = state.outbox.values().filter_map(|it| it.dispatch.due_at);
        Ok(due.min())
    }

    async fn send_again(
        &self,
        workspace: &WorkspaceId,
        id: &DispatchId,
        now: Timestamp,
    ) -> Result<Option<Dispatch>> {
        let state = &mut self.state();
        let posted = state.outbox.get_mut(id);
        let posted = posted.filter(|posted| posted.dispatch.workspace_id == *workspace);
        Ok(posted.map(|posted| {
            if posted.lease.is_none() {
                posted.dispatch.again(now);
            }
            posted.dispatch.clone()
        }))
    }

    async fn newest(
        &self,
        workspace: &WorkspaceId,
        before: Option<&DispatchId>,
        limit: u16,
    ) -> Result<Vec<Dispatch>> {
        let state = self.state();
        let newest_first = state.outbox.values().rev().map(|posted| &posted.dispatch);
        let rest = newest_first.filter(|dispatch| {
            dispatch.workspace_id == *workspace && before.is_none_or(|before| dispatch.id < *before)
        });
        Ok(rest.take(limit.into()).cloned().collect())
    }
}

impl State {
    pub(super) fn post(&mut self, dispatches: &[Dispatch], now: Timestamp) {
        (self.outbox).retain(|_, it| it.dispatch.expires_at.is_none_or(|end| end > now));
        for dispatch in dispatches {
            let posted = Posted {
                dispatch: dispatch.clone(),
                lease: None,
            };
            self.outbox.insert(dispatch.id.clone(), posted);
            let ours = |it: &&Posted| it.dispatch.workspace_id == dispatch.workspace_id;
            let kept = self.outbox.values().rev().filter(ours);
            let mut too_old = kept.map(|it| it.dispatch.id.clone());
            if let Some(too_old) = too_old.nth(KEPT_DISPATCHES as usize) {
                let workspace = &dispatch.workspace_id;
                (self.outbox)
                    .retain(|id, it| it.dispatch.workspace_id != *workspace || *id > too_old);
            }
        }
    }

    pub(super) fn add_dispatch(&mut self, dispatch: Dispatch) {
        let posted = Posted {
            dispatch,
            lease: None,
        };
        self.outbox.insert(posted.dispatch.id.clone(), posted);
    }
}
