//! The ways out for notifications. When and how often something is sent is the core's.

#[cfg(feature = "notify-smtp")]
pub mod smtp;
#[cfg(feature = "notify-webhook")]
pub mod webhook;
