//! The store in memory always answers.

use async_trait::async_trait;

use super::MemoryStore;
use crate::{Result, ports::Vitals};

#[async_trait]
impl Vitals for MemoryStore {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}
