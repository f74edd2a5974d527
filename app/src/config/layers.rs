//! The layers on top of each other: every key of `config/default.toml` with its value and where
//! that came from. The defaults say which keys there are and of what type; a layer that names
//! another key, or gives another type, is told so. Whether a value makes sense is `check.rs`.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

use super::Config;
use super::problem::{Problem, excerpt, nearest};
use super::shown::{Origin, Shown, is_secret, shown};
use super::variables::{self, Variable};

const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// Every known key, by its path. No `Debug`: it holds secrets in clear.
pub(super) struct Settings(BTreeMap<String, Setting>);

struct Setting {
    value: Value,
    origin: Origin,
}

/// What a layer gives for a key, before it is known to be of the right type.
pub(super) enum Given<'a> {
    Toml(Value),
    Text(&'a str),
}

impl Settings {
    /// The lowest layer.
    pub(super) fn built_in() -> Self {
        let table = toml::from_str(DEFAULTS).expect("the built-in defaults are valid TOML");
        let mut settings = Self(BTreeMap::new());
        settings.add_defaults("", table);
        settings
    }

    fn add_defaults(&mut self, section: &str, table: Table) {
        let origin = Origin::Default;
        for (key, value) in table {
            let path = path(section, &key);
            if let Value::Table(inner) = value {
                self.add_defaults(&path, inner);
            } else {
                let origin = origin.clone();
                self.0.insert(path, Setting { value, origin });
            }
        }
    }

    /// Lays the variables of `.env` or of the environment on top.
    pub(super) fn merge_variables(&mut self, layer: &[Variable], problems: &mut Vec<Problem>) {
        let named = layer.iter().filter_map(|variable| {
            let key = variables::named_key(&variable.name)?;
            (!variable.value.is_empty()).then(|| (key.to_owned(), variable))
        });
        let prefixed = layer.iter().filter_map(|variable| {
            let key = variables::prefixed_key(&variable.name)?;
            Some((key, variable))
        });
        for (key, Variable { name, value, line }) in named.chain(prefixed) {
            let origin = match line {
                Some(line) => Origin::Dotenv(name.clone(), *line),
                None => Origin::Environment(name.clone()),
            };
            self.set(&key, &Given::Text(value), origin, problems);
        }
    }

    /// Sets a key, if it is known and given something of its type.
    pub(super) fn set(
        &mut self,
        key: &str,
        given: &Given<'_>,
        origin: Origin,
        problems: &mut Vec<Problem>,
    ) {
        let Some(setting) = self.0.get_mut(key) else {
            problems.push(self.no_such_key(key, &origin));
            return;
        };
        match given.read_as(&setting.value) {
            Some(value) => *setting = Setting { value, origin },
            None => problems.push(wrong_type(key, given, &origin, &setting.value)),
        }
    }

    fn no_such_key(&self, key: &str, origin: &Origin) -> Problem {
        let attempt = format!("use {} (from {origin})", excerpt(key));
        let known = || self.0.keys().map(String::as_str);
        if let Some(inside) = known().find(|known| is_inside(known, key)) {
            let remedy = format!("set one of its keys, such as {}", origin.name_of(inside));
            return Problem::new(attempt, "it is a section and not a key", remedy);
        }
        let sections = known().filter_map(|key| Some(key.rsplit_once('.')?.0));
        let remedy = match nearest(key, known().chain(sections)) {
            Some(meant) => format!("did you mean {}", origin.name_of(meant)),
            None => "remove it; config/default.toml lists every key".to_owned(),
        };
        Problem::new(attempt, "there is no such key", remedy)
    }

    pub(super) fn is_section(&self, path: &str) -> bool {
        self.0.keys().any(|key| is_inside(key, path))
    }

    /// The value of a key.
    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key).map(|setting| &setting.value)
    }

    /// The value of a key of text.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.value(key).and_then(Value::as_str)
    }

    /// The problem that the value of `key` cannot be used.
    pub(super) fn refuse(
        &self,
        key: &str,
        reason: impl fmt::Display,
        remedy: impl fmt::Display,
    ) -> Problem {
        let attempt = match self.0.get(key) {
            Some(Setting { origin, .. }) if is_secret(key) => format!("use {key} (from {origin})"),
            Some(Setting { value, origin }) => {
                let value = excerpt(&shown(key, value));
                format!("use {key} = {value} (from {origin})")
            }
            None => format!("use {key}"),
        };
        Problem::new(attempt, reason, remedy)
    }

    /// Every key for people to read.
    pub(super) fn shown(&self) -> Vec<Shown> {
        let show = |(key, setting): (&String, &Setting)| Shown {
            key: key.clone(),
            value: shown(key, &setting.value),
            origin: setting.origin.clone(),
        };
        self.0.iter().map(show).collect()
    }

    /// The typed configuration. Fails only where the bounds of `check.rs` are wider than a type.
    pub(super) fn into_config(self) -> Result<Config, Problem> {
        let mut root = Table::new();
        for (path, setting) in self.0 {
            insert(&mut root, &path, setting.value);
        }
        root.try_into().map_err(|error: toml::de::Error| {
            let remedy = "correct the value it names";
            Problem::new("use the configuration", error.message(), remedy)
        })
    }
}

impl Given<'_> {
    /// The value, if it can be one of the same type as `wanted`.
    fn read_as(&self, wanted: &Value) -> Option<Value> {
        match (self, wanted) {
            (Self::Text(text), wanted) => variables::read(text, wanted),
            // TOML tells 1 from 1.0; people who write a share do not.
            #[expect(clippy::cast_precision_loss, reason = "no share has 16 digits")]
            (Self::Toml(Value::Integer(number)), Value::Float(_)) => {
                Some(Value::Float(*number as f64))
            }
            (Self::Toml(Value::Array(items)), _) if !items.iter().all(Value::is_str) => None,
            (Self::Toml(value), wanted) => value.same_type(wanted).then(|| value.clone()),
        }
    }

    fn shown(&self, key: &str) -> String {
        match self {
            Self::Toml(value) => shown(key, value),
            Self::Text(text) => shown(key, &Value::from(*text)),
        }
    }
}

fn wrong_type(key: &str, given: &Given<'_>, origin: &Origin, example: &Value) -> Problem {
    let (wanted, remedy) = match example {
        Value::Boolean(_) => ("true or false", "set one of the two".to_owned()),
        Value::Integer(_) => ("a whole number", format!("set one such as {example}")),
        Value::Float(_) => ("a number", format!("set one such as {example}")),
        Value::Array(_) => (
            "a list of texts",
            r#"set one such as ["a", "b"]"#.to_owned(),
        ),
        _ => ("text", "put it in quotes".to_owned()),
    };
    Problem::new(
        format_args!("use {key} (from {origin})"),
        format_args!("{} is not {wanted}", excerpt(&given.shown(key))),
        remedy,
    )
}

/// The path of a key in a section. A key that itself contains a dot (`"a.b" = 1`) is quoted, so
/// that it is no known path.
pub(super) fn path(section: &str, key: &str) -> String {
    let dot = if section.is_empty() { "" } else { "." };
    if key.contains('.') {
        format!("{section}{dot}{key:?}")
    } else {
        format!("{section}{dot}{key}")
    }
}

fn is_inside(key: &str, section: &str) -> bool {
    let rest = key.strip_prefix(section);
    rest.is_some_and(|rest| rest.starts_with('.'))
}

fn insert(table: &mut Table, path: &str, value: Value) {
    let Some((section, rest)) = path.split_once('.') else {
        table.insert(path.to_owned(), value);
        return;
    };
    let inner = table.entry(section).or_insert_with(|| Table::new().into());
    if let Value::Table(inner) = inner {
        insert(inner, rest, value);
    }
}
