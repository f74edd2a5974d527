//! Layers over a port: each is an adapter that holds another one and adds a single thing to it.

mod breaker;
mod kept;
mod trace;

pub use breaker::{BREAKER, Breaker, BreakerKind, BreakerRules};
pub use kept::{Kept, KeptRevokedTokens, KeptUsers, KeptWorkspaces};
pub use trace::{CALL, Traced, TracedModels, TracedSources};
