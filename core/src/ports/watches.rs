//! How far each workspace's source has been looked through, and who is at it.

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

use crate::{
    Result,
    domain::{Timestamp, Watch, WorkspaceId},
};

/// Keeps a watch for each workspace whose source is looked through, and lets one at a time do so.
///
/// # Behaviour
/// - a workspace that was never looked through is claimed at once
/// - of many simultaneous claims one is granted
/// - a claimed watch is not claimed again before its lease runs out
/// - a claim whose lease ran out is granted to another and can no longer be ended
/// - an ended watch is due at its time and not before, and tells how far it came
/// - the watches of two workspaces do not touch each other
#[async_trait]
pub trait Watches: Send + Sync + Debug + 'static {
    /// Takes the watch of `workspace` if it is due and nobody has it, under a lease from `now` for
    /// `lease`. `token` must be new for each call.
    async fn claim(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Option<Watch>>;

    /// Gives it back, looked through up to `seen_until`, to be taken again not before `due`;
    /// `false` when the claim was lost, and then nothing is written.
    async fn end(
        &self,
        workspace: &WorkspaceId,
        token: &str,
        seen_until: Option<Timestamp>,
        due: Timestamp,
    ) -> Result<bool>;
}
