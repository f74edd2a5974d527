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

/// What a name says; `None` for a name like any other.
pub(super) fn says(name: &str) -> Option<Says> {
    let mut buffer = [0; MAX_NAME];
    let words = words(name, &mut buffer);
    let mut words = words
        .rsplit('_')
        .map(|word| word.trim_end_matches(|letter: char| letter.is_ascii_digit()))
        .filter(|word| !word.is_empty() && !qualifies(word));
    let last = words.next()?;
    let before = words.next().unwrap_or("");
    let (kind, trust) = noun(last, before)?;
    Some(Says { kind, trust })
}

fn noun(last: &str, before: &str) -> Option<(Kind, Trust)> {
    use Trust::{Line, Strong, Weak};
    Some(match last {
        "authorization" => (Kind::Token, Line),
        "cookie" | "cookies" => (Kind::Cookie, Line),
        "token" if parses(before) => return None,
        "jwt" | "csrf" | "xsrf" | "sessionid" | "sessid" | "sessionkey" | "csrfmiddlewaretoken" => {
            (Kind::Token, Strong)
        }
        "auth" | "session" | "sid" | "sig" | "signature" | "bearer" => (Kind::Token, Weak),
        "pwd" | "passphrase" | "passcode" | "psw" => (Kind::Password, Strong),
        "pass" | "pin" | "otp" | "totp" | "mfa" | "cvv" | "cvc" | "csc" => (Kind::Password, Weak),
        "credential" | "credentials" => (Kind::Key, Strong),
        "key" if keyed(before) => (Kind::Key, Strong),
        "id" if before == "session" => (Kind::Token, Strong),
        "id" if before == "secret" => (Kind::Key, Strong),
        "ssn" => (Kind::Ssn, Strong),
        "number" if before == "security" => (Kind::Ssn, Strong),
        "number" if matches!(before, "card" | "cc") => (Kind::Card, Strong),
        "cardnumber" | "ccnumber" => (Kind::Card, Strong),
        "number" if matches!(before, "phone" | "mobile" | "telephone") => (Kind::Phone, Weak),
        "phone" | "mobile" | "telephone" | "phonenumber" => (Kind::Phone, Weak),
        "username" | "login" | "user" | "fullname" | "firstname" | "lastname" | "surname" => {
            (Kind::User, Strong)
        }
        "name"
            if matches!(
                before,
                "user" | "full" | "first" | "last" | "family" | "given"
            ) =>
        {
            (Kind::User, Strong)
        }
        _ if last.ends_with("password") || last.ends_with("passwd") => (Kind::Password, Strong),
        _ if last.ends_with("secret") || last.ends_with("apikey") => (Kind::Key, Strong),
        "accesskey" | "secretkey" | "privatekey" | "accountkey" => (Kind::Key, Strong),
        _ if last.ends_with("token") => (Kind::Token, Strong),
        _ => return None,
    })
}

/// Words after the one that decides, or in its place, that leave it what it is.
fn qualifies(word: &str) -> bool {
    matches!(
        word,
        "value"
            | "val"
            | "hash"
            | "hashed"
            | "digest"
            | "confirm"
            | "confirmation"
            | "repeat"
            | "again"
            | "new"
            | "old"
            | "current"
            | "plain"
            | "plaintext"
            | "raw"
            | "text"
            | "string"
            | "str"
            | "header"
            | "b"
            | "base"
            | "enc"
            | "encrypted"
            | "prod"
            | "production"
            | "dev"
            | "test"
            | "staging"
            | "live"
            | "input"
            | "param"
    )
}

/// Words before `key` that make it one to keep to oneself (`primary key` is none).
fn keyed(before: &str) -> bool {
    matches!(
        before,
        "api"
            | "access"
            | "secret"
            | "private"
            | "signing"
            | "signature"
            | "encryption"
            | "auth"
            | "master"
            | "account"
            | "client"
            | "service"
            | "ssh"
            | "deploy"
            | "app"
            | "license"
            | "subscription"
            | "storage"
            | "webhook"
    )
}

/// Words before `token` in what parsers say.
fn parses(before: &str) -> bool {
    matches!(
        before,
        "unexpected" | "expected" | "illegal" | "unrecognized" | "next" | "previous" | "last"
    )
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
