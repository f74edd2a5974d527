//! A small JSON tree that borrows from the document, with accessors that never fail.
//!
//! Documents come from anywhere: a missing key, a wrong type and `null` all read as nothing.
//! What the values mean is left to the readers beside this file.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::{
    Serialize, Serializer,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;

use super::limits::{MAX_DEPTH, MAX_VALUES, cut};

/// One JSON value. Strings without escapes are not copied.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Map(Vec<(Cow<'a, str>, Node<'a>)>),
}

static NULL: Node<'static> = Node::Null;

/// Reads the first JSON value of `text`, and gives back what comes after it.
///
/// Values nested deeper than [`MAX_DEPTH`] become `…`; a document of more than [`MAX_VALUES`]
/// values is an error.
pub(super) fn parse(text: &str) -> serde_json::Result<(Node<'_>, &str)> {
    let values = Cell::new(MAX_VALUES);
    let mut json = serde_json::Deserializer::from_str(text);
    let seed = Seed {
        depth: MAX_DEPTH,
        values: &values,
    };
    let node = seed.deserialize(&mut json)?;
    let end = json.into_iter::<IgnoredAny>().byte_offset();
    Ok((node, text.get(end..).unwrap_or_default().trim_start()))
}

/// Replaces escapes of half surrogate pairs, which SDKs leave behind when they cut text and which
/// are no text at all; `None` when there are none.
pub(super) fn mend(text: &str) -> Option<String> {
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        let high = surrogate(text, at, 0xD800);
        if high && surrogate(text, at + 6, 0xDC00) {
            at += 12;
        } else if high || surrogate(text, at, 0xDC00) {
            mended.push_str(text.get(copied..at)?);
            mended.push_str("\\ufffd");
            at += 6;
            copied = at;
        } else {
            at += 1 + text
                .get(at + 1..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8);
        }
    }
    (copied > 0).then(|| mended + text.get(copied..).unwrap_or_default())
}

/// Whether at `at` there is a `\uXXXX` within the 1024 code points from `first`.
fn surrogate(text: &str, at: usize, first: u16) -> bool {
    let digits = text
        .get(at..at + 6)
        .and_then(|escape| escape.strip_prefix("\\u"));
    let code = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
    code.is_some_and(|code| code & 0xFC00 == first)
}

impl<'a> Node<'a> {
    /// The value under `key`; null when there is none. Of several the last counts.
    pub(super) fn get(&self, key: &str) -> &Self {
        let found = self.entries().iter().rev().find(|(name, _)| name == key);
        found.map_or(&NULL, |(_, value)| value)
    }

    /// The first of these keys that holds something.
    pub(super) fn any(&self, keys: &[&str]) -> &Self {
        let mut found = keys.iter().map(|key| self.get(key));
        found.find(|value| !value.is_null()).unwrap_or(&NULL)
    }

    /// The entries of a map; none when this is no map.
    pub(super) fn entries(&self) -> &[(Cow<'a, str>, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none when this is no list.
    pub(super) fn list(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self, Self::Map(_))
    }

    /// The text of a string, as it stands in the document.
    pub(super) fn str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A string, number or boolean as text of at most `max` bytes; blank text is nothing.
    pub(super) fn text(&self, max: usize) -> Option<String> {
        match self {
            Self::Text(text) if text.trim().is_empty() => None,
            Self::Text(text) => Some(cut(text, max)),
            Self::Number(number) => Some(number.to_string()),
            Self::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// Anything but null as text of at most `max` bytes; lists and maps as JSON.
    pub(super) fn flat(&self, max: usize) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(cut(text, max)),
            Self::List(_) | Self::Map(_) => {
                serde_json::to_string(self).ok().map(|json| cut(&json, max))
            }
            _ => self.text(max),
        }
    }

    /// A number, or text that is one.
    pub(super) fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Number(number) => number.as_f64(),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite())
    }

    /// A line or column: a whole number from 1.
    pub(super) fn position(&self) -> Option<u32> {
        let number = match self {
            Self::Number(number) => number.as_u64().and_then(|number| number.try_into().ok()),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| *number > 0)
    }

    pub(super) fn bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

/// Builds one node; knows how deep it may still go and how many values it may still make.
#[derive(Clone, Copy)]
struct Seed<'c> {
    depth: usize,
    values: &'c Cell<usize>,
}

impl Seed<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let left = self.values.get().checked_sub(1);
        self.values
            .set(left.ok_or_else(|| E::custom(format!("it holds more than {MAX_VALUES} values")))?);
        let depth = self.depth - 1;
        Ok(Self { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node<'de>, A::Error> {
        if self.depth == 0 {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Node::Text(Cow::Borrowed("…")));
        }
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.deeper()?)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        if self.depth == 0 {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Node::Text(Cow::Borrowed("…")));
        }
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            entries.push((key, map.next_value_seed(self.deeper()?)?));
        }
        Ok(Node::Map(entries))
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_several_values_counts_and_nothing_is_missed_aloud() {
        let (node, rest) = parse(r#"{"a": 1, "a": "two", "b": null} tail"#).unwrap();
        assert_eq!(node.get("a").text(9).as_deref(), Some("two"));
        assert!(node.get("b").get("c").list().is_empty());
        assert_eq!(rest, "tail");
    }

    #[test]
    fn what_lies_too_deep_is_left_out() {
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        let (node, rest) = parse(&deep).unwrap();
        assert!(node.flat(9999).unwrap().contains("[\"…\"]"));
        assert_eq!(rest, "");
    }

    #[test]
    fn a_document_of_too_many_values_is_refused() {
        let wide = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert!(parse(&wide).unwrap_err().to_string().contains("more than"));
    }

    #[test]
    fn half_surrogate_pairs_are_mended_and_whole_ones_kept() {
        assert_eq!(mend(r#""\ud83d\ude00 \\ud800 \n""#), None);
        assert_eq!(
            mend(r#""a\ud83d" "\udc00é\ud83d\u0041""#).as_deref(),
            Some(r#""a\ufffd" "\ufffdé\ufffd\u0041""#)
        );
        assert_eq!(mend("\\é\\"), None);
    }
}
