//! app

pub mod config;
