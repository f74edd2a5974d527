//! A notifier that keeps what it was told.

use std::sync::Mutex;

use async_trait::async_trait;

use super::lock;
use crate::{
    Result,
    ports::{Notice, Notifier},
};

/// Keeps every notice, in order.
#[derive(Debug, Default)]
pub struct RecordingNotifier(Mutex<Vec<Notice>>);

impl RecordingNotifier {
    /// What it was told so far.
    pub fn notices(&self) -> Vec<Notice> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl Notifier for RecordingNotifier {
    async fn notify(&self, notice: &Notice) -> Result<()> {
        lock(&self.0).push(notice.clone());
        Ok(())
    }
}
