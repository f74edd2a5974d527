//! Variables: which key each one sets, and how its text is read as the type of that key.
//! Where variables come from is `dotenv.rs` and the caller; which wins is `layers.rs`.

use toml::Value;

/// The variables with a name of their own. Older deployments set these.
pub(super) const NAMED: [(&str, &str); 36] = [
    ("ACCESS_TOKEN_EXPIRE_MINUTES", "auth.token_minutes"),
    ("ALLOWED_ORIGINS", "server.allowed_origins"),
    ("ANALYZE_WAIT_SECONDS", "analysis.wait_seconds"),
    ("API_HOST", "server.host"),
    ("API_PORT", "server.port"),
    ("APP_SENTRY_DSN", "telemetry.dsn"),
    ("APP_SENTRY_ENVIRONMENT", "telemetry.environment"),
    ("APP_SENTRY_PERSONAL_DATA", "telemetry.personal_data"),
    (
        "APP_SENTRY_PROFILES_SAMPLE_RATE",
        "telemetry.profiles_sample_rate",
    ),
    ("APP_SENTRY_RELEASE", "telemetry.release"),
    (
        "APP_SENTRY_TRACES_SAMPLE_RATE",
        "telemetry.traces_sample_rate",
    ),
    ("DATABASE_NAME", "storage.mongodb_database"),
    ("DEBUG", "server.debug"),
    ("FORMER_SECRET_KEYS", "auth.former_secret_keys"),
    ("METRICS_ADDRESS", "metrics.address"),
    ("MONGODB_URI", "storage.mongodb_uri"),
    ("OLLAMA_BASE_URL", "llm.ollama.base_url"),
    ("OLLAMA_MODEL", "llm.ollama.model"),
    ("OPENAI_API_KEY", "llm.openai.api_key"),
    ("OPENAI_BASE_URL", "llm.openai.base_url"),
    ("OPENAI_MODEL", "llm.openai.model"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp.endpoint"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "telemetry.otlp.headers"),
    ("OTEL_SERVICE_NAME", "telemetry.otlp.service_name"),
    ("REGISTRATION", "auth.registration"),
    ("SAMPLES", "sources.samples"),
    ("SECRET_KEY", "auth.secret_key"),
    ("SENTRY_API_TOKEN", "sources.sentry.api_token"),
    ("SENTRY_BASE_URL", "sources.sentry.base_url"),
    ("SENTRY_ORG_SLUG", "sources.sentry.organization"),
    ("SMTP_FROM", "notifications.smtp.from"),
    ("SMTP_HOST", "notifications.smtp.host"),
    ("SMTP_PASSWORD", "notifications.smtp.password"),
    ("SMTP_PORT", "notifications.smtp.port"),
    ("SMTP_TLS", "notifications.smtp.tls"),
    ("SMTP_USERNAME", "notifications.smtp.username"),
];

/// Every key is also reached by this, its sections and itself joined by `__`.
const PREFIX: &str = "EXPLAINER__";

/// A variable, its value without blanks around it. No `Debug`: it may be a secret.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
    /// Its line in `.env`; `None` for one of the environment.
    pub(super) line: Option<usize>,
}

impl Variable {
    pub(super) fn new(name: &str, value: &str, line: Option<usize>) -> Self {
        let (name, value) = (name.to_owned(), value.trim().to_owned());
        Self { name, value, line }
    }
}

/// The variables of the environment.
pub(super) fn of_process(environment: &[(String, String)]) -> Vec<Variable> {
    let variables = environment.iter();
    variables
        .map(|(name, value)| Variable::new(name, value, None))
        .collect()
}

/// The key that a named variable sets.
pub(super) fn named_key(name: &str) -> Option<&'static str> {
    let (_, key) = NAMED.iter().find(|(known, _)| *known == name)?;
    Some(key)
}

/// The key that an `EXPLAINER__` variable sets, known or not.
pub(super) fn prefixed_key(name: &str) -> Option<String> {
    let (prefix, key) = name.split_at_checked(PREFIX.len())?;
    let ours = prefix.eq_ignore_ascii_case(PREFIX);
    ours.then(|| key.to_ascii_lowercase().replace("__", "."))
}

/// The `EXPLAINER__` variable of a key.
pub(super) fn prefixed_name(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}

/// The value that `text` stands for where a value like `wanted` is wanted.
pub(super) fn read(text: &str, wanted: &Value) -> Option<Value> {
    match wanted {
        Value::Boolean(_) => boolean(text).map(Value::Boolean),
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::Array(_) => list(text).map(Value::from),
        _ => Some(Value::String(text.to_owned())),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// A JSON list of texts, or texts between commas. The quotes of the list may be missing: an
/// unquoted value in `.env` loses them.
fn list(text: &str) -> Option<Vec<String>> {
    if let Ok(items) = serde_json::from_str(text) {
        return Some(items);
    }
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        None => text,
    };
    if bare.contains(['"', '[', ']']) {
        return None;
    }
    let items = bare
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    Some(items.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_text_as_the_type_that_is_wanted() {
        let list = |items: &[&str]| Some(Value::from(items.to_vec()));
        let cases = [
            ("On", Value::from(false), Some(Value::from(true))),
            ("no", Value::from(true), Some(Value::from(false))),
            ("maybe", Value::from(true), None),
            ("-7", Value::from(0), Some(Value::from(-7))),
            ("7.5", Value::from(0), None),
            ("99999999999999999999", Value::from(0), None),
            ("1", Value::from(0.5), Some(Value::from(1.0))),
            ("much", Value::from(0.5), None),
            ("12", Value::from(""), Some(Value::from("12"))),
            ("a, b,,", Value::Array(vec![]), list(&["a", "b"])),
            (r#"["a", "b,c"]"#, Value::Array(vec![]), list(&["a", "b,c"])),
            ("[a,b]", Value::Array(vec![]), list(&["a", "b"])),
            ("[]", Value::Array(vec![]), list(&[])),
            (r#"["a""#, Value::Array(vec![]), None),
            (r#"[["a"]]"#, Value::Array(vec![]), None),
        ];
        for (text, wanted, expected) in cases {
            assert_eq!(read(text, &wanted), expected, "{text}");
        }
    }

    #[test]
    fn the_prefix_is_taken_in_any_case_and_nothing_else_is() {
        let cases = [
            ("EXPLAINER__SERVER__PORT", Some("server.port")),
            (
                "explainer__llm__openai__api_key",
                Some("llm.openai.api_key"),
            ),
            ("EXPLAINER_CONFIG", None),
            ("EXPLAINER_PORT", None),
            ("EXPLAINÉR__X", None),
            ("PATH", None),
        ];
        for (name, expected) in cases {
            assert_eq!(prefixed_key(name).as_deref(), expected, "{name}");
        }
    }
}
