//! Domain, ports and the explain pipeline of the Issue Explainer. No I/O happens in here.
//!
//! | floor | what is on it |
//! |---|---|
//! | [`services`] | the use cases: what the service does for those who ask |
//! | [`explain`] | from events to a specification, a file for each step |
//! | [`ports`] | what the core asks of the world |
//! | [`domain`] | the things all this is about |
//!
//! A floor knows those below it and none above.
//!
//! # How to add an adapter
//!
//! Say you want issues from another tracker; a store or an authentication provider goes the same way.
//!
//! 1. **Read the port**, [`ports::IssueSource`]. Its `# Behaviour` bullets are all that is asked of you.
//! 2. **Make a folder** `adapters/src/sources/mytracker/` with a type `MyTrackerSource` that implements
//!    the port, and beside it a `MyTrackerConfig` whose `Debug` shows no secret. Put its dependencies
//!    behind a feature `source-mytracker` in `adapters/Cargo.toml`, and the feature into `app/Cargo.toml`.
//! 3. **Translate faults** into [`Error`] in one place: pick the [`ErrorKind`] a caller can act on, say
//!    «could not X because Y; do Z», keep the vendor's error as the source, and leave secrets out.
//! 4. **Run the suite**: register the adapter in `adapters/tests/conformance.rs`. Until you do, a test
//!    says that your adapter has no suite. Each case prints its line; what cannot be tried says why.
//! 5. **Open it** in `app/src/bootstrap/`: one arm that makes it from the configuration, behind the
//!    feature, and one that says «this build has no `mytracker` (feature source-mytracker)».
//!
//! # How to add a port
//!
//! One file in [`ports`], at most about eight methods, `Send + Sync + Debug + 'static`, faults as
//! [`Error`], missing as `Ok(None)`. Write the `# Behaviour` bullets first; each becomes a case of the
//! port's suite under the same words, run against the in-memory fake and every adapter.

mod digest;
pub mod domain;
mod error;
pub mod explain;
pub mod ports;
pub mod services;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use error::{Error, ErrorKind, Result};
