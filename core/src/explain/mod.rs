//! The pipeline.
pub mod heuristics;
pub mod render;
