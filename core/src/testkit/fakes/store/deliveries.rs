//! Deliveries in memory.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    Result,
    domain::{Timestamp, WorkspaceId},
    ports::Deliveries,
};

#[async_trait]
impl Deliveries for MemoryStore {
    async fn is_known(&self, workspace: &WorkspaceId, marks: &[String]) -> Result<bool> {
        let known = &self.state().deliveries;
        let mut marks = marks.iter();
        Ok(marks.any(|mark| known.contains_key(&(workspace.clone(), mark.clone()))))
    }

    async fn remember(
        &self,
        workspace: &WorkspaceId,
        marks: &[String],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let known = &mut self.state().deliveries;
        for mark in marks {
            let kept = known.entry((workspace.clone(), mark.clone()));
            let kept = kept.or_insert(until);
            *kept = until.max(*kept);
        }
        known.retain(|_, until| *until > now);
        Ok(())
    }
}
