//! Black-box tests: the built service over HTTP and on the command line, and the house rules.
//!
//! Each test starts its own service on a port and in a folder of its own, and stops it again.

mod api;
mod architecture;
mod cli;
mod durability;
mod openapi;
mod support;
