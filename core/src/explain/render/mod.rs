//! Showing a specification to people.
//!
//! [`markdown`] is the whole document: for the terminal, for a file, for a comment; [`page`] is the
//! same for a browser. Both need what a stored analysis has and nothing else. Their parts keep
//! foreign text from becoming markup.

mod document;
mod harmless;
mod html;
pub(crate) mod inline;

pub use document::markdown;
pub use html::page;
