//! The path of one analysis, a file for each step.
//!
//! 1. **request**: [`AnalysisRequests::request`] puts one job in the queue or joins the active one.
//! 2. **claim**: [`Work::claim`] takes it under a lease.
//! 3. **[`mod@collect`]** turns the issue and its events into numbered [`Evidence`].
//! 4. **[`redact`]** puts placeholders for secrets and personal data into whatever is to leave.
//! 5. **[`mod@pack`]** chooses by rank what fits a model's window, redacted as it is counted.
//! 6. **[`heuristics`]** write the specification from the evidence alone; **[`render`]** shows it.
//! 7. **finish**: [`Work::run`] stores the result under the lease and announces it. A
//!    [`mod@fingerprint`] says whether the next run would be made from the same.
//!
//! [`AnalysisRequests::request`]: crate::services::AnalysisRequests::request
//! [`Evidence`]: crate::domain::Evidence
//! [`Work::claim`]: crate::services::Work::claim
//! [`Work::run`]: crate::services::Work::run

pub mod collect;
pub mod fingerprint;
pub mod heuristics;
pub mod pack;
pub mod redact;
pub mod render;

pub use collect::collect;
pub use fingerprint::fingerprint;
pub use heuristics::{HEURISTICS, specify};
pub use pack::{ApproximateTokens, pack};
pub use redact::Redactor;
