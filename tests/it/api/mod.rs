//! The REST surface, row by row.

mod accounts;
mod analyses;
mod analyze;
mod issues;
mod limits;
mod models;
mod problems;
mod processed;
mod repeated;
mod sentry;
mod system;
mod watching;
mod webhooks;
mod workspaces;
