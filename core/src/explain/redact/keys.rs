//! What the name of a key says of its value.
//!
//! A name is read by its words, whatever they are joined with (`DB_PASSWORD`, `dbPassword`,
//! `db-password`, `dbpassword`). The last word decides, so that `token_type` and
//! `password_min_length` say nothing; words that only qualify (`password_hash`, `token2`) are
//! passed over.

use super::kind::Kind;

/// The longest end of a name that is read, in bytes.
const MAX_NAME: usize = 64;

/// What a name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Says {
    /// What the value is.
    pub(super) kind: Kind,
    /// How far to trust the name.
    pub(super) trust: Trust,
}

/// How far to trust a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Values of such a name may be anything else; only one that looks like a secret is.
    Weak,
    /// The value is what the name says.
    Strong,
    /// So it is, and a bare value runs to the end of the line (`Cookie: a=1; b=2`).
    Line,
}

/// A word that decides what a name says.
struct Noun {
    /// The word; one that begins with `-` may also be the end of a longer one.
    word: &'static str,
    /// The words one of which has to stand before it; none means any.
    after: &'static [&'static str],
    says: Says,
}

const fn noun(word: &'static str, kind: Kind, trust: Trust) -> Noun {
    after(&[], word, kind, trust)
}

const fn after(
    after: &'static [&'static str],
    word: &'static str,
    kind: Kind,
    trust: Trust,
) -> Noun {
    Noun {
        word,
        after,
        says: Says { kind, trust },
    }
}

/// The words that decide, of which the first that fits does.
const NOUNS: &[Noun] = &[
    noun("-password", Kind::Password, Trust::Strong),
    noun("-passwd", Kind::Password, Trust::Strong),
    noun("-pwd", Kind::Password, Trust::Strong),
    noun("psw", Kind::Password, Trust::Strong),
    noun("passphrase", Kind::Password, Trust::Strong),
    noun("passcode", Kind::Password, Trust::Strong),
    noun("pass", Kind::Password, Trust::Weak),
    noun("pin", Kind::Password, Trust::Weak),
    noun("otp", Kind::Password, Trust::Weak),
    noun("totp", Kind::Password, Trust::Weak),
    noun("mfa", Kind::Password, Trust::Weak),
    noun("cvv", Kind::Password, Trust::Weak),
    noun("cvc", Kind::Password, Trust::Weak),
    noun("authorization", Kind::Token, Trust::Line),
    noun("-token", Kind::Token, Trust::Strong),
    noun("jwt", Kind::Token, Trust::Strong),
    noun("csrf", Kind::Token, Trust::Strong),
    noun("xsrf", Kind::Token, Trust::Strong),
    noun("-sessionid", Kind::Token, Trust::Strong),
    noun("-sessid", Kind::Token, Trust::Strong),
    after(&["session"], "id", Kind::Token, Trust::Strong),
    noun("sessionkey", Kind::Token, Trust::Strong),
    noun("auth", Kind::Token, Trust::Weak),
    noun("session", Kind::Token, Trust::Weak),
    noun("sid", Kind::Token, Trust::Weak),
    noun("sig", Kind::Token, Trust::Weak),
    noun("signature", Kind::Token, Trust::Weak),
    noun("bearer", Kind::Token, Trust::Weak),
    noun("cookie", Kind::Cookie, Trust::Line),
    noun("cookies", Kind::Cookie, Trust::Line),
    noun("-secret", Kind::Key, Trust::Strong),
    noun("-apikey", Kind::Key, Trust::Strong),
    noun("-accesskey", Kind::Key, Trust::Strong),
    noun("-secretkey", Kind::Key, Trust::Strong),
    noun("-privatekey", Kind::Key, Trust::Strong),
    after(KEYED, "key", Kind::Key, Trust::Strong),
    after(&["secret"], "id", Kind::Key, Trust::Strong),
    noun("credential", Kind::Key, Trust::Strong),
    noun("credentials", Kind::Key, Trust::Strong),
    noun("ssn", Kind::Ssn, Trust::Strong),
    after(&["security"], "number", Kind::Ssn, Trust::Strong),
    after(&["card", "cc"], "number", Kind::Card, Trust::Strong),
    noun("cardnumber", Kind::Card, Trust::Strong),
    noun("ccnumber", Kind::Card, Trust::Strong),
    after(
        &["phone", "mobile", "telephone"],
        "number",
        Kind::Phone,
        Trust::Weak,
    ),
    noun("phone", Kind::Phone, Trust::Weak),
    noun("mobile", Kind::Phone, Trust::Weak),
    noun("telephone", Kind::Phone, Trust::Weak),
    noun("phonenumber", Kind::Phone, Trust::Weak),
    noun("user", Kind::User, Trust::Strong),
    noun("username", Kind::User, Trust::Strong),
    noun("login", Kind::User, Trust::Strong),
    noun("fullname", Kind::User, Trust::Strong),
    noun("firstname", Kind::User, Trust::Strong),
    noun("lastname", Kind::User, Trust::Strong),
    noun("surname", Kind::User, Trust::Strong),
    after(NAMED, "name", Kind::User, Trust::Strong),
];

/// Words before `key` that make it one to keep to oneself (a `primary key` is none).
const KEYED: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "signing",
    "signature",
    "encryption",
    "auth",
    "master",
    "account",
    "client",
    "service",
    "ssh",
    "deploy",
    "app",
    "license",
    "subscription",
    "storage",
    "webhook",
];

/// Words before `name` that make it a person's.
const NAMED: &[&str] = &["user", "full", "first", "last", "middle", "family", "given"];

/// Words that leave what stands before them what it is.
const QUALIFIERS: &[&str] = &[
    "value",
    "val",
    "hash",
    "hashed",
    "digest",
    "confirm",
    "confirmation",
    "repeat",
    "again",
    "new",
    "old",
    "current",
    "plain",
    "plaintext",
    "raw",
    "text",
    "string",
    "str",
    "header",
    "b",
    "base",
    "enc",
    "encrypted",
    "prod",
    "production",
    "dev",
    "test",
    "staging",
    "live",
    "input",
    "param",
];

/// Words before `token` in what parsers say, which is no secret.
const PARSED: &[&str] = &[
    "unexpected",
    "expected",
    "illegal",
    "unrecognized",
    "next",
    "previous",
];

/// What a name says; `None` for a name like any other.
pub(super) fn says(name: &str) -> Option<Says> {
    if !may_say(name) {
        return None;
    }
    let mut buffer = [0; MAX_NAME];
    let words = words(name, &mut buffer);
    let mut words = words
        .rsplit('_')
        .map(|word| word.trim_end_matches(|letter: char| letter.is_ascii_digit()))
        .filter(|word| !word.is_empty() && !QUALIFIERS.contains(word));
    let last = words.next()?;
    let before = words.next().unwrap_or("");
    let fits = |noun: &&Noun| {
        if noun.word.as_bytes().last() != last.as_bytes().last() {
            return false;
        }
        let word = match noun.word.strip_prefix('-') {
            Some(end) => last.ends_with(end),
            None => last == noun.word,
        };
        word && (noun.after.is_empty() || noun.after.contains(&before))
    };
    let noun = NOUNS.iter().find(fits)?;
    (last != "token" || !PARSED.contains(&before)).then_some(noun.says)
}

/// Whether a name ends as a word does that counts, or with no letter. Most do not, and need not
/// be read any closer.
fn may_say(name: &str) -> bool {
    let Some([before, last]) = name.as_bytes().last_chunk() else {
        return false;
    };
    let seconds = ENDINGS
        .get(usize::from(last.to_ascii_lowercase()))
        .copied()
        .unwrap_or(0);
    !last.is_ascii_alphabetic() || seconds & (1 << (before.to_ascii_lowercase() & 63)) != 0
}

/// For each last byte of a word that counts the bytes before it, as bits by their last six bits.
static ENDINGS: [u64; 128] = endings();

const fn endings() -> [u64; 128] {
    let mut endings = [0; 128];
    let mut row = 0;
    while row < NOUNS.len() + QUALIFIERS.len() {
        let word = if row < NOUNS.len() {
            NOUNS[row].word
        } else {
            QUALIFIERS[row - NOUNS.len()]
        };
        if let Some([before, last]) = word.as_bytes().last_chunk() {
            endings[*last as usize] |= 1 << (*before & 63);
        }
        row += 1;
    }
    endings
}

/// The name in lower case, `_` between its words; of a very long name the end.
fn words<'b>(name: &str, buffer: &'b mut [u8; MAX_NAME]) -> &'b str {
    let name = name.as_bytes();
    let name = name
        .len()
        .checked_sub(MAX_NAME / 2)
        .and_then(|from| name.get(from..))
        .unwrap_or(name);
    let mut length = 0;
    let mut put = |byte| {
        if let Some(place) = buffer.get_mut(length) {
            *place = byte;
            length += 1;
        }
    };
    let mut before = 0_u8;
    for (at, &byte) in name.iter().enumerate() {
        let after = name.get(at + 1).copied().unwrap_or(0);
        let hump = byte.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || before.is_ascii_uppercase() && after.is_ascii_lowercase());
        if hump {
            put(b'_');
        }
        put(if byte.is_ascii_alphanumeric() {
            byte.to_ascii_lowercase()
        } else {
            b'_'
        });
        before = byte;
    }
    let filled = buffer.get(..length).unwrap_or(&[]);
    std::str::from_utf8(filled).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_any_style_says_what_its_last_word_says() {
        for (names, kind) in [
            (
                "password passwd pwd DB_PASSWORD dbPassword db-password PGPASSWORD password2 \
                 newPassword passwordHash password_confirmation userPwd PASSWORD_PROD passphrase pin",
                Kind::Password,
            ),
            (
                "token access_token accessToken AccessToken accesstoken X-CSRF-Token csrf_token \
                 Authorization Proxy-Authorization session sessionId session_id JSESSIONID_TOKEN \
                 X-Amz-Signature jwt OAuthToken refreshToken",
                Kind::Token,
            ),
            (
                "api_key apiKey APIKey X-Api-Key apikey client_secret SECRET_KEY secret \
                 AWS_SECRET_ACCESS_KEY privateKey credentials AccountKey",
                Kind::Key,
            ),
            ("username user_name userName login USER", Kind::User),
            ("Cookie Set-Cookie HTTP_COOKIE cookies", Kind::Cookie),
        ] {
            for name in names.split_whitespace() {
                assert_eq!(says(name).map(|says| says.kind), Some(kind), "{name}");
            }
        }
    }

    #[test]
    fn a_name_that_only_has_to_do_with_secrets_says_nothing() {
        for name in [
            "token_type",
            "tokens",
            "max_tokens",
            "token_count",
            "password_min_length",
            "key",
            "primary_key",
            "cache_key",
            "sort_key",
            "unexpected token",
            "passwordless",
            "secretary",
            "author",
            "authority",
            "session_timeout",
            "username_field",
            "filename",
            "hash",
            "",
            "___",
            "id",
            "user_id",
            "user_agent",
            "tokenizer",
            "password_reset_url",
            "passed",
        ] {
            assert_eq!(says(name), None, "{name}");
        }
    }
}
