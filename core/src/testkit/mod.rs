//! Fakes and conformance suites.

pub mod fakes;
