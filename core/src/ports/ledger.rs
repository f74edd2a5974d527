//! Where requests to models are written down.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Result,
    domain::{AnalysisId, Date, ModelCall, Usage, WorkspaceId},
};

/// Keeps what was sent to models, what came back, and what it cost.
///
/// # Behaviour
/// - a call reads back equal, whatever text it holds
/// - a call written again takes the place of the former
/// - the calls of an analysis are oldest first, and of no other analysis or workspace
/// - an answer is found by its key, the newest, only in its own workspace
/// - a call without an answer is no answer
/// - what was spent on a day is the sum of its calls, of one workspace
/// - usage is summed by day and model, in this order, from the first to the last day asked for
#[async_trait]
pub trait Ledger: Send + Sync + Debug + 'static {
    /// Writes a call down, or how it has ended.
    async fn write(&self, call: &ModelCall) -> Result<()>;

    /// The calls made for an analysis, all revisions together; at most the first thousand.
    async fn of_analysis(
        &self,
        workspace: &WorkspaceId,
        analysis: &AnalysisId,
    ) -> Result<Vec<ModelCall>>;

    /// The newest call with this key that has an answer, used or not.
    async fn answer(&self, workspace: &WorkspaceId, key: &str) -> Result<Option<ModelCall>>;

    /// What the workspace has spent on this day (UTC), in millionths of a dollar.
    async fn spent(&self, workspace: &WorkspaceId, day: Date) -> Result<u64>;

    /// What the workspace used from the day `first` to the day `last`.
    async fn usage(&self, workspace: &WorkspaceId, first: Date, last: Date) -> Result<Vec<Usage>>;
}
