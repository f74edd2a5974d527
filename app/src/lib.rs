//! The Issue Explainer's application: the one place where ports and adapters are put together,
//! and the three doors to the use cases: the HTTP [`api`], the [`worker`] and the
//! command line, [`cli`].

pub mod api;
pub mod bootstrap;
pub mod cli;
pub mod config;
pub mod listener;
pub mod telemetry;
pub mod waiting;
pub mod worker;
