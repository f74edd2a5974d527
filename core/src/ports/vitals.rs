//! Whether a store answers.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::Result;

/// Says whether a store answers.
///
/// # Behaviour
/// - a store that can be used answers
#[async_trait]
pub trait Vitals: Send + Sync + Debug + 'static {
    /// Whether it answers; the error says what is wrong and what to do.
    async fn ping(&self) -> Result<()>;
}
