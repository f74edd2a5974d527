//! The book of placeholders: which stands for what.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use super::{kind::Kind, text::Text};

/// The name of one placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Name {
    /// What kind of thing it stands for.
    pub(super) kind: Kind,
    /// Its number within the kind, from 1.
    pub(super) number: u32,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}-{}>", self.kind.name(), self.number)
    }
}

impl Name {
    /// The placeholder written at a position, and where it ends.
    pub(super) fn read(text: Text<'_>, at: usize) -> Option<(Self, usize)> {
        if text.byte(at) != b'<' {
            return None;
        }
        let dash = text.run(at + 1, |byte| byte.is_ascii_lowercase());
        let end = text.run(dash + 1, |byte| byte.is_ascii_digit());
        if text.byte(dash) != b'-' || text.byte(end) != b'>' || text.byte(dash + 1) == b'0' {
            return None;
        }
        let word = text.part(at + 1..dash);
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == word)?;
        let number = text.part(dash + 1..end).parse().ok()?;
        Some((Self { kind, number }, end + 1))
    }

    /// Whether a text is one placeholder and nothing else.
    pub(super) fn is_all_of(text: &str) -> bool {
        Self::read(Text::new(text), 0).is_some_and(|(_, end)| end == text.len())
    }
}

/// Which placeholder stands for what.
#[derive(Default)]
pub(super) struct Placeholders {
    names: HashMap<Box<str>, Name>,
    values: HashMap<Name, Box<str>>,
    taken: HashSet<Name>,
    last: [u32; Kind::ALL.len()],
}

impl Placeholders {
    /// The placeholder of a value: the one it has, or the next of this kind.
    pub(super) fn name(&mut self, kind: Kind, value: &str) -> Name {
        if let Some(name) = self.names.get(value) {
            return *name;
        }
        let name = self.next(kind);
        self.names.insert(value.into(), name);
        self.values.insert(name, value.into());
        name
    }

    /// What a placeholder stands for.
    pub(super) fn value(&self, name: Name) -> Option<&str> {
        self.values.get(&name).map(Box::as_ref)
    }

    /// Sees to it that this name is never given to anything.
    pub(super) fn reserve(&mut self, name: Name) {
        self.taken.insert(name);
    }

    /// How many values of each kind have a placeholder.
    pub(super) fn counts(&self) -> BTreeMap<&'static str, u32> {
        let mut counts = BTreeMap::new();
        for name in self.values.keys().filter(|name| name.kind != Kind::Text) {
            *counts.entry(name.kind.name()).or_default() += 1;
        }
        counts
    }

    fn next(&mut self, kind: Kind) -> Name {
        let mut name = Name { kind, number: 0 };
        if let Some(last) = self.last.get_mut(kind as usize) {
            loop {
                *last = last.saturating_add(1);
                name.number = *last;
                if !self.taken.contains(&name) || name.number == u32::MAX {
                    break;
                }
            }
        }
        name
    }
}
