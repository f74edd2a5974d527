//! Looking through a source for issues that nobody told us of.

use super::Timestamp;

/// How far a workspace's source has been looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// When it was looked at for the first time.
    pub began: Timestamp,
    /// The newest thing seen the last time, by the source's own clock.
    pub seen_until: Option<Timestamp>,
}
