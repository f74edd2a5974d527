//! The REST surface, row by row.

mod accounts;
mod analyze;
mod issues;
mod models;
mod problems;
mod processed;
mod sentry;
mod system;
mod workspaces;
