//! Keys that sign tokens and encrypt secrets: that none can be guessed.

use toml::Value;

use super::check::{Refusal, refuse_unless};
use super::layers::Settings;
use super::problem::Problem;

/// Adds a problem for each key of before that could not be one.
pub(super) fn former_keys(settings: &Settings, problems: &mut Vec<Problem>) {
    const KEY: &str = "auth.former_secret_keys";
    let keys = settings.value(KEY).and_then(Value::as_array);
    for key in keys.into_iter().flatten().filter_map(Value::as_str) {
        if let Err((reason, remedy)) = secret_key(key) {
            problems.push(settings.refuse(KEY, reason, remedy));
        }
    }
}

/// Anyone who knows the key can make a token for any account and read the stored secrets.
pub(super) fn secret_key(text: &str) -> Result<(), Refusal> {
    const SHORTEST: usize = 32;
    const REMEDY: &str =
        "set one made by `openssl rand -hex 32`, or leave it empty to have one made";
    if text.is_empty() {
        return Ok(());
    }
    refuse_unless(
        !is_placeholder(text),
        "it is a placeholder out of an example, which anyone can guess",
        REMEDY,
    )?;
    let long = text.chars().count() >= SHORTEST;
    refuse_unless(long, "it is shorter than 32 characters", REMEDY)
}

/// Words of examples in the field, without the marks between them; no random key has them.
fn is_placeholder(text: &str) -> bool {
    const WHOLE: [&str; 4] = ["secret", "secretkey", "jwtsecret", "password"];
    const PARTS: [&str; 6] = [
        "yoursecret",
        "changeme",
        "changethis",
        "changein",
        "supersecret",
        "replaceme",
    ];
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    let bare: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    WHOLE.contains(&bare.as_str()) || PARTS.iter().any(|part| bare.contains(part))
}
