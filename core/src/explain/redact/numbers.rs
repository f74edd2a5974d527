//! Things made of digits: IP addresses, card numbers, IBANs, US social security and phone numbers.
//!
//! Every one is checked as far as its own rules go (ranges, checksums, known prefixes), as most
//! numbers in an event are line numbers, ids and times.

use std::{net::Ipv6Addr, ops::Range};

use super::{
    kind::Kind,
    scan::Find,
    text::{Text, is_word},
};

/// What the digits at `start`, the start of a word that ends at `end`, belong to.
pub(super) fn at_digits(text: Text<'_>, start: usize, end: usize) -> Option<Find> {
    match (end - start, text.byte(end)) {
        (1..=3, b'.') => ipv4(text, start),
        (3, b'-') => ssn(text, start),
        (4, b' ' | b'-') | (13..=19, _) => card(text, start),
        (4, b':') => ipv6(text, start),
        _ => None,
    }
}

/// An IPv4 address, unless it is no host's (loopback, `0.0.0.0`, broadcast, one that ends in
/// `.0.0` as networks and browser versions do) or what stands before it calls it a version.
fn ipv4(text: Text<'_>, start: usize) -> Option<Find> {
    let mut octets = [0_u8; 4];
    let mut end = start;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            end = (text.byte(end) == b'.').then_some(end + 1)?;
        }
        let digits = end..text.run(end, |byte| byte.is_ascii_digit());
        end = digits.end;
        *octet = text.part(digits).parse().ok()?;
    }
    let longer = is_word(text.byte(end))
        || text.byte(end) == b'.' && text.byte(end + 1).is_ascii_alphanumeric();
    let nobody = matches!(octets, [0 | 127, ..] | [.., 0, 0] | [255, 255, 255, 255]);
    let part_of_more = matches!(text.before(start), b'.' | b'-' | b'_' | b'+');
    if longer || nobody || part_of_more || is_version(text, start) {
        return None;
    }
    Some(Find::new(start..end, Kind::Ip))
}

/// Whether what stands before a number makes it a version: `version 1.2.3.4`, `"version": "…"`,
/// `v1.2.3.4` (one word, so never asked), `Version=1.2.3.4`, `Chrome/1.2.3.4`, `foo==1.2.3.4`.
fn is_version(text: Text<'_>, start: usize) -> bool {
    if text.before(start) == b'/' {
        let before = text.before(start - 1);
        return before.is_ascii_alphabetic() && !text.part(0..start).ends_with("http:/");
    }
    let between = |byte| matches!(byte, b' ' | b':' | b'=' | b'"' | b'\'' | b'~' | b'^' | b'>');
    let end = text.run_back(start, 6, between);
    if text.part(end..start).contains("==") {
        return true;
    }
    let word = text.part(text.run_back(end, 24, is_word)..end);
    let ends = |name: &str| {
        word.len().checked_sub(name.len()).is_some_and(|from| {
            word.as_bytes()
                .get(from..)
                .is_some_and(|tail| tail.eq_ignore_ascii_case(name.as_bytes()))
        })
    };
    let products = [
        "release", "build", "chrome", "chromium", "edge", "webview", "safari",
    ];
    end < start && (ends("version") || ends("ver") || word == "v" || products.into_iter().any(ends))
}

/// An IPv6 address of a host: global, private or link-local. All of these begin with a group of
/// four digits that says so, which no path of a program (`std::fe::dead`) does.
pub(super) fn ipv6(text: Text<'_>, start: usize) -> Option<Find> {
    let part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    let end = text.run(start, part);
    let address = text.part(start..end).trim_end_matches([':', '.']);
    let end = start + address.len();
    if address.len() > 45 || is_word(text.byte(end)) || matches!(text.before(start), b':' | b'.') {
        return None;
    }
    let first = address.parse::<Ipv6Addr>().ok()?.segments()[0];
    matches!(first, 0x2000..=0x3fff | 0xfc00..=0xfdff | 0xfe80..=0xfebf)
        .then(|| Find::new(start..end, Kind::Ip))
}

/// A card number: 13 to 19 digits in one piece or in groups, with a prefix some network uses and
/// the right check digit.
fn card(text: Text<'_>, start: usize) -> Option<Find> {
    if matches!(text.before(start), b'.' | b'-' | b'_') {
        return None;
    }
    let mut digits = [0_u8; 19];
    let mut count = 0;
    let mut at = start;
    let mut found = None;
    while let Some(place) = digits.get_mut(count) {
        *place = text
            .byte(at)
            .checked_sub(b'0')
            .filter(|digit| *digit < 10)?;
        count += 1;
        at += 1;
        let next = text.byte(at);
        let group_ends = !is_word(next);
        if group_ends && is_card(digits.get(..count)?) {
            found = Some(at);
        }
        match next {
            b' ' | b'-' if text.byte(at + 1).is_ascii_digit() => at += 1,
            b'0'..=b'9' => {}
            _ => break,
        }
    }
    let end = found?;
    let longer = text.byte(end) == b'.' && text.byte(end + 1).is_ascii_digit();
    (!longer).then(|| Find::new(start..end, Kind::Card))
}

fn is_card(digits: &[u8]) -> bool {
    let prefix = |length: usize| {
        let leading = digits.iter().take(length);
        leading.fold(0_u32, |number, digit| number * 10 + u32::from(*digit))
    };
    let known = match digits.len() {
        13 => prefix(1) == 4,
        14 => matches!(prefix(3), 300..=305) || matches!(prefix(2), 36 | 38 | 39),
        15 => matches!(prefix(2), 34 | 37),
        16 => {
            matches!(prefix(1), 4)
                || matches!(prefix(2), 50..=59 | 60 | 62 | 65 | 67)
                || matches!(prefix(3), 644..=649)
                || matches!(prefix(4), 2200..=2204 | 2221..=2720 | 3528..=3589)
        }
        18 => matches!(prefix(2), 62 | 67),
        19 => matches!(prefix(1), 4) || matches!(prefix(2), 62 | 65 | 67),
        _ => false,
    };
    known && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit < 5 => digit * 2,
            (_, digit) => digit * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `123-45-6789`, with none of the numbers that were never given out.
fn ssn(text: Text<'_>, start: usize) -> Option<Find> {
    let end = start + 11;
    let number = text.part(start..end);
    let mut parts = number.split('-');
    let (area, group, serial) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let shaped = digits(area, 3) && digits(group, 2) && digits(serial, 4);
    let given_out = !matches!(area, "000" | "666")
        && !area.starts_with('9')
        && group != "00"
        && serial != "0000";
    let part_of_more = is_word(text.byte(end))
        || text.byte(end) == b'-'
        || matches!(text.before(start), b'-' | b'.');
    (shaped && given_out && !part_of_more).then(|| Find::new(start..end, Kind::Ssn))
}

/// A phone number in international form: a `+` (which stands before `start`), then 8 to 15
/// digits, single spaces, dots, hyphens or brackets among them.
pub(super) fn phone(text: Text<'_>, sign: Range<usize>) -> Option<Find> {
    let separator = |byte| matches!(byte, b' ' | b'.' | b'-' | b'(' | b')');
    if is_word(text.before(sign.start)) || matches!(text.byte(sign.end), b'0') {
        return None;
    }
    let (mut digits, mut end, mut at) = (0, sign.end, sign.end);
    loop {
        match text.byte(at) {
            b'0'..=b'9' if digits == 15 => return None,
            b'0'..=b'9' => {
                digits += 1;
                end = at + 1;
            }
            byte if separator(byte) && at > sign.end && at - end < 2 => {}
            _ => break,
        }
        at += 1;
    }
    ((8..=15).contains(&digits) && !is_word(text.byte(end)))
        .then(|| Find::new(sign.start..end, Kind::Phone))
}

/// Whether a word begins as an IBAN does: country and check digits.
pub(super) fn may_be_iban(word: &str) -> bool {
    match word.as_bytes() {
        [a, b, c, d, ..] => {
            a.is_ascii_uppercase()
                && b.is_ascii_uppercase()
                && c.is_ascii_digit()
                && d.is_ascii_digit()
        }
        _ => false,
    }
}

/// An IBAN in one piece or in groups of four, with the right length for its country and the
/// right checksum.
pub(super) fn iban(text: Text<'_>, start: usize) -> Option<Find> {
    const MAX: usize = 34;
    let country = text.part(start..start + 2);
    let length = COUNTRIES
        .split(' ')
        .find_map(|row| row.strip_prefix(country))
        .and_then(|length| length.parse::<usize>().ok())?;
    let mut letters = [0_u8; MAX];
    let mut at = start;
    for index in 0..length {
        if index > 0 && index % 4 == 0 && text.byte(at) == b' ' {
            at += 1;
        }
        *letters.get_mut(index)? = text.byte(at);
        at += 1;
    }
    let number = letters.get(4..length)?.iter().chain(letters.get(..4)?);
    let remainder = number
        .copied()
        .try_fold(0_u32, |rest, letter| match letter {
            b'0'..=b'9' => Some((rest * 10 + u32::from(letter - b'0')) % 97),
            b'A'..=b'Z' => Some((rest * 100 + u32::from(letter - b'A') + 10) % 97),
            _ => None,
        })?;
    (remainder == 1 && !is_word(text.byte(at))).then(|| Find::new(start..at, Kind::Iban))
}

/// Lengths of IBANs by country, from the SWIFT registry.
const COUNTRIES: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 \
CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 \
IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 \
MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 \
TL23 TN24 TR26 UA29 VA22 VG24 XK20";
