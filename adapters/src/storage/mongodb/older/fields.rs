//! Reading fields that nobody checked: by any of their names, of any type that can be understood.

use ::mongodb::bson::{Bson, Document};
use explainer_core::domain::Timestamp;

/// The fields of a document, and what was put right while they were read.
pub(super) struct Fields<'a> {
    document: &'a Document,
    /// For people.
    pub(super) notes: Vec<String>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        Self {
            document,
            notes: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The first of these that is there and not null.
    pub(super) fn any(&self, names: &[&str]) -> Option<&'a Bson> {
        let mut found = names.iter().filter_map(|name| self.document.get(name));
        found.find(|value| **value != Bson::Null)
    }

    /// A text that is not empty; ids and numbers as text.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        text(self.any(names)?)
    }

    /// A reference to another document.
    pub(super) fn reference(&self, names: &[&str]) -> Option<String> {
        self.any(names).and_then(id_of)
    }

    pub(super) fn group(&self, names: &[&str]) -> Option<&'a Document> {
        self.any(names)?.as_document()
    }

    pub(super) fn flag(&self, names: &[&str]) -> Option<bool> {
        match self.any(names)? {
            Bson::Boolean(flag) => Some(*flag),
            other => match text(other)?.to_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(true),
                "false" | "0" | "no" | "off" => Some(false),
                _ => None,
            },
        }
    }

    pub(super) fn count(&self, names: &[&str]) -> Option<u64> {
        text(self.any(names)?)?.parse().ok()
    }

    /// A list of texts; one text is a list of its lines.
    pub(super) fn texts(&self, names: &[&str]) -> Vec<String> {
        match self.any(names) {
            Some(Bson::Array(items)) => items.iter().filter_map(text).collect(),
            Some(other) => {
                let text = text(other).unwrap_or_default();
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                lines.map(str::to_owned).collect()
            }
            None => Vec::new(),
        }
    }

    /// A time, to the millisecond. One without a zone is UTC, which is what the older backend wrote.
    pub(super) fn time(&mut self, names: &[&str]) -> Option<Timestamp> {
        let value = self.any(names)?;
        let name = names.first().copied().unwrap_or_default();
        let Some((time, zoned)) = time(value) else {
            self.note(format!("{name} cannot be read as a time and was left out"));
            return None;
        };
        if !zoned {
            self.note(format!("{name} has no zone: taken as UTC"));
        }
        Some(time)
    }
}

/// What a document or a reference is found by, if it can be an id of ours.
pub(super) fn id_of(value: &Bson) -> Option<String> {
    match value {
        Bson::ObjectId(id) => Some(id.to_hex()),
        Bson::String(text) if !text.is_empty() => Some(text.clone()),
        Bson::Int32(number) => Some(number.to_string()),
        Bson::Int64(number) => Some(number.to_string()),
        _ => None,
    }
}

/// When a document was made, as its id says.
pub(super) fn made_at(key: &Bson) -> Option<Timestamp> {
    let made = key.as_object_id()?.timestamp();
    Timestamp::from_millisecond(made.timestamp_millis()).ok()
}

fn text(value: &Bson) -> Option<String> {
    let text = match value {
        Bson::String(text) => text.trim().to_owned(),
        Bson::ObjectId(id) => id.to_hex(),
        Bson::Int32(number) => number.to_string(),
        Bson::Int64(number) => number.to_string(),
        Bson::Double(number) => number.to_string(),
        Bson::Boolean(flag) => flag.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A time, and whether it said its zone.
fn time(value: &Bson) -> Option<(Timestamp, bool)> {
    let (time, zoned) = match value {
        Bson::DateTime(date) => (
            Timestamp::from_millisecond(date.timestamp_millis()).ok()?,
            true,
        ),
        Bson::Int32(seconds) => (Timestamp::from_second((*seconds).into()).ok()?, true),
        Bson::Int64(number) => (epoch(*number)?, true),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "seconds with a fraction, and years are far from the limit"
        )]
        Bson::Double(seconds) => (
            Timestamp::from_millisecond((seconds * 1e3) as i64).ok()?,
            true,
        ),
        Bson::String(text) => match text.trim().parse() {
            Ok(time) => (time, true),
            Err(_) => (without_zone(text.trim())?, false),
        },
        _ => return None,
    };
    let time = Timestamp::from_millisecond(time.as_millisecond()).ok()?;
    Some((time, zoned))
}

/// Seconds or milliseconds since 1970: in milliseconds, no issue is older than 1971.
fn epoch(number: i64) -> Option<Timestamp> {
    if number.abs() < 31_536_000_000 {
        Timestamp::from_second(number).ok()
    } else {
        Timestamp::from_millisecond(number).ok()
    }
}

fn without_zone(text: &str) -> Option<Timestamp> {
    let at_midnight = format!("{text}T00:00:00Z");
    format!("{text}Z")
        .parse()
        .or_else(|_| at_midnight.parse())
        .ok()
}

#[cfg(test)]
mod tests {
    use ::mongodb::bson::{DateTime, doc, oid::ObjectId};

    use super::*;

    #[test]
    fn times_are_read_in_every_form_there_is() {
        let moment = "2025-03-01T12:30:00.123Z";
        for (value, zoned) in [
            (Bson::from(moment), true),
            (Bson::from("2025-03-01T13:30:00.123456+01:00"), true),
            (Bson::from("2025-03-01T12:30:00.123456"), false),
            (Bson::from(" 2025-03-01 12:30:00.123 "), false),
            (Bson::from(DateTime::from_millis(1_740_832_200_123)), true),
            (Bson::from(1_740_832_200_123_i64), true),
            (Bson::from(1_740_832_200.123), true),
        ] {
            let document = doc! { "at": value.clone() };
            let mut fields = Fields::of(&document);
            let time = fields.time(&["at"]).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some(moment), "{value}");
            assert_eq!(
                fields.notes.is_empty(),
                zoned,
                "{value}: {:?}",
                fields.notes
            );
        }
        for (text, expected) in [
            ("2025-03-01", Some("2025-03-01T00:00:00Z")),
            ("yesterday", None),
        ] {
            let document = doc! { "at": text };
            let mut fields = Fields::of(&document);
            let time = fields.time(&["at"]).map(|time| time.to_string());
            assert_eq!((time.as_deref(), fields.notes.len()), (expected, 1));
        }
    }

    #[test]
    fn fields_are_found_by_any_name_and_type() {
        let id = ObjectId::new();
        let document = doc! {
            "a": Bson::Null, "b": " text ", "id": id, "count": "12", "flag": "True",
            "steps": "one\n\n two", "list": ["x", 1, Bson::Null],
        };
        let fields = Fields::of(&document);
        assert_eq!(fields.text(&["a", "b"]).as_deref(), Some("text"));
        assert_eq!(fields.reference(&["id"]), Some(id.to_hex()));
        assert_eq!(fields.count(&["count"]), Some(12));
        assert_eq!(fields.flag(&["flag"]), Some(true));
        assert_eq!(fields.texts(&["steps"]), ["one", "two"]);
        assert_eq!(fields.texts(&["list"]), ["x", "1"]);
        assert_eq!(fields.texts(&["a"]), [""; 0]);
    }
}
