//! Telling what changes in the store in memory.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use futures::{StreamExt, channel::mpsc, stream::BoxStream};

use super::{MemoryStore, State};
use crate::{
    Result,
    domain::{AnalysisId, Status},
    ports::{Change, Changes},
};

#[async_trait]
impl Changes for MemoryStore {
    async fn listen(&self) -> Result<BoxStream<'static, Result<Change>>> {
        let (tell, told) = mpsc::unbounded();
        self.state().listeners.push(tell);
        Ok(told.map(Ok).boxed())
    }

    fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }
}

impl State {
    pub(super) fn tell(&mut self, id: &AnalysisId, status: Option<Status>) {
        let change = Change {
            analysis_id: id.clone(),
            status,
        };
        // Those who have stopped listening are forgotten.
        let hears = |to: &mpsc::UnboundedSender<Change>| to.unbounded_send(change.clone()).is_ok();
        self.listeners.retain(hears);
    }
}
