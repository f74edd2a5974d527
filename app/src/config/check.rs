//! Whether the values make sense, once all layers are merged: bounds, choices, and the form of
//! addresses, names and keys. Types are right by then (`layers.rs`); whether a server answers at
//! an address is found out by those who use it.

use std::net::IpAddr;

use toml::Value;
use tracing_subscriber::EnvFilter;

use super::layers::Settings;
use super::problem::Problem;

/// Whole numbers: key, smallest, largest, a value that is usually right.
const RANGES: [(&str, i64, i64, &str); 10] = [
    ("server.port", 0, 65_535, "a free port such as 8000"),
    ("server.body_limit_kib", 1, 65_536, "1024 for 1 MiB"),
    ("server.shutdown_seconds", 0, 600, "a few seconds, 10"),
    ("auth.token_minutes", 1, 525_600, "1440 for a day"),
    ("plugins.call_timeout_seconds", 1, 600, "half a minute, 30"),
    ("analysis.wait_seconds", 0, 600, "a minute, 60"),
    ("analysis.workers", 1, 1_024, "a small number such as 4"),
    ("analysis.lease_seconds", 1, 3_600, "half a minute, 30"),
    ("analysis.attempts", 1, 20, "a small number such as 3"),
    ("analysis.token_budget", 500, 1_000_000, "8000 for most"),
];

/// Shares of a whole.
const RATES: [&str; 2] = [
    "telemetry.traces_sample_rate",
    "telemetry.profiles_sample_rate",
];

/// Texts of which only some are known.
const CHOICES: [(&str, &[&str]); 3] = [
    ("log.format", &["auto", "text", "json"]),
    ("storage.kind", &["auto", "sqlite", "mongodb"]),
    ("plugins.isolation", &["process", "in-process"]),
];

/// Texts that must have a form, and who knows it.
const FORMS: [(&str, Form); 12] = [
    ("server.host", host),
    ("log.filter", filter),
    ("storage.data_dir", filled),
    ("storage.mongodb_uri", mongodb_uri),
    ("storage.mongodb_database", database_name),
    ("auth.secret_key", secret_key),
    ("sources.sentry.base_url", web_address),
    ("llm.openai.model", filled),
    ("llm.openai.base_url", web_address),
    ("llm.ollama.base_url", optional_web_address),
    ("telemetry.dsn", dsn),
    ("telemetry.environment", filled),
];

/// Why a text cannot be used, and what to do about it.
type Refusal = (&'static str, &'static str);
type Form = fn(&str) -> Result<(), Refusal>;

/// Adds a problem for each value that cannot be used.
pub(super) fn check(settings: &Settings, problems: &mut Vec<Problem>) {
    for (key, smallest, largest, usual) in RANGES {
        let number = settings.value(key).and_then(Value::as_integer);
        if number.is_none_or(|number| !(smallest..=largest).contains(&number)) {
            let reason = format!("it is not between {smallest} and {largest}");
            problems.push(settings.refuse(key, reason, format_args!("set {usual}")));
        }
    }
    for key in RATES {
        let rate = settings.value(key).and_then(Value::as_float);
        if rate.is_none_or(|rate| !(0.0..=1.0).contains(&rate)) {
            let remedy = "set a share such as 0.1, or 0 for none";
            problems.push(settings.refuse(key, "it is not between 0 and 1", remedy));
        }
    }
    for (key, choices) in CHOICES {
        let choice = settings.text(key);
        if choice.is_none_or(|choice| !choices.contains(&choice)) {
            let remedy = format!("set one of {}", choices.join(", "));
            problems.push(settings.refuse(key, "there is no such choice", remedy));
        }
    }
    for (key, form) in FORMS {
        if let Err((reason, remedy)) = form(settings.text(key).unwrap_or_default()) {
            problems.push(settings.refuse(key, reason, remedy));
        }
    }
    origins(settings, problems);
    plugins(settings, problems);
    storage(settings, problems);
}

fn origins(settings: &Settings, problems: &mut Vec<Problem>) {
    const KEY: &str = "server.allowed_origins";
    let origins = settings.value(KEY).and_then(Value::as_array);
    let mut origins = origins.into_iter().flatten().filter_map(Value::as_str);
    if !origins.all(is_origin) {
        let remedy = "write each as scheme://host[:port] with nothing after it, such as \
                      https://issues.example.com";
        problems.push(settings.refuse(KEY, "not each is an origin", remedy));
    }
}

fn plugins(settings: &Settings, problems: &mut Vec<Problem>) {
    const KEY: &str = "plugins.allow";
    let entries = settings.value(KEY).and_then(Value::as_array);
    let mut entries = entries.into_iter().flatten().filter_map(Value::as_str);
    if !entries.all(is_plugin) {
        let remedy = "write each as `sha256:` with 64 hex digits, a blank and the path of the library; \
                      `explainer plugin allow LIBRARY` does it";
        problems.push(settings.refuse(KEY, "not each names a library and its digest", remedy));
    }
}

fn is_plugin(text: &str) -> bool {
    let parts = text
        .strip_prefix("sha256:")
        .and_then(|it| it.split_once(' '));
    parts.is_some_and(|(digest, path)| {
        let is_hex = digest.bytes().all(|it| it.is_ascii_hexdigit());
        digest.len() == 64 && is_hex && !path.trim().is_empty()
    })
}

/// Browsers send an origin without a path, and it is compared as it stands.
fn is_origin(text: &str) -> bool {
    let host = text.split_once("://").map_or("", |(_, host)| host);
    text == "*" || (web_address(text).is_ok() && !host.contains(['/', '?', '#', '@']))
}

fn storage(settings: &Settings, problems: &mut Vec<Problem>) {
    let text = |key| settings.text(key).unwrap_or_default();
    if text("storage.kind") == "mongodb" && text("storage.mongodb_uri").is_empty() {
        problems.push(settings.refuse(
            "storage.kind",
            "storage.mongodb_uri is empty",
            "set MONGODB_URI, or the kind sqlite",
        ));
    }
}

fn refuse_unless(fine: bool, reason: &'static str, remedy: &'static str) -> Result<(), Refusal> {
    if fine { Ok(()) } else { Err((reason, remedy)) }
}

fn filled(text: &str) -> Result<(), Refusal> {
    refuse_unless(
        !text.trim().is_empty(),
        "it is empty",
        "set it, or remove it to have the default",
    )
}

fn host(text: &str) -> Result<(), Refusal> {
    let is_name = |text: &str| {
        let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        (1..=253).contains(&text.len()) && text.chars().all(known)
    };
    refuse_unless(
        text.parse::<IpAddr>().is_ok() || is_name(text),
        "it is not an IP address or a host name",
        "set 127.0.0.1 for this machine only or 0.0.0.0 for every interface; the port has a key of its own",
    )
}

fn filter(text: &str) -> Result<(), Refusal> {
    refuse_unless(
        text.parse::<EnvFilter>().is_ok(),
        "it is not a list of tracing directives",
        "set a level such as info, or directives such as warn,explainer=debug",
    )
}

fn web_address(text: &str) -> Result<(), Refusal> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let has_host = |rest: &str| !rest.is_empty() && !rest.starts_with(['/', ':', '?', '#']);
    refuse_unless(
        rest.is_some_and(has_host) && text.chars().all(|c| c.is_ascii_graphic()),
        "it is not a web address",
        "write it with its scheme, as in https://host.example.com",
    )
}

fn optional_web_address(text: &str) -> Result<(), Refusal> {
    if text.is_empty() {
        Ok(())
    } else {
        web_address(text)
    }
}

fn mongodb_uri(text: &str) -> Result<(), Refusal> {
    let known = text.starts_with("mongodb://") || text.starts_with("mongodb+srv://");
    refuse_unless(
        text.is_empty() || known,
        "it is not a MongoDB connection string",
        "begin it with mongodb:// or mongodb+srv://, or leave it empty to use SQLite",
    )
}

/// <https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions>, the stricter set
/// of Windows servers.
fn database_name(text: &str) -> Result<(), Refusal> {
    let refused = |c: char| "/\\. \"$*<>:|?".contains(c) || c.is_control();
    refuse_unless(
        (1..64).contains(&text.len()) && !text.contains(refused),
        "MongoDB takes no such name for a database",
        "set a name of 1 to 63 letters, digits, _ or -",
    )
}

/// <https://develop.sentry.dev/sdk/overview/#parsing-the-dsn>
fn dsn(text: &str) -> Result<(), Refusal> {
    let parts = text
        .split_once('@')
        .and_then(|(key, rest)| Some((key, rest.rsplit_once('/')?)));
    let complete = parts.is_some_and(|(key, (host, project))| {
        web_address(key).is_ok() && !host.is_empty() && !project.is_empty()
    });
    refuse_unless(
        text.is_empty() || complete,
        "it is not a Sentry DSN",
        "copy it from the client keys of your Sentry project, or leave it empty",
    )
}

/// Anyone who knows the key can make a token for any account and read the stored secrets.
fn secret_key(text: &str) -> Result<(), Refusal> {
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
