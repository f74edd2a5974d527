//! Secrets that say themselves what they are: API keys by their prefixes, JWTs, PEM private keys,
//! and what follows `Bearer` or `Basic`.

use super::{
    kind::Kind,
    scan::Find,
    text::{Text, is_base64, is_word},
};

/// How one issuer's keys begin and what follows.
struct Prefix {
    text: &'static str,
    kind: Kind,
    body: fn(u8) -> bool,
    /// How many bytes of the body there are at least.
    least: usize,
}

const fn row(text: &'static str, kind: Kind, body: fn(u8) -> bool, least: usize) -> Prefix {
    Prefix {
        text,
        kind,
        body,
        least,
    }
}

/// Keys of known issuers, as their documentation or their secret scanners describe them.
/// A longer prefix stands before a shorter one it begins with.
const PREFIXES: &[Prefix] = &[
    row("AKIA", Kind::Key, upper, 16),
    row("ASIA", Kind::Key, upper, 16),
    row("ABIA", Kind::Key, upper, 16),
    row("AIza", Kind::Key, url_safe, 30),
    row("AGE-SECRET-KEY-1", Kind::Key, upper, 50),
    row("AC", Kind::Key, hex, 32),
    row("SK", Kind::Key, hex, 32),
    row("SG.", Kind::Key, dotted, 40),
    row("GOCSPX-", Kind::Key, url_safe, 20),
    row("PMAK-", Kind::Key, url_safe, 40),
    row("dapi", Kind::Token, hex, 32),
    row("dckr_pat_", Kind::Token, url_safe, 20),
    row("dop_v1_", Kind::Token, hex, 40),
    row("eyJ", Kind::Token, dotted, 20),
    row("figd_", Kind::Token, url_safe, 30),
    row("ghp_", Kind::Token, alphanumeric, 20),
    row("gho_", Kind::Token, alphanumeric, 20),
    row("ghu_", Kind::Token, alphanumeric, 20),
    row("ghs_", Kind::Token, alphanumeric, 20),
    row("ghr_", Kind::Token, alphanumeric, 20),
    row("github_pat_", Kind::Token, is_word, 20),
    row("glpat-", Kind::Token, url_safe, 16),
    row("gldt-", Kind::Token, url_safe, 16),
    row("glrt-", Kind::Token, url_safe, 16),
    row("glsa_", Kind::Token, is_word, 30),
    row("gsk_", Kind::Key, alphanumeric, 30),
    row("hf_", Kind::Token, alphanumeric, 20),
    row("hvs.", Kind::Token, url_safe, 20),
    row("hvb.", Kind::Token, url_safe, 20),
    row("key-", Kind::Key, hex, 32),
    row("lin_api_", Kind::Key, alphanumeric, 30),
    row("npm_", Kind::Token, alphanumeric, 30),
    row("pypi-", Kind::Token, url_safe, 40),
    row("rk_live_", Kind::Key, alphanumeric, 10),
    row("rk_test_", Kind::Key, alphanumeric, 10),
    row("rubygems_", Kind::Key, hex, 40),
    row("sk_live_", Kind::Key, alphanumeric, 10),
    row("sk_test_", Kind::Key, alphanumeric, 10),
    row("sk-ant-", Kind::Key, url_safe, 20),
    row("sk-proj-", Kind::Key, url_safe, 20),
    row("sk-svcacct-", Kind::Key, url_safe, 20),
    row("sk-or-", Kind::Key, url_safe, 20),
    row("sk-", Kind::Key, alphanumeric, 20),
    row("shpat_", Kind::Token, hex, 30),
    row("shpss_", Kind::Key, hex, 30),
    row("shpca_", Kind::Token, hex, 30),
    row("sntrys_", Kind::Token, is_base64, 20),
    row("sntryu_", Kind::Token, hex, 20),
    row("whsec_", Kind::Key, is_base64, 20),
    row("xapp-", Kind::Token, url_safe, 20),
    row("xoxa-", Kind::Token, url_safe, 10),
    row("xoxb-", Kind::Token, url_safe, 10),
    row("xoxe-", Kind::Token, url_safe, 10),
    row("xoxp-", Kind::Token, url_safe, 10),
    row("xoxr-", Kind::Token, url_safe, 10),
    row("xoxs-", Kind::Token, url_safe, 10),
    row("xai-", Kind::Key, alphanumeric, 40),
    row("ya29.", Kind::Token, dotted, 20),
];

/// For each first byte of a prefix the second ones, as bits by their last six bits: nearly every
/// word is no key, and most are found out here.
static BEGINNINGS: [u64; 128] = beginnings();

const fn beginnings() -> [u64; 128] {
    let mut seconds = [0; 128];
    let mut row = 0;
    while row < PREFIXES.len() {
        let prefix = PREFIXES[row].text.as_bytes();
        seconds[prefix[0] as usize] |= 1 << (prefix[1] & 63);
        row += 1;
    }
    seconds
}

/// The key that begins with the word at `start`.
pub(super) fn known_key(text: Text<'_>, start: usize) -> Option<Find> {
    let seconds = BEGINNINGS.get(usize::from(text.byte(start)))?;
    if seconds & (1 << (text.byte(start + 1) & 63)) == 0 {
        return None;
    }
    PREFIXES
        .iter()
        .filter(|prefix| text.has(start, prefix.text))
        .find_map(|prefix| {
            let body = start + prefix.text.len();
            let end = text.run(body, prefix.body);
            let whole = end - body >= prefix.least && !is_word(text.byte(end));
            let end = start + text.part(start..end).trim_end_matches('.').len();
            let body = text.part(body..end);
            let shaped = match prefix.text {
                "eyJ" => body.contains('.'),
                _ => body.bytes().any(|byte| byte.is_ascii_digit()),
            };
            (whole && shaped).then(|| Find::new(start..end, prefix.kind))
        })
}

/// What follows the word `Bearer` or `Basic` that ends at `end`, if it can be a credential and
/// not the next word of a sentence.
pub(super) fn scheme_value(text: Text<'_>, start: usize, end: usize) -> Option<Find> {
    let word = text.part(start..end);
    let value = text.run(end, |byte| byte == b' ');
    let stop = text.run(value, |byte| is_base64(byte) || matches!(byte, b'.' | b'~'));
    let token = text.part(value..stop).trim_end_matches('.');
    let bytes = token.as_bytes();
    let digit = bytes.iter().any(u8::is_ascii_digit);
    let later_capital = bytes.iter().skip(1).any(u8::is_ascii_uppercase);
    let credential = if word.eq_ignore_ascii_case("bearer") {
        bytes.len() >= 20 || bytes.len() >= 6 && (digit || later_capital)
    } else {
        word.eq_ignore_ascii_case("basic")
            && bytes.len() >= 8
            && (digit || later_capital || token.ends_with('='))
    };
    (value > end && credential).then(|| Find::new(value..value + token.len(), Kind::Token))
}

/// The longest PEM block that is looked for, in bytes; RSA keys of 16,384 bits fit.
const MAX_PEM: usize = 16 * 1024;

/// The private key whose `-----BEGIN` or `-----END` stands at `at`: with both marks all between
/// them, with one of them (the text was cut) the lines of base64 next to it.
///
/// Lines may carry numbers and marks before the base64, and may be divided by `\n` in letters.
pub(super) fn pem(text: Text<'_>, at: usize) -> Option<Find> {
    let begins = text.has(at, "-----BEGIN ");
    let label = at + if begins { 11 } else { 9 };
    if !begins && !text.has(at, "-----END ") {
        return None;
    }
    let label_end = text.run(label, |byte| byte.is_ascii_uppercase() || byte == b' ');
    if !text.part(label..label_end).contains("PRIVATE KEY") {
        return None;
    }
    let mark = text.run(label_end, |byte| byte == b'-');
    if !begins {
        let start = body_before(text, at);
        return (start < at).then(|| Find::new(start..mark, Kind::Key));
    }
    let end = text
        .find(mark, "-----END ")
        .filter(|end| end - mark <= MAX_PEM);
    let end = end.map(|end| {
        let label_end = text.run(end + 9, |byte| byte.is_ascii_uppercase() || byte == b' ');
        text.run(label_end, |byte| byte == b'-')
    });
    let end = end.unwrap_or_else(|| body_after(text, mark));
    (end > mark).then(|| Find::new(at..end, Kind::Key))
}

/// The end of the lines of base64 after `from`.
fn body_after(text: Text<'_>, from: usize) -> usize {
    let (mut end, mut at, mut inside) = (from, from, false);
    while at < text.len() {
        let start = text.run(at, divides);
        at = text.run(start, |byte| !divides(byte));
        match piece(text.part(start..at)) {
            Piece::Body => (end, inside) = (at, true),
            Piece::Short if inside => return at,
            Piece::Number => {}
            Piece::Short | Piece::Other => break,
        }
    }
    end
}

/// The start of the lines of base64 before `to`.
fn body_before(text: Text<'_>, to: usize) -> usize {
    let (mut start, mut at, mut seen) = (to, to, false);
    while at > text.floor() {
        let end = text.run_back(at, MAX_PEM, divides);
        at = text.run_back(end, MAX_PEM, |byte| !divides(byte));
        match piece(text.part(at..end)) {
            Piece::Body => (start, seen) = (at, true),
            Piece::Short if !seen => (start, seen) = (at, true),
            Piece::Number => {}
            Piece::Short | Piece::Other => break,
        }
    }
    start
}

/// What stands between two dividers of a PEM block.
enum Piece {
    Body,
    Short,
    Number,
    Other,
}

fn piece(part: &str) -> Piece {
    if part.bytes().all(|byte| byte.is_ascii_digit()) {
        return Piece::Number;
    }
    // a divider in letters leaves its `n` or `r` at the start of the next piece
    match part.len() {
        _ if !part.bytes().all(is_base64) => Piece::Other,
        32.. => Piece::Body,
        _ => Piece::Short,
    }
}

fn divides(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'\\' | b'|' | b'>' | b'"' | b'\'' | b',')
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn url_safe(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

fn dotted(byte: u8) -> bool {
    url_safe(byte) || byte == b'.'
}
