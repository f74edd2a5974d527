//! Layers: what stands around an adapter and is itself an adapter of the same port.

mod trace;

pub use trace::{CALL, Traced, TracedModels, TracedSources};
