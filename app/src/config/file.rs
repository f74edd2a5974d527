//! Reads a TOML file into the layers, with the line of each key.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value};

use super::layers::{Given, Settings, path};
use super::problem::Problem;
use super::shown::Origin;

/// Lays the text of a TOML file, which people know as `name`, on top of the settings.
pub(super) fn merge(settings: &mut Settings, name: &Path, text: &str, problems: &mut Vec<Problem>) {
    let origin = |offset| Origin::File(name.to_owned(), line_at(text, offset));
    match DeTable::parse(text) {
        Ok(table) => merge_table(settings, "", table.get_ref(), &origin, problems),
        Err(error) => {
            // Not the error itself: it quotes the line, which may hold a secret.
            let place = origin(error.span().map_or(0, |span| span.start));
            let attempt = format!("read {place}");
            problems.push(Problem::new(attempt, error.message(), "correct it there"));
        }
    }
}

fn merge_table(
    settings: &mut Settings,
    section: &str,
    table: &DeTable<'_>,
    origin: &dyn Fn(usize) -> Origin,
    problems: &mut Vec<Problem>,
) {
    for (key, value) in table {
        let path = path(section, key.get_ref());
        let place = origin(key.span().start);
        match value.get_ref() {
            DeValue::Table(inner) if settings.is_section(&path) => {
                merge_table(settings, &path, inner, origin, problems);
            }
            _ => match owned(value) {
                Some(value) => settings.set(&path, &Given::Toml(value), place, problems),
                None => problems.push(Problem::new(
                    format_args!("read {place}"),
                    "it has a number of more than 64 bits",
                    "write a smaller one, or text in quotes",
                )),
            },
        }
    }
}

/// `None` for the one thing that TOML's grammar allows and its values do not: a whole number of
/// more than 64 bits.
fn owned(value: &Spanned<DeValue<'_>>) -> Option<Value> {
    Value::deserialize(value.clone().into_deserializer()).ok()
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.bytes().take(offset);
    1 + before.filter(|byte| *byte == b'\n').count()
}

/// Reads a whole file that a person wrote, of at most 1 MiB.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    const LARGEST: u64 = 1024 * 1024;
    let mut text = String::new();
    let file = File::open(path)?;
    if file.take(LARGEST + 1).read_to_string(&mut text)? as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}
