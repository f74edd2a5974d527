//! How the service tells what it does.

mod log;

pub use log::init;
