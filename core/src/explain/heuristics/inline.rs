//! Putting the event's text into ours, as [`render::inline`] does, with secrets masked: before anything
//! is cut, since half a secret cannot be told from other text.

use std::borrow::Cow;

use crate::explain::{redact, render};

pub(super) use render::inline::{fence, span};

/// One line of at most `max` characters.
pub(super) fn line(text: &str, max: usize) -> String {
    render::inline::line(&masked(text, max), max)
}

/// A code span. Empty when there is nothing to show.
pub(super) fn code(text: &str, max: usize) -> String {
    span(&line(text, max))
}

/// The value of a key as a code span.
pub(super) fn value(key: &str, text: &str, max: usize) -> String {
    span(&render::inline::line(&redact::mask_value(key, text), max))
}

/// One line outside of code.
pub(super) fn escape(text: &str, max: usize) -> String {
    render::inline::escape(&masked(text, max), max)
}

/// The same text, its lines kept.
pub(super) fn lines(text: &str) -> String {
    render::inline::lines(&redact::mask(text))
}

/// The part of a text that is enough to show `max` characters of it, masked.
fn masked(text: &str, max: usize) -> Cow<'_, str> {
    const BEYOND: usize = 1_000;
    let enough = max.saturating_mul(16).saturating_add(BEYOND);
    let end = text.char_indices().nth(enough).map(|(at, _)| at);
    redact::mask(end.and_then(|end| text.get(..end)).unwrap_or(text))
}
