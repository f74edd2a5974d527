//! The Issue Explainer's application: the one place where ports and adapters are put together,
//! and the doors to the use cases: the HTTP [`api`], the [`worker`], the [`poller`], the
//! [`courier`] and the command line, [`cli`].

pub mod api;
pub mod bootstrap;
pub mod cli;
pub mod config;
pub mod courier;
pub mod listener;
pub mod poller;
pub mod telemetry;
pub mod waiting;
mod watching;
pub mod worker;
