//! The REST surface, row by row.

mod accounts;
mod analyze;
mod issues;
mod problems;
mod processed;
mod sentry;
mod system;
mod workspaces;
