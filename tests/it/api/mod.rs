//! The REST surface, row by row.

mod accounts;
mod analyze;
mod audit;
mod issues;
mod logins;
mod matrix;
mod members;
mod problems;
mod processed;
mod sentry;
mod system;
mod token_attacks;
mod tokens;
mod users;
mod workspaces;
