//! What the Issue Explainer's ports are plugged into: one folder for each family of ports.
//!
//! An adapter knows its technology and the core, never another adapter and never the web server.

pub mod auth;
pub mod layers;
#[cfg(any(feature = "llm-ollama", feature = "llm-openai"))]
pub mod llm;
#[cfg(any(feature = "notify-smtp", feature = "notify-webhook"))]
pub mod notify;
#[cfg(feature = "outbound")]
pub mod outbound;
mod private_files;
pub mod secret;
pub mod sources;
pub mod storage;
pub mod system;
pub mod vault;
