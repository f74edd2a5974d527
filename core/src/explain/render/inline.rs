//! Putting foreign text into Markdown so that it stays text.
//!
//! Everything an event says is written by someone else: it may hold terminal escapes, Markdown,
//! HTML, or a megabyte of one line. Whatever goes through here is bounded, has no control
//! characters, and cannot leave the code span, fence or paragraph it was put into.

use std::iter::Peekable;

const ESCAPE: char = '\u{1b}';

/// One line of at most `max` characters, without control characters and terminal escapes.
pub(crate) fn line(text: &str, max: usize) -> String {
    // Four times the length to be shown is enough to find the escapes to drop, and bounds the work.
    let mut out = String::new();
    let mut length = 0;
    let mut gap = false;
    for c in Visible::of(text).take(max.saturating_mul(4).saturating_add(1)) {
        if c.is_whitespace() {
            gap = true;
            continue;
        }
        if gap && length > 0 {
            out.push(' ');
            length += 1;
        }
        gap = false;
        if length >= max {
            out.push('…');
            break;
        }
        out.push(c);
        length += 1;
    }
    out
}

/// The same text, its lines kept, without anything a terminal would obey.
pub(crate) fn lines(text: &str) -> String {
    Visible::of(text).collect()
}

/// A code span. Empty when there is nothing to show.
pub(crate) fn code(text: &str, max: usize) -> String {
    span(&line(text, max))
}

/// A code span around text that is one clean line already.
pub(crate) fn span(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A fenced block of code.
pub(crate) fn fence(language: &str, body: &str) -> String {
    let ticks = "`".repeat(longest_run(body).max(2) + 1);
    format!(
        "{ticks}{language}\n{}\n{ticks}",
        body.trim_end_matches('\n')
    )
}

/// One line outside of code, with all that Markdown would read as markup taken literally.
pub(crate) fn escape(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in line(text, max).chars() {
        let starts_word = c == '_' && !out.ends_with(char::is_alphanumeric);
        if starts_word || matches!(c, '\\' | '`' | '*' | '[' | '<' | '|' | '&' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A cell of a table: Markdown of ours whose pipes must not end the cell.
pub(crate) fn cell(markdown: &str) -> String {
    lines(markdown).replace('\n', " ").replace('|', "\\|")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// The characters of a text that may be shown: controls, escape sequences, and the marks that
/// turn or hide neighbouring text are left out.
struct Visible<I: Iterator<Item = char>>(Peekable<I>);

impl<'a> Visible<std::str::Chars<'a>> {
    fn of(text: &'a str) -> Self {
        Self(text.chars().peekable())
    }
}

impl<I: Iterator<Item = char>> Visible<I> {
    /// Skips the rest of an escape sequence: `[ … letter`, `] … BEL`, or a single character.
    fn skip_sequence(&mut self) {
        let ends: fn(char) -> bool = match self.0.next() {
            Some('[') => |c| ('\u{40}'..='\u{7e}').contains(&c),
            Some(']') => |c| matches!(c, '\u{7}' | '\\'),
            _ => return,
        };
        for _ in 0..64 {
            if self.0.next().is_none_or(ends) {
                return;
            }
        }
    }
}

impl<I: Iterator<Item = char>> Iterator for Visible<I> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            match self.0.next()? {
                ESCAPE => self.skip_sequence(),
                c @ ('\t' | '\n') => return Some(c),
                c if c.is_control() || is_mark(c) => {}
                c => return Some(c),
            }
        }
    }
}

fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_bounded() {
        assert_eq!(line("  a\r\n\n b\tc  ", 10), "a b c");
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("abc   ", 3), "abc");
        assert_eq!(line("", 3), "");
        assert_eq!(line(&"\u{0}".repeat(1_000_000), 3), "");
    }

    #[test]
    fn terminal_escapes_and_hidden_marks_are_dropped() {
        assert_eq!(line("\u{1b}[32m\u{1b}[1mok\u{1b}[0m", 10), "ok");
        assert_eq!(line("\u{1b}]8;;http://x\u{7}link", 10), "link");
        assert_eq!(line("\u{202e}abc\u{feff}", 10), "abc");
        assert_eq!(line("a\u{1b}", 10), "a");
    }

    #[test]
    fn a_code_span_cannot_be_left() {
        assert_eq!(code("a", 9), "`a`");
        assert_eq!(code("a `b` c", 9), "``a `b` c``");
        assert_eq!(code("`", 9), "`` ` ``");
        assert_eq!(code("", 9), "");
    }

    #[test]
    fn a_fence_is_longer_than_any_inside() {
        assert_eq!(fence("rust", "a\n```\nb\n"), "````rust\na\n```\nb\n````");
    }

    #[test]
    fn markup_outside_of_code_is_taken_literally() {
        assert_eq!(
            escape("<b>*x*</b> [y](z)", 40),
            "\\<b>\\*x\\*\\</b> \\[y](z)"
        );
    }
}
