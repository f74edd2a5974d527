//! Showing a specification to people.
//!
//! [`markdown`] is the whole document: for the terminal, for a file, for a comment. It needs what
//! a stored analysis has and nothing else. Its parts keep foreign text from becoming markup.

mod document;
pub(crate) mod inline;

pub use document::markdown;
