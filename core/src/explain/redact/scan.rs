//! One walk over a text that finds what is to be taken out.
//!
//! The walk looks closer only where something can begin or be: at words that begin with digits,
//! look like keys of known issuers or are one of a few (`Bearer`, `home`), and at the signs
//! `@ : = ( , > < + - % \ &`. Everything else costs one look at a table, so the time is that of
//! reading the text.

use std::ops::Range;

use super::{
    addresses,
    kind::Kind,
    numbers, pairs,
    placeholders::Name,
    prefixes,
    text::{Text, is_quote, is_word},
};

/// Something that is to be taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Find {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) kind: Kind,
}

impl Find {
    pub(super) fn new(range: Range<usize>, kind: Kind) -> Self {
        Self { range, kind }
    }
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As log text and data: `password=hunter` gives a password away.
    Prose,
    /// As lines of a program: `password=hunter` names a variable.
    Source,
}

/// Everything that is to be taken out of a text, in order, without overlaps. Text that reads like
/// a placeholder is among it, as [`Kind::Text`].
pub(super) fn scan(text: &str, reading: Reading) -> Vec<Find> {
    let mut scan = Scan {
        text: Text::new(text),
        reading,
        at: 0,
        finds: Vec::new(),
    };
    while scan.at < text.len() {
        match class(scan.text.byte(scan.at)) {
            Class::Plain => scan.at += 1,
            Class::Word => scan.word(),
            Class::Sign => scan.sign(),
        }
    }
    scan.finds
}

struct Scan<'t> {
    /// The text, taken out up to the end of the last find.
    text: Text<'t>,
    reading: Reading,
    /// Where the walk is.
    at: usize,
    finds: Vec<Find>,
}

impl Scan<'_> {
    fn word(&mut self) {
        let (text, start) = (self.text, self.at);
        let end = text.run(start, is_word);
        self.at = end;
        let first = text.byte(start);
        let next = text.byte(end);
        let found = match first {
            b'0'..=b'9' => numbers::at_digits(text, start, end),
            b'A'..=b'Z' if numbers::may_be_iban(text.part(start..end)) => {
                numbers::iban(text, start)
            }
            b'b' | b'B' if next == b' ' => prefixes::scheme_value(text, start, end),
            b'h' | b'U' if matches!(text.part(start..end), "home" | "Users") => {
                addresses::home_owner(text, start, end)
            }
            b'a'..=b'f' | b'A'..=b'F' if end - start == 4 && next == b':' => {
                numbers::ipv6(text, start)
            }
            _ => None,
        };
        let keyed = end - start >= 16 || matches!(next, b'-' | b'.');
        let found = found.or_else(|| keyed.then(|| prefixes::known_key(text, start)).flatten());
        let names = next == b' ' && b"jpPsStTau".contains(&first);
        let found = found.or_else(|| names.then(|| pairs::after_word(text, start..end)).flatten());
        self.take(found);
    }

    fn sign(&mut self) {
        let (text, at) = (self.text, self.at);
        self.at += 1;
        let next = text.byte(at + 1);
        let found = match text.byte(at) {
            b'@' => addresses::email(text, at, 1),
            b'%' | b'\\' | b'&' => self.escaped(at),
            b':' if next == b'/' && text.byte(at + 2) == b'/' => {
                let [user, password] = addresses::url_credentials(text, at);
                self.take(user);
                password
            }
            b':' if next == b':' => {
                self.at += 1;
                None
            }
            b':' | b'=' => pairs::after_sign(text, at..at + 1, self.reading),
            b'(' if is_quote(next) || next == b'\\' => pairs::after_opening(text, at),
            b',' if is_quote(text.before(at)) => pairs::after_opening(text, at),
            b'>' => pairs::in_element(text, at),
            b'<' => Name::read(text, at).map(|(_, end)| Find::new(at..end, Kind::Text)),
            b'+' if next.is_ascii_digit() => numbers::phone(text, at..at + 1),
            b'-' if next == b'-' => prefixes::pem(text, at),
            _ => None,
        };
        self.take(found);
    }

    /// What stands around a sign that is written as an escape.
    fn escaped(&self, at: usize) -> Option<Find> {
        let text = self.text;
        let sign = addresses::AT_SIGNS
            .into_iter()
            .find(|sign| text.has(at, sign));
        if let Some(sign) = sign {
            return addresses::email(text, at, sign.len());
        }
        match text.part(at..at + 3) {
            "%3D" | "%3d" | "%3A" | "%3a" => pairs::after_sign(text, at..at + 3, self.reading),
            "%2B" | "%2b" => numbers::phone(text, at..at + 3),
            _ => None,
        }
    }

    fn take(&mut self, found: Option<Find>) {
        let Some(find) = found else { return };
        if self.text.can_cut(&find.range) {
            self.text = self.text.taken_to(find.range.end);
            self.at = self.at.max(find.range.end);
            self.finds.push(find);
        }
    }
}

/// What the walk does at a byte.
#[derive(Clone, Copy)]
enum Class {
    Plain,
    Word,
    Sign,
}

fn class(byte: u8) -> Class {
    static CLASSES: [Class; 256] = classes();
    CLASSES
        .get(usize::from(byte))
        .copied()
        .unwrap_or(Class::Plain)
}

const fn classes() -> [Class; 256] {
    let mut classes = [Class::Plain; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => Class::Word,
            b'@' | b':' | b'=' | b'(' | b',' | b'>' | b'<' | b'+' | b'-' | b'%' | b'\\' | b'&' => {
                Class::Sign
            }
            _ => Class::Plain,
        };
        byte += 1;
    }
    classes
}
