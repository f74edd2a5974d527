//! Plugins: real libraries, loaded by the built service as by the host alone.

mod bugsink;
mod commands;
mod conformance;
mod guide;
mod loading;
mod rogue;
mod service;
pub(crate) mod support;
mod webhooks;
