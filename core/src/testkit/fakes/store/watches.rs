//! Watches in memory.

use std::time::Duration;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    Result,
    domain::{Timestamp, Watch, WorkspaceId},
    ports::{WatchMark, Watches},
};

/// A watch and who has it.
#[derive(Debug)]
pub(super) struct Kept {
    watch: Watch,
    due: Timestamp,
    token: Option<String>,
}

impl Kept {
    pub(super) fn mark(&self, workspace: &WorkspaceId) -> WatchMark {
        WatchMark {
            workspace_id: workspace.clone(),
            began: self.watch.began,
            seen_until: self.watch.seen_until,
            due_at: self.due,
        }
    }

    pub(super) fn marked(mark: &WatchMark) -> Self {
        Self {
            watch: Watch {
                began: mark.began,
                seen_until: mark.seen_until,
            },
            due: mark.due_at,
            token: None,
        }
    }
}

#[async_trait]
impl Watches for MemoryStore {
    async fn claim(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Watch>> {
        let mut state = self.state();
        let new = || Kept {
            watch: Watch {
                began: now,
                seen_until: None,
            },
            due: now,
            token: None,
        };
        let kept = state.watches.entry(workspace.clone()).or_insert_with(new);
        if kept.due > now {
            return Ok(None);
        }
        kept.token = Some(token.to_owned());
        kept.due = now + lease;
        Ok(Some(kept.watch))
    }

    async fn end(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        seen_until: Option<Timestamp>,
        due: Timestamp,
    ) -> Result<bool> {
        let mut state = self.state();
        let kept = state.watches.get_mut(workspace);
        let Some(kept) = kept.filter(|it| it.token.as_deref() == Some(token)) else {
            return Ok(false);
        };
        kept.watch.seen_until = seen_until;
        kept.due = due;
        kept.token = None;
        Ok(true)
    }
}
