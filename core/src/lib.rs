//! Domain, ports and the explain pipeline of the Issue Explainer. No I/O happens in here.
pub mod domain;
mod error;
pub mod explain;
pub mod ports;
pub mod services;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use error::{Error, ErrorKind, Result};
