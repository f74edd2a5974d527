//! Plugins: real libraries, loaded by the built service as by the host alone.

mod conformance;
mod support;
