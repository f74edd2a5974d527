//! Where issues come from.

pub mod files;
