//! Whether the values make sense, once all layers are merged: bounds, choices, and the form of
//! addresses, names and keys. Types are right by then (`layers.rs`); whether a server answers at
//! an address is found out by those who use it.

use std::net::{IpAddr, SocketAddr};

use explainer_core::services::backend_and_model;
use toml::Value;
use tracing_subscriber::EnvFilter;

use super::{layers::Settings, notifications, oidc, price::price, problem::Problem, secret};

/// Whole numbers: key, smallest, largest, a value that is usually right.
const RANGES: &[(&str, i64, i64, &str)] = &[
    ("server.port", 0, 65_535, "a free port such as 8000"),
    ("server.body_limit_kib", 1, 65_536, "1024 for 1 MiB"),
    ("server.request_seconds", 1, 600, "half a minute, 30"),
    ("server.concurrent_requests", 1, 65_536, "1024 for most"),
    (
        "server.requests_per_minute",
        0,
        10_000_000,
        "60000, or 0 for any number",
    ),
    ("server.shutdown_seconds", 0, 600, "a few seconds, 10"),
    ("storage.mongodb_pool_size", 1, 1_000, "32 for most"),
    (
        "storage.mongodb_read_timeout_ms",
        100,
        60_000,
        "2500 for two and a half seconds",
    ),
    (
        "storage.mongodb_write_timeout_ms",
        100,
        600_000,
        "10000 for ten seconds",
    ),
    ("auth.token_minutes", 1, 525_600, "1440 for a day"),
    ("auth.session_days", 1, 366, "30 for a month"),
    ("auth.audit_days", 1, 3_660, "365 for a year"),
    ("plugins.call_timeout_seconds", 1, 600, "half a minute, 30"),
    ("sources.poll_seconds", 0, 86_400, "a few minutes, 300"),
    ("analysis.wait_seconds", 0, 600, "a minute, 60"),
    ("analysis.workers", 1, 1_024, "32 for most"),
    ("analysis.lease_seconds", 1, 3_600, "half a minute, 30"),
    ("analysis.attempts", 1, 20, "a small number such as 5"),
    ("analysis.token_budget", 500, 1_000_000, "8000 for most"),
    ("llm.max_output_tokens", 256, 100_000, "4000 for most"),
    ("llm.breaker_failures", 1, 1_000, "a small number such as 5"),
    ("llm.breaker_seconds", 1, 3_600, "half a minute, 30"),
    (
        "llm.openai.context_window",
        0,
        100_000_000,
        "0 to have it found out",
    ),
    ("llm.openai.timeout_seconds", 1, 3_600, "two minutes, 120"),
    (
        "llm.openai.concurrency",
        1,
        1_024,
        "a small number such as 4",
    ),
    (
        "llm.ollama.context_window",
        1_024,
        100_000_000,
        "16384 for most",
    ),
    ("llm.ollama.timeout_seconds", 1, 3_600, "ten minutes, 600"),
    (
        "llm.ollama.concurrency",
        1,
        1_024,
        "1, or as many as OLLAMA_NUM_PARALLEL",
    ),
];

/// Shares of a whole.
const RATES: &[&str] = &[
    "telemetry.traces_sample_rate",
    "telemetry.profiles_sample_rate",
    "telemetry.otlp.sample_rate",
];

/// Texts of which only some are known.
const CHOICES: &[(&str, &[&str])] = &[
    ("auth.registration", &["open", "invitation", "closed"]),
    ("log.format", &["auto", "text", "json"]),
    ("storage.kind", &["auto", "sqlite", "mongodb"]),
    ("llm.openai.api", &["chat", "responses"]),
    (
        "llm.openai.structured",
        &["auto", "json_schema", "json_object", "prompt"],
    ),
    ("llm.openai.location", &["auto", "local", "remote"]),
    ("llm.ollama.location", &["auto", "local", "remote"]),
    ("llm.ollama.think", &["off", "on", "low", "medium", "high"]),
    ("llm.when_spent", &["refuse", "local"]),
    ("plugins.isolation", &["process", "in-process"]),
    ("notifications.smtp.tls", &["starttls", "tls", "none"]),
];

/// Texts that must have a form, and who knows it.
const FORMS: &[(&str, Form)] = &[
    ("server.host", host),
    ("server.public_url", optional_web_address),
    ("log.filter", filter),
    ("storage.data_dir", filled),
    ("storage.mongodb_uri", mongodb_uri),
    ("storage.mongodb_database", database_name),
    ("auth.secret_key", secret::secret_key),
    ("auth.oidc.issuer", optional_web_address),
    ("auth.oidc.groups_claim", filled),
    ("sources.sentry.base_url", web_address),
    ("llm.openai.model", filled),
    ("llm.openai.base_url", web_address),
    ("llm.ollama.base_url", optional_web_address),
    ("llm.ollama.keep_alive", keep_alive),
    ("telemetry.dsn", dsn),
    ("telemetry.environment", filled),
    ("metrics.address", optional_socket),
];

/// Why a text cannot be used, and what to do about it.
pub(super) type Refusal = (&'static str, &'static str);
type Form = fn(&str) -> Result<(), Refusal>;

/// Adds a problem for each value that cannot be used.
pub(super) fn check(settings: &Settings, problems: &mut Vec<Problem>) {
    let ranges = RANGES.iter().chain(&notifications::RANGES).copied();
    for (key, smallest, largest, usual) in ranges {
        let number = settings.value(key).and_then(Value::as_integer);
        if number.is_none_or(|number| !(smallest..=largest).contains(&number)) {
            let reason = format!("it is not between {smallest} and {largest}");
            problems.push(settings.refuse(key, reason, format_args!("set {usual}")));
        }
    }
    for key in RATES.iter().copied() {
        let rate = settings.value(key).and_then(Value::as_float);
        if rate.is_none_or(|rate| !(0.0..=1.0).contains(&rate)) {
            let remedy = "set a share such as 0.1, or 0 for none";
            problems.push(settings.refuse(key, "it is not between 0 and 1", remedy));
        }
    }
    for (key, choices) in CHOICES.iter().copied() {
        let choice = settings.text(key);
        if choice.is_none_or(|choice| !choices.contains(&choice)) {
            let remedy = format!("set one of {}", choices.join(", "));
            problems.push(settings.refuse(key, "there is no such choice", remedy));
        }
    }
    for (key, form) in FORMS.iter().copied() {
        if let Err((reason, remedy)) = form(settings.text(key).unwrap_or_default()) {
            problems.push(settings.refuse(key, reason, remedy));
        }
    }
    secret::former_keys(settings, problems);
    oidc::check(settings, problems);
    origins(settings, problems);
    plugins(settings, problems);
    chain(settings, problems);
    headers(settings, problems);
    storage(settings, problems);
    spending(settings, problems);
    notifications::check(settings, problems);
    super::otlp::check(settings, problems);
}

/// The texts of a list.
fn texts<'s>(settings: &'s Settings, key: &str) -> impl Iterator<Item = &'s str> {
    let list = settings.value(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

fn spending(settings: &Settings, problems: &mut Vec<Problem>) {
    let limit = settings.value("llm.daily_spend_usd");
    let limit = limit.and_then(Value::as_float);
    if limit.is_none_or(|limit| !(0.0..=1e9).contains(&limit)) {
        let remedy = "set an amount of dollars such as 5.0, or 0 for no limit";
        problems.push(settings.refuse("llm.daily_spend_usd", "it is no amount", remedy));
    }
    let mut prices = texts(settings, "llm.prices");
    if let Some(bad) = prices.find(|line| price(line).is_none()) {
        let reason = format!("{bad:?} is not a model and three prices");
        let remedy = "write each as \"gpt-4o-mini 0.15 0.075 0.60\": dollars for a million tokens \
                      of a prompt, of a cached prompt, of an answer";
        problems.push(settings.refuse("llm.prices", reason, remedy));
    }
}

fn origins(settings: &Settings, problems: &mut Vec<Problem>) {
    const KEY: &str = "server.allowed_origins";
    let mut origins = texts(settings, KEY);
    if !origins.all(is_origin) {
        let remedy = "write each as scheme://host[:port] with nothing after it, such as \
                      https://issues.example.com";
        problems.push(settings.refuse(KEY, "not each is an origin", remedy));
    }
}

fn plugins(settings: &Settings, problems: &mut Vec<Problem>) {
    const KEY: &str = "plugins.allow";
    let mut entries = texts(settings, KEY);
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

fn chain(settings: &Settings, problems: &mut Vec<Problem>) {
    const KEY: &str = "llm.chain";
    let mut names = texts(settings, KEY);
    if let Some(bad) = names.find(|name| !is_model(name)) {
        let reason = format!("{bad:?} names no backend there is");
        let remedy = "write each as `openai` or `ollama`, or with a model as in `ollama/llama3.1`";
        problems.push(settings.refuse(KEY, reason, remedy));
    }
}

fn is_model(name: &str) -> bool {
    let (backend, model) = backend_and_model(name);
    let is_named = model.is_none_or(|model| !model.trim().is_empty());
    matches!(backend, "openai" | "ollama") && is_named
}

fn headers(settings: &Settings, problems: &mut Vec<Problem>) {
    for key in ["llm.openai.headers", "llm.ollama.headers"] {
        let mut headers = texts(settings, key);
        if !headers.all(is_header) {
            let remedy = r#"write each as "Name: value""#;
            problems.push(settings.refuse(key, "not each is a header", remedy));
        }
    }
}

/// RFC 9110, 5.1 and 5.5, without the control characters and the bytes beyond ASCII that no
/// header needs.
fn is_header(text: &str) -> bool {
    let in_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let in_value = |c: char| c == ' ' || c.is_ascii_graphic();
    text.split_once(':').is_some_and(|(name, value)| {
        !name.is_empty() && name.chars().all(in_name) && value.chars().all(in_value)
    })
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

pub(super) fn refuse_unless(
    fine: bool,
    reason: &'static str,
    remedy: &'static str,
) -> Result<(), Refusal> {
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

pub(super) fn web_address(text: &str) -> Result<(), Refusal> {
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

/// <https://docs.ollama.com/faq#how-do-i-keep-a-model-loaded-in-memory-or-make-it-unload-immediately>
fn keep_alive(text: &str) -> Result<(), Refusal> {
    let span = text.strip_suffix(['s', 'm', 'h']).unwrap_or_default();
    let is_span = !span.is_empty() && span.chars().all(|c| c.is_ascii_digit());
    refuse_unless(
        matches!(text, "0" | "-1") || (is_span && span.len() <= 9),
        "it is not a time as Ollama writes it",
        "set a number with s, m or h after it, such as 5m; 0 unloads at once, -1 never",
    )
}

fn optional_socket(text: &str) -> Result<(), Refusal> {
    refuse_unless(
        text.is_empty() || text.parse::<SocketAddr>().is_ok(),
        "it is not an IP address with a port",
        "set one such as 127.0.0.1:9464, or leave it empty",
    )
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
    }) && text.chars().all(|c| c.is_ascii_graphic());
    refuse_unless(
        text.is_empty() || complete,
        "it is not a Sentry DSN",
        "copy it from the client keys of your Sentry project, or leave it empty",
    )
}
