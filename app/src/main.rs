//! The `explainer` binary.
fn main() {}
