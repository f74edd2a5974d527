//! The ports in memory: quick, predictable, and held to the same suites as the real adapters.

mod source;

pub use source::FakeSource;
