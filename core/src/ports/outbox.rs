//! Where notifications wait until they are delivered, and where it is looked up what became of them.

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

use crate::{
    Result,
    domain::{Dispatch, DispatchId, Timestamp, WorkspaceId},
};

/// Keeps dispatches and hands them to whoever sends them.
///
/// What an analysis has to tell gets in with the end of its run
/// ([`Analyses::finish`](super::Analyses::finish)), or not at all.
///
/// # Behaviour
/// - what is to be told of an analysis is there once it has ended, and not when its lease was lost
/// - what was put in reads back equal, only in its own workspace
/// - claim hands out what has been due longest, and counts the attempt
/// - claim hands out nothing that is not due, has ended, or goes to a place that is to be spared
/// - of many simultaneous claims each gets another
/// - what was claimed is handed out again once its lease ran out
/// - only who holds the lease settles
/// - what is put off is due at its time and not before
/// - it is known when the next is due
/// - what has ended is sent again on demand, under its id
/// - a list is newest first and goes on after a position
/// - what has ended is forgotten once its time is over
/// - of a workspace only the newest are kept
#[async_trait]
pub trait Outbox: Send + Sync + Debug + 'static {
    /// Puts a dispatch in, and forgets those whose time is over by `now`.
    async fn put(&self, dispatch: &Dispatch, now: Timestamp) -> Result<()>;

    /// Takes the dispatch that has been due longest, under a lease from `now` for `lease`, and
    /// nothing that goes to one of the places `spared`.
    ///
    /// `token` must be new for each call.
    async fn claim(
        &self,
        token: &str,
        now: Timestamp,
        lease: Duration,
        spared: &[String],
    ) -> Result<Option<Dispatch>>;

    /// Writes what became of a claimed dispatch and ends the lease; `false` when it was lost, and
    /// then nothing is written.
    async fn settle(&self, token: &str, dispatch: &Dispatch) -> Result<bool>;

    /// When the first of those that wait is due.
    async fn next_due(&self) -> Result<Option<Timestamp>>;

    /// Makes one that has ended due at `now` as if it had never been sent, and one that waits due
    /// at once; `None` when there is none. One that is being sent stays as it is.
    async fn send_again(
        &self,
        workspace: &WorkspaceId,
        id: &DispatchId,
        now: Timestamp,
    ) -> Result<Option<Dispatch>>;

    /// The newest dispatches, or those before the one with this id.
    async fn newest(
        &self,
        workspace: &WorkspaceId,
        before: Option<&DispatchId>,
        limit: u16,
    ) -> Result<Vec<Dispatch>>;
}
