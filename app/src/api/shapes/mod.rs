//! The shapes of issues and analyses that several resources answer with.
//!
//! Clients of the older backend read some things under two names; both are written.

mod analysis;
mod issue;
mod model_test;
mod processed;
mod record;
mod sentry_test;
mod words;

pub(super) use analysis::{Analysis, AnalysisError};
pub(super) use issue::{Issue, ProcessingStatus, Project};
pub(super) use model_test::{ModelTest, ModelTestedBody, OpenAiTest};
pub(super) use processed::Processed;
pub(super) use record::{AnalysisEvent, AnalysisRecord, AnalysisSummary, Revision};
pub(super) use sentry_test::{SentryTest, SentryTested};
pub(super) use words::{Priority, Status};
