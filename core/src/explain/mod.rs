//! The pipeline.

pub mod redact;
