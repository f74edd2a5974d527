//! Layers over a port: each is an adapter that holds another one and adds a single thing to it.

mod breaker;

pub use breaker::{Breaker, BreakerKind, BreakerRules};
