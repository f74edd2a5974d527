//! What is said when a configuration cannot be used. The texts are made where the problem is
//! found; here they get their one shape, «could not X because Y; do Z».

use std::fmt;

/// One reason why the configuration cannot be used. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not {attempt} because {reason}; {remedy}")]
pub struct Problem {
    attempt: String,
    reason: String,
    remedy: String,
}

impl Problem {
    pub(super) fn new(
        attempt: impl fmt::Display,
        reason: impl fmt::Display,
        remedy: impl fmt::Display,
    ) -> Self {
        Self {
            attempt: attempt.to_string(),
            reason: reason.to_string(),
            remedy: remedy.to_string(),
        }
    }
}

/// Everything that is wrong with a configuration, one problem a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Problem>);

impl std::error::Error for ConfigErrors {}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// At most about a line of `text`, on one line, for quoting what someone wrote.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace(char::is_control, " ")
}

/// What the writer of an unknown name most likely meant: the known name the fewest edits away,
/// as a whole or in its last word (`port` for `server.port`).
pub(super) fn nearest<'a>(
    unknown: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    const MOST_EDITS: usize = 3;
    const LONGEST: usize = 64;
    if unknown.len() > LONGEST {
        return None;
    }
    let ranked = known.into_iter().map(|name| {
        let whole = edits(unknown, name);
        let word = edits(last_word(unknown), last_word(name));
        (whole.min(word + 1), whole, name)
    });
    let (rank, _, name) = ranked.min()?;
    (rank <= MOST_EDITS && rank * 3 <= unknown.len()).then_some(name)
}

fn last_word(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, word)| word)
}

/// Levenshtein distance in bytes.
fn edits(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, left_byte) in left.bytes().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (right_byte, cell) in right.bytes().zip(row.iter_mut().skip(1)) {
            let swap = diagonal + usize::from(left_byte != right_byte);
            diagonal = *cell;
            before = swap.min(before + 1).min(*cell + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        let cases = [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("port", "prot", 2),
            ("kitten", "sitting", 3),
            ("server.port", "server.ports", 1),
        ];
        for (left, right, expected) in cases {
            assert_eq!(edits(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn suggests_a_near_name_and_stays_silent_when_none_is_near() {
        let known = ["llm.openai.model", "server.host", "server.port"];
        let cases = [
            ("server.prot", Some("server.port")),
            ("port", Some("server.port")),
            ("openai.model", Some("llm.openai.model")),
            ("llm.modell", Some("llm.openai.model")),
            ("abc", None),
            ("colour", None),
        ];
        for (unknown, expected) in cases {
            assert_eq!(nearest(unknown, known), expected, "{unknown}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), known), None);
    }

    #[test]
    fn quotes_little_and_on_one_line() {
        assert_eq!(excerpt("a\nb\u{1b}c"), "a b c");
        assert_eq!(excerpt(&"ü".repeat(500)).chars().count(), 81);
    }
}
