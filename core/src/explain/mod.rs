//! The pipeline.

pub mod collect;
pub mod heuristics;
pub mod render;
