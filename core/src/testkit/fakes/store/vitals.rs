//! How the store in memory is doing.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{
    Result,
    domain::Timestamp,
    ports::{Backlog, Vitals},
};

#[async_trait]
impl Vitals for MemoryStore {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        let state = self.state();
        let due = state.analyses.values().filter_map(|job| job.due);
        let due: Vec<Timestamp> = due.filter(|due| *due <= now).collect();
        Ok(Backlog {
            waiting: due.len() as u64,
            oldest: due.into_iter().min(),
        })
    }
}
