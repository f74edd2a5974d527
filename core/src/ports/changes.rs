//! Hearing what other processes do to analyses.

use std::fmt::Debug;

use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::{
    Result,
    domain::{AnalysisId, Status},
};

/// Something about an analysis changed in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The analysis.
    pub analysis_id: AnalysisId,
    /// How far it is now, where that is what changed.
    pub status: Option<Status>,
}

/// Tells what changes in a store, whichever process changes it, and whether this one has.
///
/// Whoever listens goes on looking at the store, only less often: changes made while a connection
/// was lost are not told later.
///
/// # Behaviour
/// - listening works, or is unsupported
/// - a new request is told as pending
/// - every step of an analysis is told with the status it led to
/// - renewing a lease is not told
/// - a deleted analysis is told without a status
/// - every listener is told everything
/// - whatever is written through this process is counted before it is answered
/// - what is only read is not counted
#[async_trait]
pub trait Changes: Send + Sync + Debug + 'static {
    /// Listens from now on; `Unsupported` where the store cannot tell. After a fault in the stream
    /// nothing more comes: listen anew.
    async fn listen(&self) -> Result<BoxStream<'static, Result<Change>>>;

    /// How much was written through this process so far, in no unit: while the number stays what
    /// it was before something was read, only another process can have changed that.
    fn written(&self) -> u64;
}
