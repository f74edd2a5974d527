//! The secrets that the tests of this program used, and the check that none of them lies anywhere.
//!
//! Every client notes what it sends and is given under a secret's name. No answer may hold one that
//! was sent; at the end of each service its log and its store are searched for all of them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

/// Fields whose values are secrets.
const FIELDS: &[&str] = &[
    "password",
    "new_password",
    "current_password",
    "access_token",
    "refresh_token",
    "token",
    "code",
    "secret",
    "sentry_api_token",
    "sentry_client_secret",
    "sentry_test_dsn",
    "openai_api_key",
    "invitation",
];

/// Shorter ones are words that may well stand somewhere.
const SHORTEST: usize = 12;

static USED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The secrets in `value`.
pub(super) fn of(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if FIELDS.contains(&name.as_str()) => {
                        found.push(core_of(text).to_owned());
                    }
                    other => found.extend(of(other)),
                }
            }
        }
        Value::Array(items) => found.extend(items.iter().flat_map(of)),
        _ => {}
    }
    found.retain(|secret| {
        // What is shown masked, and what only has to be long, is no secret.
        let letters: BTreeSet<char> = secret.chars().collect();
        // The code of an invitation is one; the code of an error is a few words.
        let words = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        let is_name = secret.contains('_') && secret.chars().all(words);
        !is_name && secret.len() >= SHORTEST && letters.len() > 3 && !secret.contains("***")
    });
    found
}

/// Of an address with a key in it, the key.
fn core_of(text: &str) -> &str {
    let key = text
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('@'));
    key.map_or(text, |(key, _)| key)
}

/// Remembers secrets.
pub(super) fn note(secrets: &[String]) {
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    used.extend(secrets.iter().cloned());
}

/// Refuses a text that holds any secret used so far.
#[track_caller]
pub(super) fn refuse_in(place: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let used = USED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for secret in used {
        assert!(
            !text.contains(&secret),
            "the secret {secret} lies in {place}"
        );
    }
}
