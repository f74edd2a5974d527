//! The shapes of accounts, issues and analyses that several resources answer with.
//!
//! Clients of the older backend read some things under two names; both are written.

pub(super) mod account;
mod analysis;
mod issue;
mod processed;

pub(super) use analysis::{Analysis, AnalysisError};
pub(super) use issue::{Issue, ProcessingStatus, Project};
pub(super) use processed::Processed;
