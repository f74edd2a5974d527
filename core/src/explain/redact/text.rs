//! A text one can look around in by byte positions, from any position, without panics.

use std::ops::Range;

/// A text; every position beyond its ends reads as NUL, every impossible range as nothing.
#[derive(Clone, Copy)]
pub(super) struct Text<'t> {
    whole: &'t str,
    floor: usize,
}

impl<'t> Text<'t> {
    /// All of a text.
    pub(super) fn new(whole: &'t str) -> Self {
        Self { whole, floor: 0 }
    }

    /// The same text as it reads once everything before `floor` has been taken out: looking back
    /// ends there, at the `>` of a placeholder.
    pub(super) fn taken_to(self, floor: usize) -> Self {
        Self { floor, ..self }
    }

    /// Where looking back ends.
    pub(super) fn floor(self) -> usize {
        self.floor
    }

    /// Whether a part can be cut out.
    pub(super) fn can_cut(self, range: &Range<usize>) -> bool {
        let Range { start, end } = *range;
        let whole = self.whole.is_char_boundary(start) && self.whole.is_char_boundary(end);
        whole && self.floor <= start && start < end
    }

    /// The byte at a position.
    pub(super) fn byte(self, at: usize) -> u8 {
        self.whole.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// The byte before a position.
    pub(super) fn before(self, at: usize) -> u8 {
        match at.checked_sub(1) {
            None => 0,
            Some(_) if at == self.floor => b'>',
            Some(before) => self.byte(before),
        }
    }

    /// The length in bytes.
    pub(super) fn len(self) -> usize {
        self.whole.len()
    }

    /// A part of it.
    pub(super) fn part(self, range: Range<usize>) -> &'t str {
        self.whole.get(range).unwrap_or("")
    }

    /// Whether `word` stands at a position.
    pub(super) fn has(self, at: usize, word: &str) -> bool {
        self.rest(at).starts_with(word.as_bytes())
    }

    /// The end of the run of bytes from `from` that all are so.
    pub(super) fn run(self, from: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest(from);
        from + rest
            .iter()
            .position(|byte| !is(*byte))
            .unwrap_or(rest.len())
    }

    /// The start of the run of bytes up to `to`, at most `most` of them, that all are so.
    pub(super) fn run_back(self, to: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
        let floor = self.floor.max(to.saturating_sub(most));
        let before = self.whole.as_bytes().get(floor..to).unwrap_or(&[]);
        before
            .iter()
            .rposition(|byte| !is(*byte))
            .map_or(floor.min(to), |at| floor + at + 1)
    }

    /// The position from `from` on where `word` next stands.
    pub(super) fn find(self, from: usize, word: &str) -> Option<usize> {
        Some(from + self.whole.get(from..)?.find(word)?)
    }

    fn rest(self, at: usize) -> &'t [u8] {
        self.whole.as_bytes().get(at..).unwrap_or(&[])
    }
}

/// Letters, digits and `_`.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What base64 and its URL-safe form are written with.
pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// Quotation marks of programs.
pub(super) fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}
