//! How a store is doing.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{Result, domain::Timestamp};

/// How many jobs wait for a worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Jobs that any worker might take now.
    pub waiting: u64,
    /// Since when the first of them might have been taken.
    pub oldest: Option<Timestamp>,
}

/// Says whether a store answers, and how its queue stands.
///
/// # Behaviour
/// - a store that can be used answers
/// - the backlog of an empty queue is empty
/// - the backlog counts what is due, and says since when the first of it has been
/// - what is put back for later, worked on or done is not in the backlog
/// - a job whose lease ran out is in the backlog again
#[async_trait]
pub trait Vitals: Send + Sync + Debug + 'static {
    /// Whether the store answers.
    async fn ping(&self) -> Result<()>;

    /// How the queue stands at `now`.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog>;
}
