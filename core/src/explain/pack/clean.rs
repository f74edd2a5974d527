//! Makes text from outside safe to show: no control characters, no invisible ones, not too long.

use std::borrow::Cow;

/// A text without what only a terminal or nobody sees: escape sequences, control characters,
/// marks that change the direction of writing, invisible letters. Every kind of line end becomes
/// `\n`.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => skip_sequence(&mut letters),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => cleaned.push('\n'),
            '\n' | '\t' => cleaned.push(letter),
            _ if letter.is_control() || is_invisible(letter) => {}
            _ => cleaned.push(letter),
        }
    }
    Cow::Owned(cleaned)
}

/// Marks of direction, zero-width spaces and the tag characters that spell text nobody sees.
/// The joiner that emoji are made with stays.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Passes over what belongs to an escape (ECMA-48): `[…letter`, `]…` up to BEL or `ESC \`, or one
/// character.
fn skip_sequence(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match letters.next_if(|letter| *letter != '\n') {
        Some('[') => {
            while letters
                .next_if(|letter| matches!(letter, ' '..='?'))
                .is_some()
            {}
            letters.next_if(|letter| matches!(letter, '@'..='~'));
        }
        Some(']') => {
            let inside = |letter: &char| !matches!(letter, '\u{7}' | '\u{1b}' | '\n');
            while letters.next_if(inside).is_some() {}
            letters.next_if_eq(&'\u{7}');
        }
        _ => {}
    }
}

/// How much more of a cut text is read than shown, in bytes: a secret up to so long is recognised
/// although the cut goes through it.
pub(super) const MARGIN: usize = 512;

/// The first and the last part of a text of which only about `most` characters are to be shown,
/// each longer than needed by a margin in which a secret can be recognised as a whole. `None`
/// where the two would be all of it.
///
/// The last part begins after something that ends words, so that it does not begin within a
/// secret; where there is no such thing it is empty.
pub(super) fn ends(text: &str, most: usize) -> Option<(&str, &str)> {
    if text.len() <= 2 * (most + MARGIN) {
        return None;
    }
    let head = text.get(..boundary(text, most + MARGIN))?;
    let tail = text.get(boundary(text, text.len() - most / 2 - MARGIN)..)?;
    let divides = |letter: char| letter.is_whitespace() || "\"'`,;&<>()[]{}|".contains(letter);
    let start = tail.find(divides).filter(|start| *start < MARGIN);
    Some((
        head,
        start.and_then(|start| tail.get(start..)).unwrap_or(""),
    ))
}

/// At most `most` bytes of a line, those around the column if it has more.
pub(super) fn around(line: &str, column: usize, most: usize) -> &str {
    let last = line.len().saturating_sub(most);
    let start = boundary(line, column.saturating_sub(most / 2).min(last));
    line.get(start..boundary(line, start + most)).unwrap_or("")
}

/// The last place not after `at` where a text can be cut.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_seen_stays() {
        for (text, seen) in [
            ("plain\n\ttext ~", "plain\n\ttext ~"),
            (
                "\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;title\u{7}x\u{1b}(By",
                "red xBy",
            ),
            ("a\r\nb\rc\u{2028}d\u{85}e", "a\nb\nc\nd\ne"),
            ("nul\0 bel\u{7} del\u{7f} c1\u{9b}", "nul bel del c1"),
            (
                "\u{202e}evil\u{2066} \u{e0041}\u{e0042}tag\u{200b}s\u{feff}",
                "evil tags",
            ),
            ("\u{1b}[31", ""),
            ("\u{1b}", ""),
            ("👩\u{200d}🔬 naïve 日本", "👩\u{200d}🔬 naïve 日本"),
        ] {
            assert_eq!(clean(text), seen, "{text:?}");
        }
    }
}
