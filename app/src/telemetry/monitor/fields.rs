//! The fields of a span or an event.

use std::{
    collections::BTreeMap,
    fmt::{Debug, Write},
    ops::Range,
};

use serde_json::Value;
use tracing::field::{Field, Visit};

/// So many fields a call has at most, and so long are its texts together, as a rule.
const USUAL: (usize, usize) = (8, 64);

/// Fields by their names. Most are never told, so little is done to keep them: all texts stand in
/// one.
#[derive(Default)]
pub(super) struct Fields {
    list: Vec<(&'static str, Told)>,
    texts: String,
}

/// What is said of a field.
pub(super) enum Told {
    Text(Range<usize>),
    Natural(u64),
    Whole(i64),
    Real(f64),
    Truth(bool),
}

impl Fields {
    /// A field's text; nothing where it has none.
    pub(super) fn text(&self, name: &str) -> &str {
        match self.list.iter().find(|(known, _)| *known == name) {
            Some((_, Told::Text(range))) => &self.texts[range.clone()],
            _ => "",
        }
    }

    pub(super) fn take_message(&mut self) -> String {
        let message = self.text("message").to_owned();
        self.list.retain(|(name, _)| *name != "message");
        message
    }

    /// The last value that is told of a field stands.
    pub(super) fn set(&mut self, name: &'static str, told: Told) {
        if let Some((_, old)) = self.list.iter_mut().find(|(known, _)| *known == name) {
            *old = told;
            return;
        }
        if self.list.is_empty() {
            self.list.reserve_exact(USUAL.0);
        }
        self.list.push((name, told));
    }

    /// <https://develop.sentry.dev/sdk/telemetry/traces/span-operations/>
    pub(super) fn op(&self) -> &str {
        match self.text("kind") {
            "store" => "db",
            "model" => "gen_ai.chat",
            other => other,
        }
    }

    pub(super) fn description(&self) -> String {
        let what = match self.text("gen_ai.request.model") {
            "" => self.text("system"),
            model => model,
        };
        format!("{} {what}", self.text("operation"))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, Value)> {
        self.list.iter().map(|(name, told)| {
            let value = match told {
                Told::Text(range) => self.texts[range.clone()].into(),
                Told::Natural(number) => (*number).into(),
                Told::Whole(number) => (*number).into(),
                Told::Real(number) => (*number).into(),
                Told::Truth(truth) => (*truth).into(),
            };
            (*name, value)
        })
    }

    pub(super) fn to_map(&self) -> BTreeMap<String, Value> {
        let owned = |(name, value): (&str, Value)| (name.to_owned(), value);
        self.all().map(owned).collect()
    }

    fn set_text(&mut self, name: &'static str, write: impl FnOnce(&mut String)) {
        if self.texts.is_empty() {
            self.texts.reserve_exact(USUAL.1);
        }
        let begin = self.texts.len();
        write(&mut self.texts);
        self.set(name, Told::Text(begin..self.texts.len()));
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), Told::Whole(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), Told::Natural(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), Told::Real(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), Told::Truth(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set_text(field.name(), |texts| texts.push_str(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set_text(field.name(), |texts| {
            // A text takes whatever it is given.
            let _ = write!(texts, "{value:?}");
        });
    }
}
