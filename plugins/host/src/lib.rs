//! Issue sources from shared libraries that others built.
//!
//! | file | what is in it |
//! |---|---|
//! | `allow` | which libraries may be loaded, by their SHA-256 |
//! | `sealed`, `library` | a library, from bytes that were checked to a table that was |
//! | `registry` | what a library may call back |
//! | `engine`, `threads` | calling into a library, and keeping account of what it owes |
//! | `frames`, `child`, `process` | the same over pipes, from another process |
//! | `calls`, `session`, `slot` | calls that wait for their answer, and what they wait on |
//! | `plugin`, `source`, `convert` | a plugin as the catalog and the use cases see it |
//! | `check` | the conformance kit for authors |
//!
//! Everything that comes out of a library is taken for hostile or broken: pointers for the table
//! excepted, which is why a library runs in a process of its own unless told otherwise. There,
//! each workspace's settings get their own process, so that what one source does no other notices.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "plugins are loaded from sealed memory, which Linux alone has; build without the feature `plugins`"
);

mod allow;
mod calls;
pub mod check;
pub mod child;
mod convert;
mod engine;
mod fault;
mod frames;
mod http;
mod library;
mod log;
mod plugin;
mod process;
mod registry;
mod sealed;
mod session;
mod slot;
mod source;
mod threads;

pub use allow::{Allowed, BadEntry, Digest, digest_of};
pub use http::{HttpAnswer, HttpClient, HttpRequest};
pub use plugin::{ChildProgram, Isolation, Options, Plugin, PluginKind};
pub use source::PluginSource;

/// The target of the event that says that a source is opened again after its process died, with
/// the `kind` of the plugin.
pub const RESTART: &str = "explainer::plugin";

/// What this crate calls itself in errors.
const ADAPTER: &str = "plugins";
/// The largest answer taken from a plugin, in bytes.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
