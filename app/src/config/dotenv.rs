//! Reads `.env` with the parser of `dotenvy`, and adds what that does not do: line numbers, all
//! problems at once, and independence of the process environment, into which nothing is written
//! and from which nothing is taken.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;

use super::file::read_text;
use super::problem::Problem;
use super::variables::Variable;

/// Looked for in the working directory.
pub(super) const FILE: &str = ".env";

/// Stands in for `$` while `dotenvy` parses, which would put variables of the process in its
/// place, and so change a password that contains one. No variable can contain this byte.
const DOLLAR: char = '\0';

/// The variables of `.env` in a folder, in order; none where there is no such file.
pub(super) fn read(folder: &Path, problems: &mut Vec<Problem>) -> Vec<Variable> {
    match read_text(&folder.join(FILE)) {
        Ok(text) => parse(&text, problems),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            let remedy = "make it a readable text file, or remove it";
            problems.push(Problem::new(format_args!("read {FILE}"), error, remedy));
            Vec::new()
        }
    }
}

fn parse(text: &str, problems: &mut Vec<Problem>) -> Vec<Variable> {
    // A last line without an end confuses dotenvy when it ends in a blank.
    let text = hide_dollars(text.trim_start_matches('\u{feff}')) + "\n";
    let lines_read = Cell::new(0);
    let reader = LineByLine {
        rest: text.as_bytes(),
        lines_read: &lines_read,
    };
    let mut variables = Vec::new();
    for item in dotenvy::from_read_iter(reader) {
        let line = lines_read.get();
        match item {
            Ok((name, value)) => {
                let value = value.replace(DOLLAR, "$");
                variables.push(Variable::new(&name, &value, Some(line)));
            }
            // Not the error itself: it quotes the line, which may hold a secret.
            Err(error) => problems.push(Problem::new(
                format_args!(
                    "read {FILE} line {}",
                    line.saturating_sub(lines_inside(&error))
                ),
                "it is not NAME=value",
                "put a value with spaces, quotes or # in single quotes, and close every quote",
            )),
        }
    }
    variables
}

/// Replaces each `$` that is not already escaped by a backslash.
fn hide_dollars(text: &str) -> String {
    let mut escaped = false;
    let hide = |c: char| {
        let hidden = if c == '$' && !escaped { DOLLAR } else { c };
        escaped = c == '\\' && !escaped;
        hidden
    };
    text.chars().map(hide).collect()
}

/// How many lines back what could not be parsed began: an open quote runs to the end of the file.
fn lines_inside(error: &dotenvy::Error) -> usize {
    match error {
        dotenvy::Error::LineParse(text, _) => text
            .strip_suffix('\n')
            .unwrap_or(text)
            .matches('\n')
            .count(),
        _ => 0,
    }
}

/// Hands out at most one line per read, so that the count of lines read so far is the line that
/// the parser stands at.
struct LineByLine<'a> {
    rest: &'a [u8],
    lines_read: &'a Cell<usize>,
}

impl Read for LineByLine<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let newline = self.rest.iter().position(|byte| *byte == b'\n');
        let line = newline.map_or(self.rest.len(), |at| at + 1);
        let (now, later) = self.rest.split_at(line.min(buffer.len()));
        let (target, _) = buffer.split_at_mut(now.len());
        target.copy_from_slice(now);
        self.rest = later;
        if now.ends_with(b"\n") {
            self.lines_read.set(self.lines_read.get() + 1);
        }
        Ok(now.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<(String, String, usize)>, Vec<String>) {
        let mut problems = Vec::new();
        let variables = parse(text, &mut problems).into_iter();
        let variables = variables.map(|v| (v.name, v.value, v.line.unwrap()));
        (
            variables.collect(),
            problems.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn reads_what_people_write() {
        let cases = [
            ("A=b", "b"),
            ("A=b ", "b"),
            ("\u{feff}A=b\r\n", "b"),
            ("export A = b # why", "b"),
            ("A=", ""),
            ("A='b # c'", "b # c"),
            (r#"A="b \"c\"""#, r#"b "c""#),
            ("A=x=y", "x=y"),
        ];
        for (text, expected) in cases {
            let (variables, problems) = parsed(text);
            assert_eq!(
                variables,
                [("A".to_owned(), expected.to_owned(), 1)],
                "{text:?}"
            );
            assert!(problems.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn a_dollar_stands_for_itself() {
        let cases = ["A=p$HOME", "A='p$HOME'", "A=\"p$HOME\"", r"A=p\$HOME"];
        for text in cases {
            let (variables, _) = parsed(text);
            assert_eq!(
                variables,
                [("A".to_owned(), "p$HOME".to_owned(), 1)],
                "{text}"
            );
        }
        let (variables, _) = parsed(r"A=\\${HOME}");
        assert_eq!(variables, [("A".to_owned(), r"\${HOME}".to_owned(), 1)]);
    }

    #[test]
    fn says_which_lines_are_wrong_and_reads_the_others() {
        let long = format!("LONG={}", "x".repeat(20_000));
        let text = format!("# first\n\nA=1\nnot a variable\n{long}\nB=two words\nC=3\n");
        let (variables, problems) = parsed(&text);
        let places: Vec<_> = variables
            .iter()
            .map(|(name, _, line)| (name.as_str(), *line))
            .collect();
        assert_eq!(places, [("A", 3), ("LONG", 5), ("C", 7)]);
        assert_eq!(problems.len(), 2);
        assert!(
            problems[0].starts_with("could not read .env line 4 because"),
            "{problems:?}"
        );
        assert!(
            problems[1].starts_with("could not read .env line 6 because"),
            "{problems:?}"
        );
    }

    #[test]
    fn an_open_quote_is_reported_where_it_was_opened() {
        let (variables, problems) = parsed("A=1\nB='open\nC=3\n\n");
        assert_eq!(variables.len(), 1);
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].starts_with("could not read .env line 2 because"),
            "{problems:?}"
        );
    }

    #[test]
    fn the_environment_of_the_process_is_left_alone() {
        let (variables, _) = parsed("EXPLAINER_TEST_OF_DOTENV=1");
        assert_eq!(variables.len(), 1);
        assert!(std::env::var_os("EXPLAINER_TEST_OF_DOTENV").is_none());
    }
}
