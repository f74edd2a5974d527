//! A reader of JSON as models write it.
//!
//! Beside JSON it takes: text before and after, fences, trailing and missing commas, comments,
//! single quotes, bare keys, line ends inside of texts, Python's `None`, `True` and `False`, and
//! an end that comes too early. Of a value that breaks off nothing is kept: half a sentence is
//! not an answer.

use serde_json::{Map, Number, Value};

/// How deep values may be nested.
const MAX_DEPTH: usize = 32;
/// How many places are tried as the beginning of the object.
const MAX_TRIES: usize = 64;

/// The object in `text` that has most of the keys that are `known`, wherever it is nested, and
/// whether the text broke off in it.
pub(super) fn find(text: &str, known: impl Fn(&str) -> bool) -> Option<(Map<String, Value>, bool)> {
    let mut best: Option<(usize, Map<String, Value>, bool)> = None;
    let mut from = 0;
    for _ in 0..MAX_TRIES {
        let Some(start) = next_object(text, from) else {
            break;
        };
        let mut reader = Reader {
            text: text.as_bytes(),
            at: start,
            cut: false,
        };
        let value = reader.value(0);
        from = if value.is_some() {
            reader.at
        } else {
            start + 1
        };
        let Some((count, object)) = value.and_then(|value| richest(value, &known)) else {
            continue;
        };
        if best.as_ref().is_none_or(|(most, ..)| count > *most) {
            best = Some((count, object, reader.cut));
        }
    }
    best.map(|(_, object, cut)| (object, cut))
}

/// The next `{` that something like a key follows.
fn next_object(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'{')?;
        let rest = bytes.get(at + 1..)?;
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace())?;
        if matches!(next, b'"' | b'\'' | b'/' | b'_') || next.is_ascii_alphabetic() {
            return Some(at);
        }
        at += 1;
    }
}

/// The object with most known keys: this one, or one that it wraps.
fn richest(value: Value, known: &impl Fn(&str) -> bool) -> Option<(usize, Map<String, Value>)> {
    let Value::Object(object) = value else {
        return None;
    };
    let own = object.keys().filter(|name| known(name)).count();
    let inner = object.values().filter(|value| value.is_object()).cloned();
    let inner = inner
        .filter_map(|value| richest(value, known))
        .max_by_key(|(count, _)| *count);
    match inner {
        Some((count, inner)) if count > own => Some((count, inner)),
        _ => (own > 0).then_some((own, object)),
    }
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    /// Whether the text ended in the middle of a value.
    cut: bool,
}

impl Reader<'_> {
    /// The value at this place; `None` where there is none, or only the beginning of one.
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_blanks();
        match self.peek()? {
            _ if depth > MAX_DEPTH => None,
            b'{' => Some(Value::Object(self.object(depth))),
            b'[' => Some(Value::Array(self.array(depth))),
            quote @ (b'"' | b'\'') => self.string(quote).map(Value::String),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Map<String, Value> {
        let mut object = Map::new();
        self.at += 1;
        loop {
            self.skip(|byte| byte == b',');
            match self.peek() {
                None => {
                    self.cut = true;
                    return object;
                }
                Some(b'}') => {
                    self.at += 1;
                    return object;
                }
                Some(_) => {}
            }
            let Some(key) = self.key() else {
                self.cut |= self.peek().is_none();
                return object;
            };
            self.skip(|byte| byte == b':');
            let value = self.value(depth + 1);
            let whole = !self.cut && self.peek().is_some();
            match value {
                Some(value) if whole => {
                    object.insert(key, value);
                }
                _ => {
                    self.cut |= self.peek().is_none();
                    return object;
                }
            }
        }
    }

    fn array(&mut self, depth: usize) -> Vec<Value> {
        let mut array = Vec::new();
        self.at += 1;
        loop {
            self.skip(|byte| byte == b',');
            match self.peek() {
                None => {
                    self.cut = true;
                    return array;
                }
                Some(b']') => {
                    self.at += 1;
                    return array;
                }
                Some(_) => {}
            }
            let Some(value) = self.value(depth + 1) else {
                self.cut |= self.peek().is_none();
                return array;
            };
            array.push(value);
        }
    }

    fn key(&mut self) -> Option<String> {
        if let quote @ (b'"' | b'\'') = self.peek()? {
            return self.string(quote);
        }
        let start = self.at;
        self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        (self.at > start).then(|| self.part(start, self.at))
    }

    /// The text between quotes; `None` when it does not end.
    fn string(&mut self, quote: u8) -> Option<String> {
        self.at += 1;
        let start = self.at;
        let mut plain = true;
        loop {
            match self.peek() {
                None => {
                    self.cut = true;
                    return None;
                }
                Some(b'\\') => {
                    plain = false;
                    self.at = (self.at + 2).min(self.text.len());
                }
                Some(byte) if byte == quote => break,
                Some(_) => self.at += 1,
            }
        }
        let raw = self.part(start, self.at);
        self.at += 1;
        Some(if plain { raw } else { unescaped(&raw) })
    }

    /// A number, a name of a constant, or nothing.
    fn word(&mut self) -> Option<Value> {
        let start = self.at;
        self.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_'));
        let word = self.part(start, self.at);
        match word.as_str() {
            "" => None,
            "true" | "True" => Some(Value::Bool(true)),
            "false" | "False" => Some(Value::Bool(false)),
            "null" | "None" | "nil" | "undefined" | "NaN" => Some(Value::Null),
            number => number.parse::<Number>().ok().map(Value::Number),
        }
    }

    fn skip_blanks(&mut self) {
        self.skip(|_| false);
    }

    /// Skips blanks, comments and bytes that are so.
    fn skip(&mut self, also: impl Fn(u8) -> bool) {
        loop {
            self.run(|byte| byte.is_ascii_whitespace() || also(byte));
            let rest = self.text.get(self.at..).unwrap_or_default();
            let end = match rest {
                [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n'),
                [b'/', b'*', ..] => rest
                    .windows(2)
                    .position(|two| two == b"*/")
                    .map(|at| at + 2),
                _ => return,
            };
            self.at += end.unwrap_or(rest.len());
        }
    }

    fn run(&mut self, is: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&is) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn part(&self, from: usize, to: usize) -> String {
        let part = self.text.get(from..to).unwrap_or_default();
        String::from_utf8_lossy(part).into_owned()
    }
}

/// A text with its escapes undone; those that JSON has not stay as they are.
fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escape) = rest.chars().next() else {
            break;
        };
        rest = &rest[escape.len_utf8()..];
        match escape {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{C}'),
            '"' | '\'' | '/' | '\\' => text.push(escape),
            'u' => {
                let (character, used) = unicode(rest);
                text.push(character);
                rest = rest.get(used..).unwrap_or_default();
            }
            other => {
                text.push('\\');
                text.push(other);
            }
        }
    }
    text.push_str(rest);
    text
}

/// The character whose escape goes on with `rest`, and how long that was; of two halves of one
/// both are taken.
fn unicode(rest: &str) -> (char, usize) {
    let four = |at: usize| u32::from_str_radix(rest.get(at..at + 4)?, 16).ok();
    let Some(first) = four(0) else {
        return (char::REPLACEMENT_CHARACTER, 0);
    };
    if let (0xD800..=0xDBFF, Some("\\u"), Some(second @ 0xDC00..=0xDFFF)) =
        (first, rest.get(4..6), four(6))
    {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return (
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            10,
        );
    }
    let character = char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
    (character, 4)
}
