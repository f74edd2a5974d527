//! The advice catalog: what commonly stands behind a failure, and what to do about it.
//!
//! The advice is data: one static table per family of languages or of systems, no code. A row
//! says which failures it is about (class, words of the message) and what to tell; its texts are
//! templates, filled from the evidence by [`super::template`]. The most specific row wins.

mod apple;
mod beam;
mod browser;
mod dart;
mod database;
mod dotnet;
mod generic;
mod go;
mod javascript;
mod jvm;
mod native;
mod network;
mod performance;
mod php;
mod python;
mod resources;
mod ruby;
mod rust;

use std::sync::{LazyLock, OnceLock};

use regex::{Captures, Regex};

use super::family::Family;

/// One row: a failure, and what to tell about it.
#[derive(Debug)]
pub(super) struct Advice {
    /// The families it applies to; none means all.
    pub families: &'static [Family],
    /// The classes it applies to, without module, in any case; none means all.
    pub kinds: &'static [&'static str],
    /// A pattern the message must match; empty matches all. Its named groups can be used in the texts.
    pub message: &'static str,
    /// Whether something was missing that should have been there: the local that is null is the subject.
    pub null: bool,
    /// What the failing expression is followed by in the source (`.{name}`, `[`); the first found counts.
    pub subject: &'static [&'static str],
    /// Why it happens: goes on from «… was raised in f at a.py:3.»
    pub cause: &'static str,
    /// What the evidence cannot tell, and how to find out. May be empty.
    pub open: &'static str,
    /// What to change.
    pub fix: &'static str,
    /// The test to write: goes on from «Write a test that …»
    pub test: &'static str,
    /// How the failing line looks after the change, where that is mechanical.
    pub shape: Shape,
    /// How much work the change usually is.
    pub work: Work,
}

/// How the failing line changes.
#[derive(Debug)]
pub(super) enum Shape {
    /// That is for the developer to design.
    Open,
    /// A guard goes in front of the line.
    Guard(&'static str),
    /// A part of the line is replaced.
    Replace(&'static str, &'static str),
}

/// How much work a change usually is, once its place is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// A line or two.
    Quick,
    /// A change of behaviour with its tests.
    Usual,
    /// A change of design, of data or of operations.
    Deep,
}

/// A row without content, to build the others from.
const BLANK: Advice = Advice {
    families: &[],
    kinds: &[],
    message: "",
    null: false,
    subject: &[],
    cause: "",
    open: "",
    fix: "",
    test: "",
    shape: Shape::Open,
    work: Work::Usual,
};

/// A row that applies, with what its pattern found in the message.
#[derive(Debug)]
pub(super) struct Found<'t> {
    pub advice: &'static Advice,
    pub captures: Option<Captures<'t>>,
    /// Whether only words in the name led here.
    pub general: bool,
}

/// Specific rows, tried all; the most specific that applies wins, the first of equals.
static TABLES: [&[Advice]; 17] = [
    performance::ROWS,
    browser::ROWS,
    database::ROWS,
    network::ROWS,
    resources::ROWS,
    python::ROWS,
    javascript::ROWS,
    jvm::ROWS,
    dotnet::ROWS,
    go::ROWS,
    rust::ROWS,
    php::ROWS,
    ruby::ROWS,
    native::ROWS,
    apple::ROWS,
    beam::ROWS,
    dart::ROWS,
];

static CATALOG: LazyLock<Vec<Row>> = LazyLock::new(|| {
    TABLES
        .iter()
        .flat_map(|table| table.iter())
        .map(Row::new)
        .collect()
});

static FALLBACKS: LazyLock<Vec<Row>> =
    LazyLock::new(|| generic::ROWS.iter().map(Row::new).collect());

/// The most specific row about a failure of this family, class and message.
pub(super) fn find<'t>(family: Family, kind: &str, message: &'t str) -> Option<Found<'t>> {
    let mut best: Option<(u8, Found<'t>)> = None;
    for row in CATALOG.iter() {
        let reach = row.reach(family, kind);
        let beats = |reach: u8| best.as_ref().is_none_or(|(best, _)| reach > *best);
        let Some(reach) = reach.filter(|reach| beats(*reach)) else {
            continue;
        };
        if let Some(found) = row.read(message) {
            best = Some((reach, found));
        }
    }
    best.map(|(_, found)| found)
}

/// The row for a failure nothing specific is known about, by the words in its class and message.
pub(super) fn fall_back(text: &str) -> Option<Found<'static>> {
    let words = words(text);
    let row = FALLBACKS.iter().find(|row| row.read(&words).is_some())?;
    Some(Found {
        advice: row.advice,
        captures: None,
        general: true,
    })
}

/// `FileNotFoundError` → `File Not Found Error`.
fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 8);
    let mut former = ' ';
    for c in text.chars() {
        if former.is_lowercase() && c.is_uppercase() || c == '_' {
            words.push(' ');
        }
        words.push(if c == '_' { ' ' } else { c });
        former = c;
    }
    words
}

/// A row with its pattern, compiled when first needed.
#[derive(Debug)]
struct Row {
    advice: &'static Advice,
    pattern: OnceLock<Option<Regex>>,
}

impl Row {
    fn new(advice: &'static Advice) -> Self {
        Self {
            advice,
            pattern: OnceLock::new(),
        }
    }

    /// How specific this row is for such a failure; `None` when it is about others.
    /// Words of the message weigh more than a class, a class more than a family.
    fn reach(&self, family: Family, kind: &str) -> Option<u8> {
        let Advice {
            families,
            kinds,
            message,
            ..
        } = self.advice;
        if !families.is_empty() && !families.contains(&family) && family != Family::Other {
            return None;
        }
        if !kinds.is_empty() && !kinds.iter().any(|known| is_kind(kind, known)) {
            return None;
        }
        let weight = |told: bool, points: u8| if told { points } else { 0 };
        Some(
            weight(families.contains(&family), 1)
                + weight(!kinds.is_empty(), 3)
                + weight(!message.is_empty(), 5),
        )
    }

    fn read<'t>(&self, message: &'t str) -> Option<Found<'t>> {
        let advice = self.advice;
        if advice.message.is_empty() {
            return Some(Found {
                advice,
                captures: None,
                general: false,
            });
        }
        let pattern = self.pattern.get_or_init(|| Regex::new(advice.message).ok());
        let captures = pattern.as_ref()?.captures(message)?;
        Some(Found {
            advice,
            captures: Some(captures),
            general: false,
        })
    }
}

/// Whether `kind` is `known`, with or without the module it lives in.
fn is_kind(kind: &str, known: &str) -> bool {
    let bare = kind
        .trim_start_matches('*')
        .split([' ', '<', '('])
        .next()
        .unwrap_or_default();
    let last = bare
        .rsplit(['.', ':', '\\', '/', '$'])
        .next()
        .unwrap_or_default();
    [kind, bare, last]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests;
