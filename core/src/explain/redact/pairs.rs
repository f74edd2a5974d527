//! Values whose key says that they are secret, however the two are joined: `key=value`,
//! `key: value`, `"key": "value"`, `("key", "value")`, `key("value")`, `<key>value</key>`,
//! `?key=value`, `%22key%22%3A…`, `password 'value'`.
//!
//! [`super::keys`] tells what a key says, [`super::values`] whether the value can be that.

use std::ops::Range;

use super::{
    keys::{Says, Trust, says},
    kind::Kind,
    placeholders::Name,
    quoted::{self, Quoted},
    scan::{Find, Reading},
    text::{Text, is_quote, is_word},
    values::{Form, is_literal},
};

/// The longest key, and the longest run of marks around it, in bytes.
const MAX_KEY: usize = 64;
/// Values longer than this are no names or sentences and are taken out unread.
const MAX_READ: usize = 512;

/// The value after `=` or `:`, which stands at `sign`.
pub(super) fn after_sign(text: Text<'_>, sign: Range<usize>, reading: Reading) -> Option<Find> {
    let key = key_before(text, sign.start)?;
    let says = says(text.part(key.range.clone()))?;
    let start = text.run(sign.end, |byte| matches!(byte, b'=' | b'>'));
    let start = text.run(start, is_blank);
    let start = behind_type(text, sign.start, start).unwrap_or(start);
    if let Some(quoted) = quoted::at(text, start) {
        return find(text, after_scheme(text, quoted.inside), says, Form::Quoted);
    }
    if matches!(text.byte(start), b'[' | b'(') && quoted::at(text, start + 1).is_some() {
        return in_list(text, start + 1, says);
    }
    // `'Cookie: a=b'` and `'/path?token=a'` are data in a program too
    let before = text.before(key.range.start);
    let in_literal = !key.quoted && (is_quote(before) || matches!(before, b'?' | b'&'));
    if reading == Reading::Source && !in_literal {
        return find(text, start..bare_end(text, start), says, Form::Source);
    }
    if says.trust == Trust::Line && !key.quoted {
        let line = start..line_end(text, start, text.before(key.range.start));
        return find(text, after_scheme(text, line), says, Form::Quoted);
    }
    let bracket = usize::from(text.byte(start) == b'[');
    let value = after_scheme(text, start + bracket..bare_end(text, start + bracket));
    let tight = start == sign.end;
    if tight && !key.quoted && is_place(text.part(sign.start..value.end)) {
        return None;
    }
    find(
        text,
        value,
        says,
        if tight { Form::Bare } else { Form::Spaced },
    )
}

/// The second of two quoted texts that are all there is in brackets, `("password", "x")`, or the
/// only one, `Password("x")`; the comma or the opening bracket stands at `at`.
pub(super) fn after_opening(text: Text<'_>, at: usize) -> Option<Find> {
    let pair = text.byte(at) == b',';
    let key = if pair {
        let key = key_before(text, at).filter(|key| key.quoted)?;
        let open = text.run_back(key.range.start, MAX_KEY, |byte| {
            is_quote(byte) || byte == b'\\'
        });
        matches!(text.before(open), b'(' | b'[').then_some(key.range)?
    } else {
        text.run_back(at, MAX_KEY, is_word)..at
    };
    let key = text.part(key);
    let asks = [
        "get", "has", "find", "fetch", "load", "read", "remove", "delete",
    ];
    if !pair && asks.into_iter().any(|verb| key.starts_with(verb)) {
        return None;
    }
    let says = says(key)?;
    let value = quoted::at(text, text.run(at + 1, is_blank))?;
    let alone = !pair || matches!(text.byte(value.end), b')' | b']');
    alone.then(|| find(text, after_scheme(text, value.inside), says, Form::Quoted))?
}

/// The text of an element, `<password>x</password>`; its opening tag ends at `at`.
pub(super) fn in_element(text: Text<'_>, at: usize) -> Option<Find> {
    let letter = |byte| is_word(byte) || matches!(byte, b'-' | b':' | b'.');
    let key = text.run_back(at, MAX_KEY, letter);
    if key == at || text.before(key) != b'<' {
        return None;
    }
    let says = says(text.part(key..at))?;
    let end = text.run(at + 1, |byte| !matches!(byte, b'<' | b'\n'));
    let closed = text.has(end, "</");
    closed.then(|| find(text, at + 1..end, says, Form::Quoted))?
}

/// What follows a word without any sign: a quoted text (`password 'x'`, `for user "x"`), or one
/// that looks like no word of a language (`token 9f8a…`).
pub(super) fn after_word(text: Text<'_>, word: Range<usize>) -> Option<Find> {
    let kind = match text.part(word.clone()) {
        "password" | "Password" | "passwd" | "passphrase" => Kind::Password,
        "secret" | "Secret" | "apikey" => Kind::Key,
        "token" | "Token" | "jwt" | "session" | "Session" => Kind::Token,
        "user" => Kind::User,
        _ => return None,
    };
    let start = word.end + 1;
    if let Some(quoted) = quoted::at(text, start) {
        let one_word = !text.part(quoted.inside.clone()).contains(' ');
        let named = one_word && matches!(kind, Kind::Password | Kind::User);
        let says = Says {
            kind,
            trust: Trust::Strong,
        };
        return named.then(|| find(text, quoted.inside, says, Form::Quoted))?;
    }
    let end = text.run(start, |byte| is_word(byte) || b"-+/=.~".contains(&byte));
    let value = text.part(start..end).trim_end_matches('.');
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let random = value.len() >= 16 && digits >= 2 && digits < value.len();
    (random && kind != Kind::User).then(|| Find::new(start..start + value.len(), kind))
}

/// The value of a pair that is known to be one: all of it if the key says so.
pub(super) fn of_pair(key: &str, value: &str) -> Option<Find> {
    let says = says(key)?;
    let text = Text::new(value);
    let all = quoted::at(text, 0).filter(|quoted| quoted.end == value.len());
    let all = all.map_or(0..value.len(), |quoted| quoted.inside);
    find(text, after_scheme(text, all), says, Form::Pair)
}

fn find(text: Text<'_>, value: Range<usize>, says: Says, form: Form) -> Option<Find> {
    is_secret(text, &value, says, form).then(|| Find::new(value, says.kind))
}

fn is_secret(text: Text<'_>, value: &Range<usize>, says: Says, form: Form) -> bool {
    let part = text.part(value.clone());
    !part.is_empty()
        && !Name::is_all_of(part.trim())
        && (part.len() > MAX_READ || is_literal(part, text.byte(value.end), says, form))
}

/// A key and whether it is quoted.
struct Key {
    range: Range<usize>,
    quoted: bool,
}

/// The key that ends before `at`: at most two words with one space between them.
fn key_before(text: Text<'_>, at: usize) -> Option<Key> {
    let mark = |byte| is_blank(byte) || matches!(byte, b'?' | b'!' | b']' | b'[' | b':');
    let letter = |byte| is_word(byte) || byte == b'-';
    let end = text.run_back(at, MAX_KEY, mark);
    let encoded = 3 * usize::from(text.part(text.floor()..end).ends_with("%22"));
    let quoted = encoded > 0 || is_quote(text.before(end));
    let end = text.run_back(end - encoded, MAX_KEY, |byte| {
        is_quote(byte) || byte == b'\\'
    });
    let start = text.run_back(end, MAX_KEY, letter);
    if start == end {
        return None;
    }
    let other = match text.before(start) {
        b' ' => text.run_back(start - 1, MAX_KEY, letter),
        _ => start,
    };
    let start = if other + 1 < start { other } else { start };
    Some(Key {
        range: start..end,
        quoted,
    })
}

/// Where the value stands after a type, `password: &str = "x"`, if it is a quoted one.
fn behind_type(text: Text<'_>, sign: usize, start: usize) -> Option<usize> {
    let named = is_word(text.byte(start)) || text.byte(start) == b'&';
    if text.byte(sign) != b':' || !named {
        return None;
    }
    let equals = text.run(start, |byte| {
        is_word(byte) || b"<>[]&*:.' |?".contains(&byte)
    });
    let value = text.run(equals + 1, is_blank);
    let given =
        equals - start < MAX_KEY && text.byte(equals) == b'=' && text.byte(equals + 1) != b'=';
    (given && quoted::at(text, value).is_some()).then_some(value)
}

/// The quoted texts of the list whose inside begins at `start`, `['x', 'y']`, as one value.
fn in_list(text: Text<'_>, start: usize, says: Says) -> Option<Find> {
    let (mut end, mut secret, mut next) = (start, false, start);
    while let Some(Quoted { inside, end: after }) = quoted::at(text, next) {
        secret |= is_secret(text, &inside, says, Form::Quoted);
        end = after;
        next = text.run(end, |byte| byte == b',' || is_blank(byte));
        if next == end || secret && end - start > MAX_READ {
            break;
        }
    }
    secret.then(|| Find::new(start..end, says.kind))
}

/// A value without the scheme it may begin with (`Bearer x`, `Digest …`).
fn after_scheme(text: Text<'_>, value: Range<usize>) -> Range<usize> {
    const SCHEMES: [&str; 8] = [
        "bearer",
        "basic",
        "digest",
        "token",
        "apikey",
        "negotiate",
        "hawk",
        "aws4-hmac-sha256",
    ];
    let end = text.run(value.start, |byte| is_word(byte) || byte == b'-');
    let next = text.run(end, |byte| byte == b' ');
    let scheme = text.part(value.start..end);
    if next == end
        || !SCHEMES
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return value;
    }
    let stop = if next < value.end {
        value.end
    } else {
        bare_end(text, next)
    };
    next..stop
}

/// The end of a value without quotation marks.
fn bare_end(text: Text<'_>, start: usize) -> usize {
    let ends = |byte: u8| byte <= b' ' || is_quote(byte) || b",;&)]}<>|\\".contains(&byte);
    let value = text.part(start..text.run(start, |byte| !ends(byte)));
    let value = value.split("%26").next().unwrap_or(value);
    start + value.trim_end_matches(['.', ':']).len()
}

/// The end of a value that goes on to the end of its line, or of the quotation the line is in.
fn line_end(text: Text<'_>, start: usize, before_key: u8) -> usize {
    let closing = if is_quote(before_key) {
        before_key
    } else {
        b'\n'
    };
    let ends = |byte| byte == closing || matches!(byte, b'\n' | b'\r' | b'\\');
    text.run(start, |byte| !ends(byte))
}

/// The port of a host or the line of a file, `:443/path`.
fn is_place(text: &str) -> bool {
    let number = text
        .strip_prefix(':')
        .and_then(|rest| rest.split('/').next());
    number
        .is_some_and(|number| number.len() <= 5 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
