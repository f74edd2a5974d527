//! The REST surface, row by row.

mod accounts;
mod analyze;
mod issues;
mod logins;
mod problems;
mod processed;
mod sentry;
mod system;
mod tokens;
mod users;
mod workspaces;
