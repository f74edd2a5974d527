//! Values and places as people may see them: in errors and in the answer of `check-config`.
//! Secrets end here.

use std::fmt;
use std::path::PathBuf;

use toml::Value;

use super::{dotenv, variables};

/// Keys whose values are never shown.
const SECRETS: [&str; 11] = [
    "auth.former_secret_keys",
    "auth.secret_key",
    "llm.ollama.api_key",
    "llm.ollama.headers",
    "llm.openai.api_key",
    "llm.openai.headers",
    "notifications.smtp.password",
    "sources.sentry.api_token",
    "storage.mongodb_uri",
    "telemetry.dsn",
    "telemetry.otlp.headers",
];

/// One key as people may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The path of the key: `server.port`.
    pub key: String,
    /// Its value as TOML; `***` for a secret that is set.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The built-in `config/default.toml`.
    Default,
    /// A TOML file, as it was named, and the line in it.
    File(PathBuf, usize),
    /// A variable and the line it has in `.env`.
    Dotenv(String, usize),
    /// A variable of the environment.
    Environment(String),
}

impl Origin {
    /// How a key is written in this place.
    pub(super) fn name_of(&self, key: &str) -> String {
        match self {
            Self::Default | Self::File(..) => key.to_owned(),
            Self::Dotenv(..) | Self::Environment(_) => variables::prefixed_name(key),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{} line {line}", path.display()),
            Self::Dotenv(name, line) => write!(f, "{name} in {} line {line}", dotenv::FILE),
            Self::Environment(name) => f.write_str(name),
        }
    }
}

/// The value of a key as TOML. A secret is `***`, or empty when it is not set; an address comes
/// without `user:password@`.
pub(super) fn shown(key: &str, value: &Value) -> String {
    let is_empty = value.as_array().is_some_and(Vec::is_empty) || value.as_str() == Some("");
    match value {
        nothing if is_empty => nothing.to_string(),
        _ if is_secret(key) => "***".to_owned(),
        _ => without_login(key, &value.to_string()),
    }
}

pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

fn without_login(key: &str, text: &str) -> String {
    let start = match text.find("://") {
        Some(at) => at + 3,
        None if key.ends_with("_url") => 0,
        None => return text.to_owned(),
    };
    match text.rfind('@') {
        Some(end) if end >= start => format!("{}***{}", &text[..start], &text[end..]),
        _ => text.to_owned(),
    }
}
