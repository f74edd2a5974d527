//! What tests of every package share: fakes of the ports, and the suites every adapter must pass.

pub mod conformance;
pub mod fakes;
pub mod samples;
