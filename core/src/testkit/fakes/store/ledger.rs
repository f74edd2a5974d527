//! The ledger in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    Result,
    domain::{AnalysisId, Date, ModelCall, Usage, WorkspaceId},
    ports::Ledger,
};

#[async_trait]
impl Ledger for MemoryStore {
    async fn write(&self, call: &ModelCall) -> Result<()> {
        self.state().calls.insert(call.id.clone(), call.clone());
        Ok(())
    }

    async fn of_analysis(
        &self,
        workspace: &WorkspaceId,
        analysis: &AnalysisId,
    ) -> Result<Vec<ModelCall>> {
        let mut found = self.calls(|call| {
            call.workspace_id == *workspace && call.analysis_id.as_ref() == Some(analysis)
        });
        found.truncate(1000);
        Ok(found)
    }

    async fn answer(&self, workspace: &WorkspaceId, key: &str) -> Result<Option<ModelCall>> {
        let mut found = self.calls(|call| {
            call.workspace_id == *workspace && call.key == key && call.answer.is_some()
        });
        Ok(found.pop())
    }

    async fn spent(&self, workspace: &WorkspaceId, day: Date) -> Result<u64> {
        let of_day = self.calls(|call| call.workspace_id == *workspace && call.day() == day);
        Ok(of_day.iter().map(|call| call.cost).sum())
    }

    async fn usage(&self, workspace: &WorkspaceId, first: Date, last: Date) -> Result<Vec<Usage>> {
        let days = first..=last;
        let mut usage: BTreeMap<(Date, String), Usage> = BTreeMap::new();
        for call in self.calls(|call| call.workspace_id == *workspace && days.contains(&call.day()))
        {
            usage
                .entry((call.day(), call.model.clone()))
                .or_insert_with(|| Usage::none(call.day(), &call.model))
                .add(&call);
        }
        Ok(usage.into_values().collect())
    }
}

impl MemoryStore {
    /// The calls that are so, oldest first.
    fn calls(&self, are: impl Fn(&ModelCall) -> bool) -> Vec<ModelCall> {
        let state = self.state();
        let mut found: Vec<ModelCall> = state
            .calls
            .values()
            .filter(|call| are(call))
            .cloned()
            .collect();
        found.sort_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
        found
    }
}
