//! Writes one item of the packed text. Text from outside comes in through here alone, where it is
//! cleaned, redacted, cut and indented; what is written without all that is ours.

use std::fmt::Write as _;

use super::clean::{MARGIN, around, clean, ends};
use crate::{
    domain::{EvidenceId, Timestamp},
    explain::redact::{Redactor, before_placeholder, names_a_secret},
};

/// What the lines of an item after its first begin with. No item begins so, nor does a fence of
/// Markdown: an item's own text cannot look like another item or end what it stands in.
pub(super) const INDENT: &str = "    ";

/// What stands before the line that crashed.
const CRASHED: &str = "> ";
/// The characters before the text of a line of source.
const PREFIX: usize = "> 1234 | ".len();

/// A cut text shorter than this is not worth a note on how much is missing, in characters.
const WORTH_A_NOTE: usize = 80;

/// One item being written, of about `room` characters.
pub(super) struct Writer<'r> {
    text: String,
    room: usize,
    redactor: &'r mut Redactor,
}

/// One line of source: whether it is the line that crashed, its number, its text.
pub(super) type SourceLine<'e> = (bool, u32, &'e str);

impl<'r> Writer<'r> {
    pub(super) fn new(room: usize, redactor: &'r mut Redactor) -> Self {
        Self {
            text: String::with_capacity(room.min(4096)),
            room,
            redactor,
        }
    }

    /// The item as it is to be sent, with its line end.
    pub(super) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
        self.text
    }

    /// How many characters there still is room for.
    pub(super) fn left(&self) -> usize {
        self.room.saturating_sub(self.text.len())
    }

    /// Words of ours.
    pub(super) fn ours(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// A number of ours.
    pub(super) fn number(&mut self, number: impl Into<i128>) -> &mut Self {
        let _ = write!(self.text, "{}", number.into());
        self
    }

    /// The id of a piece of evidence.
    pub(super) fn id(&mut self, id: EvidenceId) -> &mut Self {
        let _ = write!(self.text, "{id}");
        self
    }

    /// A time.
    pub(super) fn time(&mut self, time: Timestamp) -> &mut Self {
        let _ = write!(self.text, "{time}");
        self
    }

    /// Begins a further line of this item.
    pub(super) fn next_line(&mut self) -> &mut Self {
        self.text.push('\n');
        self.text.push_str(INDENT);
        self
    }

    /// Outside text of at most `most` characters; it may have several lines.
    pub(super) fn text(&mut self, text: &str, most: usize) -> &mut Self {
        self.put(None, text, most, Self::push_indented)
    }

    /// The same in one line.
    pub(super) fn line(&mut self, text: &str, most: usize) -> &mut Self {
        self.put(None, text, most, Self::push_line)
    }

    /// Key and value in one line.
    pub(super) fn pair(
        &mut self,
        key: &str,
        between: &'static str,
        value: &str,
        most: usize,
    ) -> &mut Self {
        self.line(key, most.min(100))
            .ours(between)
            .value(key, value, most)
    }

    /// The value of a key in one line.
    pub(super) fn value(&mut self, key: &str, value: &str, most: usize) -> &mut Self {
        self.put(Some(key), value, most, Self::push_line)
    }

    /// Lines of source with their numbers, each of at most `most` characters, the crashing line
    /// twice that around its column. They are read as one text: a private key may span them.
    pub(super) fn source(
        &mut self,
        lines: &[SourceLine<'_>],
        column: u32,
        most: usize,
    ) -> &mut Self {
        let column = usize::try_from(column).unwrap_or(0);
        let mut block = String::new();
        for (crashed, number, line) in lines {
            let (mark, line) = match crashed {
                true => (CRASHED, around(line, column, 2 * most)),
                false => ("  ", around(line, 0, most + MARGIN)),
            };
            let _ = writeln!(
                block,
                "{mark}{number:>4} | {}",
                clean(line).replace('\n', " ")
            );
        }
        let redacted = self.redactor.redact_source(&block);
        for line in redacted.trim_end().split('\n') {
            let most = if line.starts_with(CRASHED) {
                2 * most
            } else {
                most
            };
            let end = before_placeholder(line, nth(line, most + PREFIX));
            let shown = line.get(..end).unwrap_or("");
            self.next_line().text.push_str(shown);
            self.text.push_str(if end < line.len() { "…" } else { "" });
        }
        self
    }

    fn put(
        &mut self,
        key: Option<&str>,
        text: &str,
        most: usize,
        push: fn(&mut Self, &str),
    ) -> &mut Self {
        let most = most.min(self.left());
        if let Some(key) = key.filter(|key| names_a_secret(key))
            && let Some(secret) = self.redactor.redact_secret(key, &clean(text))
        {
            push(self, &secret);
            return self;
        }
        let shown = if most < WORTH_A_NOTE {
            around(text, 0, most + MARGIN)
        } else {
            text
        };
        let Some((head, tail)) = ends(shown, most) else {
            let text = clean(shown);
            let redacted = self.redactor.redact(&text);
            push(self, &cut(&redacted, most));
            return self;
        };
        let (head, tail) = (clean(head), clean(tail));
        let (head, tail) = (self.redactor.redact(&head), self.redactor.redact(&tail));
        let head = head.get(..before_placeholder(&head, nth(&head, most / 3 * 2)));
        let tail = tail.get(before_placeholder(&tail, nth_back(&tail, most / 3))..);
        let (head, tail) = (head.unwrap_or(""), tail.unwrap_or(""));
        let shown = head.chars().count() + tail.chars().count();
        let missing = text.chars().count().saturating_sub(shown);
        push(self, &[head, &note(missing), tail].concat());
        self
    }

    fn push_indented(&mut self, text: &str) {
        for (index, line) in text.trim_end().split('\n').enumerate() {
            if index > 0 {
                self.next_line();
            }
            self.text.push_str(line);
        }
    }

    fn push_line(&mut self, text: &str) {
        push_flat(&mut self.text, text);
    }
}

/// Appends a text with a space in the place of each line end.
fn push_flat(line: &mut String, text: &str) {
    for (index, part) in text.trim_end().split('\n').enumerate() {
        line.push_str(if index > 0 { " " } else { "" });
        line.push_str(part);
    }
}

/// A redacted text of at most about `most` characters: the first two thirds and the last.
fn cut(text: &str, most: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= most || text.chars().nth(most).is_none() {
        return text.into();
    }
    if most < WORTH_A_NOTE {
        let head = text.get(..before_placeholder(text, nth(text, most)));
        return [head.unwrap_or(""), "…"].concat().into();
    }
    let head = before_placeholder(text, nth(text, most / 3 * 2));
    let tail = before_placeholder(text, nth_back(text, most / 3)).max(head);
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or("");
    let note = note(part(head..tail).chars().count());
    [part(0..head), &note, part(tail..text.len())]
        .concat()
        .into()
}

/// Says how much was left out: `…(1,203 more characters)…`.
fn note(characters: usize) -> String {
    let digits = characters.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("…({grouped} more characters)…")
}

/// The position of the character with this number.
fn nth(text: &str, number: usize) -> usize {
    text.char_indices()
        .nth(number)
        .map_or(text.len(), |(at, _)| at)
}

/// The position of the character with this number from the end.
fn nth_back(text: &str, number: usize) -> usize {
    match number.checked_sub(1) {
        None => text.len(),
        Some(number) => text.char_indices().nth_back(number).map_or(0, |(at, _)| at),
    }
}
