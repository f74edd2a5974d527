//! Which webhook deliveries were taken already.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Result,
    domain::{Timestamp, WorkspaceId},
};

/// Remembers deliveries by the marks they bear, until their time is over.
///
/// # Behaviour
/// - a remembered delivery is known by any of its marks
/// - an unknown delivery is not known
/// - a delivery to one workspace is not known in another
/// - remembering twice is no error
/// - a delivery is forgotten once its time is over
#[async_trait]
pub trait Deliveries: Send + Sync + Debug + 'static {
    /// Whether a delivery to `workspace` with one of these marks was remembered.
    async fn is_known(&self, workspace: &WorkspaceId, marks: &[String]) -> Result<bool>;

    /// Remembers a delivery by its marks until `until`, and forgets those whose time is over by `now`.
    async fn remember(
        &self,
        workspace: &WorkspaceId,
        marks: &[String],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<()>;
}
