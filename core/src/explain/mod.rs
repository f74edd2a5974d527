//! The path of one analysis, a file for each step.
//!
//! 1. **request**: [`AnalysisRequests::request`] puts one job in the queue or joins the active one.
//! 2. **claim**: [`Work::claim`] takes it under a lease.
//! 3. **[`mod@collect`]** turns the issue and its events into numbered [`Evidence`].
//! 4. **[`redact`]** puts placeholders for secrets and personal data into whatever is to leave.
//! 5. **[`mod@pack`]** chooses by rank what fits a model's window, redacted as it is counted.
//! 6. **[`prompt`]** puts the question together, the evidence fenced as data.
//! 7. **[`ask`]**: the [`Chain`] puts it to one model after the other; [`ask`] judges how each ended.
//! 8. **[`mod@parse`]** reads the answer leniently and validates it strictly into a [`Draft`];
//!    **[`repair`]** asks again for the fields that failed.
//! 9. **[`mod@ground`]** looks up what the answer names and quotes; **[`mod@compose`]** makes the
//!    specification of it.
//! 10. **finish**: [`Work::run`] stores the result under the lease and announces it. A
//!     [`mod@fingerprint`] says whether the next run would be made from the same, [`stale`] whether
//!     a newer event makes the result out of date.
//!
//! With no model to ask, **[`heuristics`]** write the specification from the evidence alone;
//! **[`render`]** shows either.
//!
//! [`Chain`]: crate::services::Chain
//! [`Draft`]: answer::Draft
//! [`AnalysisRequests::request`]: crate::services::AnalysisRequests::request
//! [`Evidence`]: crate::domain::Evidence
//! [`Work::claim`]: crate::services::Work::claim
//! [`Work::run`]: crate::services::Work::run

pub mod answer;
pub mod ask;
pub mod collect;
pub mod compose;
pub mod fingerprint;
pub mod ground;
pub mod heuristics;
pub mod pack;
pub mod parse;
pub mod prompt;
pub mod redact;
pub mod render;
pub mod repair;
pub mod stale;

pub use collect::collect;
pub use compose::compose;
pub use fingerprint::fingerprint;
pub use ground::ground;
pub use heuristics::{HEURISTICS, specify};
pub use pack::{ApproximateTokens, TokenCounter, pack};
pub use parse::parse;
pub use prompt::{Brief, PROMPT, Question};
pub use redact::Redactor;
