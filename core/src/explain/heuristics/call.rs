//! The calls on the stacks of the evidence: which of them are own code, what they are called, what
//! their lines and locals show.

use std::collections::{HashMap, HashSet};

use super::{inline, source};
use crate::{
    domain::{Evidence, EvidenceId, EvidenceKind, Stack, event::Frame},
    explain::collect,
};

/// One frame with its number and what was read off it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub frame: &'a Frame,
    pub id: EvidenceId,
    pub stack: Stack,
    /// Whether it is the program's own code.
    pub own: bool,
    /// How often this place stands on the stack.
    pub times: usize,
}

/// Every frame with its number, and whether it is own code by the same measure for all of them.
pub(super) fn read(evidence: &Evidence) -> Vec<Call<'_>> {
    let own: HashSet<_> = collect::own_frames(&evidence.event)
        .map(std::ptr::from_ref)
        .collect();
    let places = evidence.frames.iter().enumerate();
    let calls = places.filter_map(|(index, place)| {
        let frame = evidence.frame(index)?;
        let (id, stack) = (EvidenceKind::Frame.id(index), place.stack);
        let own = own.contains(&std::ptr::from_ref(frame));
        Some(Call {
            frame,
            id,
            stack,
            own,
            times: 1,
        })
    });
    calls.collect()
}

/// The same calls, each place once, with how often it stood there.
pub(super) fn distinct<'a>(calls: &[Call<'a>]) -> Vec<Call<'a>> {
    let mut seen: HashMap<_, usize> = HashMap::new();
    let mut places: Vec<Call<'a>> = Vec::new();
    for call in calls {
        let frame = call.frame;
        let key = (
            frame.function.as_deref(),
            frame.place(),
            frame.line,
            frame.address.as_deref(),
        );
        if let Some(place) = seen.get(&key).and_then(|at| places.get_mut(*at)) {
            place.times += 1;
        } else {
            seen.insert(key, places.len());
            places.push(*call);
        }
    }
    places
}

/// The own calls among `places`, and after them those of the exceptions the failure surfaced as:
/// where every exception has a stack of its own, the root's ends where it was caught.
pub(super) fn path<'a>(
    places: Vec<Call<'a>>,
    crash: Option<Call<'a>>,
    calls: &[Call<'a>],
) -> Vec<Call<'a>> {
    let mut path: Vec<_> = places.into_iter().filter(|call| call.own).collect();
    let mut seen: HashSet<_> = path.iter().map(Call::function_key).collect();
    let above = |stack| match (crash.map(|crash| crash.stack), stack) {
        (Some(Stack::Exception(crash)), Stack::Exception(at)) => at > crash,
        _ => false,
    };
    for call in calls.iter().filter(|call| call.own && above(call.stack)) {
        if seen.insert(call.function_key()) {
            path.push(*call);
        }
    }
    path
}

impl<'a> Call<'a> {
    /// Names the function among all.
    fn function_key(&self) -> (Option<&'a str>, Option<&'a str>) {
        (self.frame.function.as_deref(), self.frame.place())
    }

    /// The line of source that was running, where it is there and readable.
    pub(super) fn source(&self) -> Option<&'a str> {
        let line = self.frame.line?;
        let (_, text) = self
            .frame
            .context
            .iter()
            .find(|(number, _)| *number == line)?;
        let text = text.trim();
        (!text.is_empty() && text.len() <= source::READABLE).then_some(text)
    }

    /// The function as a code span, where it has a name.
    pub(super) fn function(&self) -> Option<String> {
        let function = inline::line(self.frame.function.as_deref()?, 100);
        let bracketed = function.starts_with('<') && function.find('>') == Some(function.len() - 1);
        let anonymous =
            bracketed || function.ends_with('?') || matches!(function.as_str(), "" | "eval");
        (!anonymous).then(|| inline::span(&function))
    }

    /// The file; without one the module, or the name of the image.
    pub(super) fn file(&self) -> Option<&'a str> {
        let frame = self.frame;
        let file = frame
            .file
            .as_deref()
            .or(frame.abs_path.as_deref())
            .or(frame.module.as_deref());
        file.or_else(|| frame.package.as_deref()?.rsplit(['/', '\\']).next())
    }

    /// File and line as a code span.
    pub(super) fn place(&self) -> Option<String> {
        let frame = self.frame;
        let place = inline::line(self.file()?, 160);
        if place.is_empty() {
            return None;
        }
        let line = frame.line.filter(|line| *line > 0);
        Some(inline::span(&line.map_or_else(
            || place.clone(),
            |line| format!("{place}:{line}"),
        )))
    }

    /// Function and place, as far as they are known, with the id: «`load` at `a.py:3` (F1)».
    pub(super) fn cite(&self) -> String {
        format!("{} ({})", self.name(), self.id)
    }

    /// Function and place, as far as they are known.
    pub(super) fn name(&self) -> String {
        match (self.function(), self.place()) {
            (Some(function), Some(place)) => format!("{function} at {place}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => match &self.frame.address {
                Some(address) => format!("address {}", inline::code(address, 24)),
                None => "a frame without a name".to_owned(),
            },
        }
    }

    /// The locals that `line` uses, in the line's order, as Markdown: «`row` = `None`».
    pub(super) fn locals(&self, line: &str) -> Vec<String> {
        let locals = &self.frame.locals;
        let used = source::names(line).into_iter();
        let known = used.filter_map(|name| {
            let bare = |key: &str| key.trim_start_matches(['$', '@']) == name;
            locals.iter().find(|(key, _)| bare(key))
        });
        known
            .filter(|(_, value)| is_data(value))
            .map(|(name, value)| pair(name, value))
            .take(6)
            .collect()
    }

    /// The value of a local.
    pub(super) fn local(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.frame.locals.iter().find(|(key, _)| key == name)?;
        Some(value)
    }
}

/// Whether a local's value says something: code objects and modules do not.
fn is_data(value: &str) -> bool {
    const CODE: [&str; 7] = [
        "<module ",
        "<function ",
        "<class ",
        "<bound method",
        "[Function",
        "<built-in",
        "<method",
    ];
    !CODE.iter().any(|start| value.starts_with(start))
}

/// A named value as Markdown; values whose name says that they are secret are not shown, however
/// short, nor what is secret by its form. Where an object is in memory is no secret.
pub(super) fn pair(name: &str, value: &str) -> String {
    const SECRET: [&str; 14] = [
        "password",
        "passwd",
        "secret",
        "token",
        "apikey",
        "api_key",
        "authorization",
        "cookie",
        "session",
        "credential",
        "card",
        "cvv",
        "ssn",
        "private",
    ];
    let lower = name.to_ascii_lowercase();
    let is_object = value.starts_with('<') && value.contains(" at 0x");
    let harmless = is_object || source::is_null(value);
    let secret = !harmless && SECRET.iter().any(|word| lower.contains(word));
    let value = inline::value(name, if secret { "***" } else { value }, 60);
    let value = if value.is_empty() { "nothing" } else { &value };
    format!("{} = {value}", inline::code(name, 60))
}
