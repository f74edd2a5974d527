//! What was sent, in the form in which an answer is held against it.

use std::collections::HashSet;

use super::{is_printed, orders};
use crate::{
    domain::{Evidence, EvidenceId, EvidenceKind},
    explain::pack::Packed,
};

/// The evidence of one question, to look things up in.
///
/// Texts are kept as [`plain`] has them. Passages that read like orders to a model are kept apart:
/// what only they bear out is not borne out.
#[derive(Debug, Clone, Default)]
pub struct Known {
    printed: HashSet<EvidenceId>,
    text: String,
    orders: String,
    places: Vec<String>,
    issues: HashSet<String>,
    offered: HashSet<String>,
}

impl Known {
    pub(super) fn new(
        evidence: &Evidence,
        packed: &Packed,
        related: &str,
        offered: Vec<String>,
    ) -> Self {
        let mut known = Self {
            places: places(evidence),
            ..Self::default()
        };
        known.issues.extend(offered.iter().cloned());
        known.offered.extend(offered);
        let issue = &evidence.issue;
        known.issues.insert(issue.id.clone());
        known.issues.extend(issue.short_id.clone());
        for index in 0..evidence.frames.len() {
            let id = EvidenceKind::Frame.id(index);
            if is_printed(packed, id) {
                known.printed.insert(id);
            }
        }
        let listed = packed.sections.iter().filter_map(|section| section.id);
        known.printed.extend(listed);
        for item in items(&packed.text).chain(items(related)) {
            known.add(item);
        }
        known
    }

    /// Whether this id was in the evidence that was sent.
    pub fn has_id(&self, id: EvidenceId) -> bool {
        self.printed.contains(&id)
    }

    /// Whether the issue was offered as one that may be related.
    pub fn offers(&self, issue: &str) -> bool {
        self.offered.contains(issue)
    }

    /// Whether the id of an issue is known.
    pub fn has_issue(&self, id: &str) -> bool {
        self.issues.contains(id) || has_word(&self.text, id)
    }

    /// Whether a passage occurs, as [`plain`] has it.
    pub fn has_passage(&self, passage: &str) -> bool {
        self.text.contains(passage)
    }

    /// Whether a passage occurs only where the evidence gives orders.
    pub fn has_order(&self, passage: &str) -> bool {
        !self.has_passage(passage) && self.orders.contains(passage)
    }

    /// Whether a name stands in the evidence as a word of its own.
    pub fn has_name(&self, name: &str) -> bool {
        has_word(&self.text, name) || self.places.iter().any(|place| has_word(place, name))
    }

    /// Whether a file is the evidence's: one path is the end of the other.
    pub fn has_file(&self, path: &str) -> bool {
        let is_end = |long: &str, short: &str| {
            long.strip_suffix(short)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', '\\', '.', ':']))
        };
        let mut places = self.places.iter();
        has_word(&self.text, path)
            || places.any(|place| is_end(place, path) || place.contains('.') && is_end(path, place))
    }

    /// Whether the evidence gives orders to whoever reads it.
    pub fn gives_orders(&self) -> bool {
        !self.orders.is_empty()
    }

    /// Sorts an item's lines by whether they give orders. Of a message the whole counts; elsewhere
    /// each line has its own source.
    fn add(&mut self, item: &str) {
        let is_message = item.starts_with(['M', 'E', 'B', '#']);
        let whole = is_message && orders::are_in(item);
        for line in item.lines() {
            let ordered = whole || !is_message && orders::are_in(line);
            let to = if ordered {
                &mut self.orders
            } else {
                &mut self.text
            };
            push_plain(to, line);
        }
    }
}

/// The items of a packed text: each begins with a line that is not indented.
fn items(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = rest
            .match_indices('\n')
            .map(|(at, _)| at + 1)
            .find(|at| !rest[*at..].starts_with(' '));
        let (item, others) = rest.split_at(next.unwrap_or(rest.len()));
        rest = others;
        Some(item)
    })
}

/// Everything that has a name: files, functions, modules, types.
fn places(evidence: &Evidence) -> Vec<String> {
    let frames = (0..evidence.frames.len()).filter_map(|index| evidence.frame(index));
    let of_frames = frames.flat_map(|frame| {
        [
            &frame.file,
            &frame.abs_path,
            &frame.function,
            &frame.module,
            &frame.package,
        ]
    });
    let event = &evidence.event;
    let of_exceptions = event
        .exceptions
        .iter()
        .flat_map(|exception| [&exception.kind, &exception.module]);
    let others = [
        &event.transaction,
        &event.culprit,
        &event.logger,
        &evidence.issue.culprit,
    ];
    let all = of_frames.chain(of_exceptions).chain(others);
    let mut places: Vec<String> = all.flatten().cloned().collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Whether `name` stands in `text` with no letter, digit or `_` around it.
fn has_word(text: &str, name: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

/// A text in the form in which texts are compared: the numbers of source lines gone, every run of
/// blanks one space, every placeholder without its number, quotation marks those of programs.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        push_plain(&mut plain, line);
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// Appends a line and a space.
fn push_plain(to: &mut String, line: &str) {
    let mut rest = without_number(line.trim());
    while let Some(at) = rest.find(|c: char| c.is_whitespace() || c == '<' || !c.is_ascii()) {
        to.push_str(&rest[..at]);
        let c = rest[at..].chars().next().unwrap_or(' ');
        rest = &rest[at + c.len_utf8()..];
        match c {
            '“' | '”' | '„' => to.push('"'),
            '‘' | '’' => to.push('\''),
            '<' => {
                to.push('<');
                if let Some((kind, after)) = placeholder(rest) {
                    to.push_str(kind);
                    rest = after;
                }
            }
            c if c.is_whitespace() => {
                to.push(' ');
                rest = rest.trim_start();
            }
            c => to.push(c),
        }
    }
    to.push_str(rest);
    to.push(' ');
}

/// What follows the `<` of `<email-1>`: the kind, and what stands after the number.
fn placeholder(rest: &str) -> Option<(&str, &str)> {
    let dash = rest.find('-').filter(|dash| *dash <= 10)?;
    let (kind, after) = rest.split_at(dash);
    let number = after.get(1..)?;
    let after = number.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_one = kind.bytes().all(|byte| byte.is_ascii_lowercase())
        && after.len() < number.len()
        && after.starts_with('>');
    (is_one && !kind.is_empty()).then_some((kind, after))
}

/// A line of source as it is printed, `> 17 | text`, without what stands before the text.
fn without_number(line: &str) -> &str {
    let numbered = line.strip_prefix("> ").unwrap_or(line).trim_start();
    let rest = numbered.trim_start_matches(|c: char| c.is_ascii_digit());
    match rest.strip_prefix(" |") {
        Some(text) if rest.len() < numbered.len() => text.trim_start(),
        _ => line,
    }
}
