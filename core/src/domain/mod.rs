//! The things the service is about, and nothing about how they are kept or sent.

mod analysis;
mod audit;
mod course;
mod credentials;
pub mod event;
mod evidence;
mod ids;
mod invitation;
mod issue;
mod ledger;
mod listing;
mod notification;
mod progress;
mod specification;
mod user;
mod watch;
mod workspace;

pub use analysis::*;
pub use audit::*;
pub use credentials::*;
pub use event::Event;
pub use evidence::*;
pub use ids::*;
pub use invitation::*;
pub use issue::*;
pub use ledger::*;
pub use listing::*;
pub use notification::*;
pub use progress::*;
pub use specification::*;
pub use user::*;
pub use watch::*;
pub use workspace::*;

/// A point in time, UTC, kept to the millisecond so that every store gives back what it was given.
pub use jiff::Timestamp;
/// A day.
pub use jiff::civil::Date;
pub use secrecy::{ExposeSecret, SecretString};
