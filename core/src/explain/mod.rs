//! The pipeline.

pub mod fingerprint;
pub mod pack;
pub mod redact;
