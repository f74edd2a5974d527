//! Language models: a folder for each kind of server, and beside them what the kinds share.
//!
//! An adapter asks once and says how that ended. Whether to ask again or another model is the
//! chain's to decide; what an answer is worth, the pipeline's.

mod answer;
mod lines;
mod refusal;
mod shared;

#[cfg(feature = "llm-ollama")]
pub mod ollama;
#[cfg(feature = "llm-openai")]
pub mod openai;

pub use shared::{Access, Whereabouts};
