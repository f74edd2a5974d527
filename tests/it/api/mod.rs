//! The REST surface, row by row.

mod accounts;
mod analyses;
mod analyze;
mod audit;
mod defects;
mod identity;
mod issues;
mod kept;
mod limits;
mod logins;
mod matrix;
mod members;
mod models;
mod notifications;
mod problems;
mod processed;
mod repeated;
mod sentry;
mod system;
mod token_attacks;
mod tokens;
mod users;
mod watching;
mod webhooks;
mod workspaces;
