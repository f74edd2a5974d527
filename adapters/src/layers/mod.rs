//! Layers over a port: each is an adapter that holds another one and adds a single thing to it.

mod breaker;
mod trace;

pub use breaker::{BREAKER, Breaker, BreakerKind, BreakerRules};
pub use trace::{CALL, Traced, TracedModels, TracedSources};
