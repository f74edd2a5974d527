//! Filling the catalog's texts from the evidence.
//!
//! A template holds `{name}` or `{name|what to say without it}`. The value is one of the facts
//! below, a named group of the row's pattern, or a finding (`{blocked_uri}`), and comes as a code
//! span. `{subject}` is the expression the failure is about, `{function}` the crash's. Sentences are
//! `{earlier_panic}`, about a panic that happened before, and `{not_awaited}`, about a call right before.

use std::cell::Cell;

use super::{
    advice::{Found, Shape},
    facts::Facts,
    inline, source, trail,
};

/// No value in a text is longer.
const VALUE: usize = 120;

/// A row of the catalog together with what fills its texts.
#[derive(Debug)]
pub(super) struct Filled<'a> {
    facts: &'a Facts<'a>,
    pub found: Found<'a>,
    /// The expressions the failure is about: several when the line does not tell which.
    pub subjects: Vec<String>,
}

impl<'a> Filled<'a> {
    pub(super) fn new(facts: &'a Facts<'a>, found: Found<'a>) -> Self {
        let mut filled = Self {
            facts,
            found,
            subjects: Vec::new(),
        };
        filled.subjects = filled.find_subjects();
        filled
    }

    /// The expression the failure is about, where there is no doubt.
    pub(super) fn subject(&self) -> Option<&str> {
        match self.subjects.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The value of the subject where it is a local that holds nothing.
    pub(super) fn null_local(&self) -> Option<(&str, &'a str)> {
        let subject = self.subject()?;
        let value = self.facts.crash?.local(subject)?;
        (self.found.advice.null && source::is_null(value)).then_some((subject, value))
    }

    /// The text with every value in place, as Markdown.
    pub(super) fn text(&self, template: &str) -> String {
        fill(template, &|name| self.markdown(name))
    }

    fn markdown(&self, name: &str) -> Option<String> {
        match name {
            "subject" if self.subjects.is_empty() => None,
            "subject" => {
                let spans: Vec<_> = self.subjects.iter().map(|one| inline::span(one)).collect();
                Some(spans.join(" or "))
            }
            "function" => {
                let crash = self.facts.crash;
                let code = || Some(format!("the code at {}", crash?.place()?));
                let function = crash.and_then(|crash| crash.function()).or_else(code);
                Some(function.unwrap_or_else(|| "the failing code".to_owned()))
            }
            "not_awaited" => {
                let crash = self.facts.crash?;
                let (line, text) = source::not_awaited(&crash.frame.context, crash.frame.line?)?;
                let text = inline::code(text, 160);
                Some(format!(
                    "Line {line} does not wait for what it starts: {text} ({})",
                    crash.id
                ))
            }
            "earlier_panic" => {
                let step = trail::earlier_panic(&self.facts.trail)?;
                let when = step.before(self.facts.event.timestamp);
                let when = when.map_or_else(String::new, |when| format!(", {when}"));
                let what = step.describe();
                Some(format!(
                    "The first panic was most likely {}{when}: {what}",
                    step.id
                ))
            }
            _ => self.value(name).map(|value| inline::span(&value)),
        }
    }

    /// The code with every value in place; `None` when one is not known or has no place in code.
    pub(super) fn code(&self, template: &str) -> Option<String> {
        let complete = Cell::new(true);
        let code = fill(template, &|name| {
            let value = match name {
                "subject" => self.subject().map(str::to_owned),
                _ => self.value(name),
            };
            let value = value.filter(|value| is_plain(value));
            complete.set(complete.get() && value.is_some());
            value
        });
        complete.get().then_some(code)
    }

    /// A value by its name: a fact, a named group of the pattern, or a finding.
    fn value(&self, name: &str) -> Option<String> {
        let facts = self.facts;
        let group = || Some(self.found.captures.as_ref()?.name(name)?.as_str());
        let text = match name {
            "kind" => facts.failure.kind.as_deref(),
            "line" => facts.crash?.source(),
            "transaction" => facts.event.transaction.as_deref(),
            _ => group().or_else(|| facts.finding(&[name])),
        };
        let text = inline::line(text?, VALUE);
        (!text.is_empty()).then_some(text)
    }

    /// The message's own word for it; what stands before the row's needle, the null ones first;
    /// else the one local on the line that is null.
    fn find_subjects(&self) -> Vec<String> {
        let advice = self.found.advice;
        let captures = self.found.captures.as_ref();
        if let Some(named) = captures.and_then(|found| found.name("subject")) {
            return vec![inline::line(named.as_str(), VALUE)];
        }
        let Some((crash, line)) = self
            .facts
            .crash
            .and_then(|crash| Some((crash, crash.source()?)))
        else {
            return Vec::new();
        };
        let needles = advice
            .subject
            .iter()
            .filter_map(|needle| self.needle(needle));
        let mut candidates = needles
            .map(|needle| source::receivers(line, &needle))
            .find(|found| !found.is_empty())
            .unwrap_or_default();
        if candidates.is_empty() && advice.null {
            candidates = source::names(line);
            candidates.retain(|name| crash.local(name).is_some_and(source::is_null));
        }
        let is_null = |name: &str| crash.local(name).is_some_and(source::is_null);
        let unknown = |name: &str| crash.local(name).is_none();
        if advice.null && candidates.iter().any(|name| is_null(name)) {
            candidates.retain(|name| is_null(name));
        } else if advice.null && candidates.iter().any(|name| unknown(name)) {
            // A local that holds something is not what was missing.
            candidates.retain(|name| unknown(name));
        }
        candidates.truncate(3);
        candidates
            .into_iter()
            .map(|name| inline::line(name, VALUE))
            .collect()
    }

    fn needle(&self, template: &str) -> Option<String> {
        let complete = Cell::new(true);
        let needle = fill(template, &|name| {
            let group = self
                .found
                .captures
                .as_ref()
                .and_then(|found| found.name(name));
            complete.set(complete.get() && group.is_some());
            group.map(|group| group.as_str().to_owned())
        });
        (complete.get() && !needle.is_empty()).then_some(needle)
    }

    /// The failing line before and after the change, where the row knows how it changes.
    pub(super) fn change(&self) -> Option<(&'a str, String)> {
        let crash = self.facts.crash?;
        let line = crash.source()?;
        match &self.found.advice.shape {
            Shape::Open => None,
            Shape::Guard(template) => {
                let fits = self.subject().is_none_or(source::is_path)
                    && source::takes_guard(&crash.frame.context, crash.frame.line?);
                let guard = self.code(template).filter(|_| fits)?;
                Some((line, format!("{guard}\n{line}")))
            }
            Shape::Replace(from, to) => {
                let (from, to) = (self.code(from)?, self.code(to)?);
                let once = line.matches(&from).count() == 1;
                once.then(|| (line, line.replacen(&from, &to, 1)))
            }
        }
    }
}

/// Whether a value is safe and sensible inside of code.
fn is_plain(value: &str) -> bool {
    value.len() <= 60
        && value
            .chars()
            .all(|c| c.is_alphanumeric() || "_.-$@>".contains(c))
}

/// Replaces each `{name}` and `{name|what to say without it}`; the latter may hold slots again.
/// Other braces stay.
pub(super) fn fill(template: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, fallback, after)) = slot(after) else {
            out.push('{');
            rest = after;
            continue;
        };
        match value(name) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&fill(fallback, value)),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Takes a slot apart whose opening brace was read: name, fallback, and what follows it.
fn slot(text: &str) -> Option<(&str, &str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))?;
    let (name, rest) = text
        .split_at_checked(end)
        .filter(|(name, _)| !name.is_empty())?;
    if let Some(after) = rest.strip_prefix('}') {
        return Some((name, "", after));
    }
    let inner = rest.strip_prefix('|')?;
    let mut depth = 1_u32;
    let close = inner.find(|c| {
        depth = match c {
            '{' => depth + 1,
            '}' => depth - 1,
            _ => depth,
        };
        depth == 0
    })?;
    Some((name, inner.get(..close)?, inner.get(close + 1..)?))
}
