//! Who and where: e-mail addresses, the credentials in URLs, user names in home directories.

use super::{
    kind::Kind,
    placeholders::Name,
    scan::Find,
    text::{Text, is_quote, is_word},
};

/// The ways an `@` is written in URLs, JSON and HTML.
pub(super) const AT_SIGNS: [&str; 5] = ["@", "%40", "%2540", "\\u0040", "&#64;"];

/// The longest local part of an e-mail address that is looked at, escapes included, in bytes.
const MAX_LOCAL: usize = 256;
/// The longest authority of a URL that is looked at, in bytes.
const MAX_AUTHORITY: usize = 512;

/// The e-mail address around the at-sign of `length` bytes at `at`.
///
/// Not every `a@b` is one: `user@decorator` has no domain, `react@18.2.0` a version,
/// `icon@2x.png` and Firefox's `render@app.js` a file name, `this@Activity.name` is Kotlin,
/// `a@b.dot(c)` a product of matrices, and `git@host` names nobody.
pub(super) fn email(text: Text<'_>, at: usize, length: usize) -> Option<Find> {
    let local = |byte: u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte) || byte >= 0x80;
    let start = after_escapes(text, text.run_back(at, MAX_LOCAL, local), at);
    let domain = at + length;
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte) || byte >= 0x80;
    let host = text.part(domain..text.run(domain, inside));
    let host = host.split("-----").next().unwrap_or(host);
    let host = host.trim_end_matches(['.', '-']);
    let end = domain + host.len();
    let calls = matches!(text.byte(end), b'(' | b'_');
    let not_a_person = matches!(
        text.part(start..at),
        "" | "git" | "this" | "super" | "return" | "break" | "continue"
    );
    if calls || not_a_person || !is_domain(host) {
        return None;
    }
    Some(Find::new(start..end, Kind::Email))
}

/// The start of the local part once percent-escapes of anything that cannot be in one are taken
/// to stand before it (`?to%3Djane%40…`).
fn after_escapes(text: Text<'_>, start: usize, end: usize) -> usize {
    let belongs = |escape: &str| matches!(escape, "%2B" | "%2b" | "%2E" | "%2e" | "%5F" | "%2D");
    let mut start = start;
    let mut at = start;
    while at < end {
        if text.byte(at) == b'%' && !belongs(text.part(at..at + 3)) {
            start = (at + 3).min(end);
        }
        at += 1;
    }
    start + text.part(start..end).len() - text.part(start..end).trim_start_matches(['.', '-']).len()
}

fn is_domain(host: &str) -> bool {
    let Some((name, top)) = host.rsplit_once('.') else {
        return false;
    };
    let is_file = matches!(
        top.to_ascii_lowercase().as_str(),
        "js" | "mjs"
            | "cjs"
            | "jsx"
            | "ts"
            | "tsx"
            | "vue"
            | "css"
            | "html"
            | "json"
            | "map"
            | "php"
            | "rb"
            | "java"
            | "kt"
            | "swift"
            | "wasm"
            | "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "svg"
            | "webp"
    );
    let letters = top.chars().all(char::is_alphabetic) || top.starts_with("xn--");
    !name.is_empty()
        && name.split('.').all(|label| !label.is_empty())
        && top.chars().count() >= 2
        && letters
        && !is_file
}

/// User and password of a URL whose `://` stands at `colon`.
///
/// In the URLs of databases a password often holds `/`, `#` or `@` unescaped, so there the last
/// `@` before the end or the query ends it; in those of the web, `@` may be part of the path.
pub(super) fn url_credentials(text: Text<'_>, colon: usize) -> [Option<Find>; 2] {
    let start = colon + 3;
    let limit = start + MAX_AUTHORITY;
    let ends = |byte: u8| byte <= b' ' || is_quote(byte) || b"<>\\,?".contains(&byte);
    let mut end = text.run(start, |byte| !ends(byte) && !b"/#)".contains(&byte));
    let scheme = text.part(text.run_back(colon, 16, is_word)..colon);
    let web = matches!(
        scheme,
        "http" | "https" | "ws" | "wss" | "ftp" | "file" | "git"
    );
    if !web {
        end = text.run(start, |byte| !ends(byte));
    }
    let Some(at) = text.part(start..end.min(limit)).rfind('@') else {
        return [None, None];
    };
    let at = start + at;
    let divide = text.run(start, |byte| byte != b':').min(at);
    let user = Find::new(
        start..divide,
        match (divide < at, web) {
            (false, true) => Kind::Token,
            _ => Kind::User,
        },
    );
    let password = Find::new((divide + 1).min(at)..at, Kind::Password);
    let secret = |find: Find| {
        let value = text.part(find.range.clone());
        (!value.is_empty() && value != "git" && !is_template(value)).then_some(find)
    };
    [secret(user), secret(password)]
}

fn is_template(value: &str) -> bool {
    value.starts_with(['$', '{', '%', '*', '[']) || Name::is_all_of(value)
}

/// The user name after the word `home` or `Users` that ends at `end`, where that is a directory
/// at the root or on a drive.
pub(super) fn home_owner(text: Text<'_>, start: usize, end: usize) -> Option<Find> {
    let slash = text.before(start);
    if !matches!(slash, b'/' | b'\\') || text.byte(end) != slash {
        return None;
    }
    let root = text.run_back(start, 2, |byte| byte == slash);
    let before = text.before(root);
    let drive = text.before(root.saturating_sub(1)) == b'/' && before.is_ascii_alphabetic();
    if (is_word(before) || matches!(before, b'.' | b'-')) && !drive {
        return None;
    }
    let name = text.run(end, |byte| byte == slash);
    let plain = |byte: u8| is_word(byte) || b".-+~".contains(&byte) || byte >= 0x80;
    let mut stop = text.run(name, plain);
    if slash == b'\\' {
        let spaced = text.run(stop, |byte| plain(byte) || byte == b' ');
        if text.byte(spaced) == slash && spaced - name <= 40 {
            stop = spaced;
        }
    }
    (stop > name).then(|| Find::new(name..stop, Kind::User))
}
