//! What a configuration comes to, seen through [`Config::load`] alone.

use std::collections::BTreeSet;
use std::path::Path;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::variables::{NAMED, prefixed_name};
use super::{Config, ConfigErrors, Inputs, Loaded, LogFormat, Origin, StorageKind};

const KEY: &str = "7d1f0c5b9a3e8642f0b1c2d3e4a59687";

/// A working directory with these files, and an environment.
struct Place {
    folder: TempDir,
    inputs: Inputs,
}

fn place(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Place {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let inputs = Inputs {
        config_file: None,
        working_dir: folder.path().to_owned(),
        environment: environment.iter().map(pair).collect(),
    };
    Place { folder, inputs }
}

fn load(files: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Loaded, ConfigErrors> {
    Config::load(&place(files, environment).inputs)
}

fn with_file(text: &str) -> Result<Loaded, ConfigErrors> {
    load(&[("explainer.toml", text)], &[])
}

fn lines(result: Result<Loaded, ConfigErrors>) -> Vec<String> {
    let errors = result.expect_err("should have been refused").to_string();
    errors.lines().map(str::to_owned).collect()
}

fn origin(loaded: &Loaded, key: &str) -> Origin {
    let shown = loaded.settings.iter().find(|shown| shown.key == key);
    shown.unwrap().origin.clone()
}

fn value(loaded: &Loaded, key: &str) -> String {
    let shown = loaded.settings.iter().find(|shown| shown.key == key);
    shown.unwrap().value.clone()
}

#[test]
fn the_defaults_need_nothing_and_are_safe() {
    let loaded = load(&[], &[]).unwrap();
    let config = &loaded.config;
    assert_eq!(
        (config.server.host.as_str(), config.server.port),
        ("127.0.0.1", 8000)
    );
    assert!(config.server.allowed_origins.is_empty());
    assert!(!config.server.debug);
    assert_eq!(config.server.body_limit_kib, 1024);
    assert_eq!(config.server.shutdown_seconds, 10);
    assert_eq!(
        (config.log.format, config.log.filter.as_str()),
        (LogFormat::Auto, "info")
    );
    assert_eq!(config.storage.kind, StorageKind::Auto);
    assert_eq!(config.storage.sqlite_file(), Path::new("data/explainer.db"));
    assert_eq!(config.storage.mongodb_database, "issue_explainer");
    assert!(config.storage.mongodb_uri.is_none());
    assert!(config.auth.secret_key.is_none());
    assert_eq!(config.auth.token_minutes, 1440);
    assert!(config.sources.samples);
    assert_eq!(config.sources.files, None);
    assert_eq!(config.sources.sentry.base_url, "https://sentry.io");
    assert!(config.sources.sentry.api_token.is_none());
    assert_eq!(config.sources.sentry.organization, None);
    let analysis = &config.analysis;
    assert_eq!((analysis.wait_seconds, analysis.workers), (60, 32));
    assert_eq!((analysis.lease_seconds, analysis.attempts), (30, 5));
    assert_eq!(analysis.token_budget, 8000);
    assert!(config.llm.openai.api_key.is_none());
    assert_eq!(config.llm.openai.model, "gpt-4o-mini");
    assert_eq!(config.llm.openai.base_url, "https://api.openai.com/v1");
    assert_eq!(
        (&config.llm.ollama.base_url, &config.llm.ollama.model),
        (&None, &None)
    );
    let telemetry = &config.telemetry;
    assert!(telemetry.dsn.is_none() && telemetry.release.is_none());
    assert_eq!(telemetry.environment, "production");
    assert!(
        telemetry.traces_sample_rate.abs() + telemetry.profiles_sample_rate.abs() < f32::EPSILON
    );
    assert!(
        loaded
            .settings
            .iter()
            .all(|shown| shown.origin == Origin::Default)
    );
}

#[test]
fn a_later_layer_wins_and_is_named() {
    let file = ("explainer.toml", "# mine\n[server]\nport = 1001\n");
    let dotenv = (".env", "\nAPI_PORT=1002\n");
    let dotenv_prefixed = (".env", "EXPLAINER__SERVER__PORT=1003\nAPI_PORT=1002\n");
    let from_file = Origin::File("explainer.toml".into(), 3);
    let from_dotenv = Origin::Dotenv("API_PORT".into(), 2);
    let from_prefixed = Origin::Dotenv("EXPLAINER__SERVER__PORT".into(), 1);
    let from_environment = |name: &str| Origin::Environment(name.into());
    let named = ("API_PORT", "1004");
    let prefixed = ("explainer__Server__PORT", "1005");

    let cases = [
        (vec![], vec![], 8000, Origin::Default),
        (vec![file], vec![], 1001, from_file),
        (vec![file, dotenv], vec![], 1002, from_dotenv.clone()),
        (vec![file, dotenv_prefixed], vec![], 1003, from_prefixed),
        (
            vec![file, dotenv],
            vec![("API_PORT", " ")],
            1002,
            from_dotenv,
        ),
        (
            vec![file, dotenv_prefixed],
            vec![named],
            1004,
            from_environment("API_PORT"),
        ),
        (
            vec![file, dotenv],
            vec![prefixed, named],
            1005,
            from_environment("explainer__Server__PORT"),
        ),
    ];
    for (files, environment, port, from) in cases {
        let loaded = load(&files, &environment).unwrap();
        assert_eq!(loaded.config.server.port, port);
        assert_eq!(origin(&loaded, "server.port"), from);
        assert_eq!(
            loaded.config.server.host, "127.0.0.1",
            "a neighbour is left alone"
        );
    }
}

#[test]
fn the_file_is_the_one_asked_for() {
    let text = |port: u16| format!("[server]\nport = {port}");
    let names = ["explainer.toml", "a.toml", "b.toml", "c.toml"];
    let texts = [text(1), text(2), text(3), text(4)];
    let files: Vec<_> = names
        .into_iter()
        .zip(texts.iter().map(String::as_str))
        .collect();
    let dotenv = [files.clone(), vec![(".env", "EXPLAINER_CONFIG=c.toml")]].concat();
    let variable = [("EXPLAINER_CONFIG", "b.toml")];

    let cases: [(_, &[_], Option<&str>, _); 6] = [
        (&files, &[], None, 1),
        (&files, &[("EXPLAINER_CONFIG", "")], None, 1),
        (&files, &variable, None, 3),
        (&dotenv, &[], None, 4),
        (&dotenv, &variable, None, 3),
        (&dotenv, &variable, Some("a.toml"), 2),
    ];
    for (files, environment, asked, port) in cases {
        let mut place = place(files, environment);
        place.inputs.config_file = asked.map(Into::into);
        assert_eq!(
            Config::load(&place.inputs).unwrap().config.server.port,
            port
        );
        // A path from the root of the file system is taken as it stands.
        place.inputs.config_file = Some(place.folder.path().join("a.toml"));
        assert_eq!(Config::load(&place.inputs).unwrap().config.server.port, 2);
    }
}

#[test]
fn a_file_that_was_asked_for_must_be_readable() {
    let problems = lines(load(&[], &[("EXPLAINER_CONFIG", "gone.toml")]));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("could not read the configuration file gone.toml because"));

    let huge = "#".repeat(2 * 1024 * 1024);
    for (name, text) in [("explainer.toml", &huge), (".env", &huge)] {
        let problems = lines(load(&[(name, text)], &[]));
        assert!(
            problems[0].contains("because it is larger than 1 MiB;"),
            "{problems:?}"
        );
    }
}

#[test]
fn every_named_variable_lands_on_its_key() {
    let values = [
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "5", "5"),
        (
            "ALLOWED_ORIGINS",
            "https://a.example, http://localhost:3000",
            r#"["https://a.example", "http://localhost:3000"]"#,
        ),
        ("ANALYZE_WAIT_SECONDS", "0", "0"),
        ("API_HOST", "0.0.0.0", r#""0.0.0.0""#),
        ("API_PORT", "81", "81"),
        ("APP_SENTRY_DSN", "https://k@sentry.example/1", "***"),
        ("APP_SENTRY_ENVIRONMENT", "staging", r#""staging""#),
        ("APP_SENTRY_PERSONAL_DATA", "on", "true"),
        ("APP_SENTRY_PROFILES_SAMPLE_RATE", "1", "1.0"),
        ("APP_SENTRY_RELEASE", "1.2", r#""1.2""#),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "0.25", "0.25"),
        ("DATABASE_NAME", "old", r#""old""#),
        ("DEBUG", "True", "true"),
        ("FORMER_SECRET_KEYS", KEY, "***"),
        ("METRICS_ADDRESS", "[::1]:9464", r#""[::1]:9464""#),
        ("MONGODB_URI", "mongodb://u:p@db.example", "***"),
        (
            "OLLAMA_BASE_URL",
            "http://127.0.0.1:11434",
            r#""http://127.0.0.1:11434""#,
        ),
        ("OLLAMA_MODEL", "llama3.1", r#""llama3.1""#),
        ("OPENAI_API_KEY", "sk-1", "***"),
        (
            "OPENAI_BASE_URL",
            "http://gpu.example/v1",
            r#""http://gpu.example/v1""#,
        ),
        ("OPENAI_MODEL", "gpt-4o", r#""gpt-4o""#),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://127.0.0.1:4318",
            r#""http://127.0.0.1:4318""#,
        ),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=k,a=b%2Cc", "***"),
        ("OTEL_SERVICE_NAME", "ours", r#""ours""#),
        ("REGISTRATION", "closed", r#""closed""#),
        ("SAMPLES", "off", "false"),
        ("SECRET_KEY", KEY, "***"),
        ("SENTRY_API_TOKEN", "sntrys_1", "***"),
        (
            "SENTRY_BASE_URL",
            "https://sentry.example",
            r#""https://sentry.example""#,
        ),
        ("SENTRY_ORG_SLUG", "acme", r#""acme""#),
        ("SMTP_FROM", "a@b.example", r#""a@b.example""#),
        ("SMTP_HOST", "mail.example", r#""mail.example""#),
        ("SMTP_PASSWORD", "letmein", "***"),
        ("SMTP_PORT", "465", "465"),
        ("SMTP_TLS", "tls", r#""tls""#),
        ("SMTP_USERNAME", "me", r#""me""#),
    ];
    assert_eq!(values.map(|(name, ..)| name), NAMED.map(|(name, _)| name));
    for ((name, text, shown), (_, key)) in values.into_iter().zip(NAMED) {
        let loaded = load(&[], &[(name, text)]).unwrap();
        assert_eq!(value(&loaded, key), shown, "{name}");
        let changed = loaded
            .settings
            .iter()
            .filter(|shown| shown.origin != Origin::Default);
        let changed: Vec<_> = changed.map(|shown| shown.key.as_str()).collect();
        assert_eq!(changed, [key], "{name}");
        assert_eq!(origin(&loaded, key), Origin::Environment(name.into()));
        load(&[], &[(name, "")]).unwrap();
    }
    let environment = values.map(|(name, text, _)| (name, text));
    let config = load(&[], &environment).unwrap().config;
    let exposed =
        |secret: Option<secrecy::SecretString>| secret.unwrap().expose_secret().to_owned();
    assert!(config.storage.uses_mongodb());
    assert_eq!(exposed(config.auth.secret_key), KEY);
    assert_eq!(
        exposed(config.storage.mongodb_uri),
        "mongodb://u:p@db.example"
    );
    assert_eq!(exposed(config.llm.openai.api_key), "sk-1");
    assert_eq!(config.llm.ollama.model.as_deref(), Some("llama3.1"));
    assert_eq!(
        config.server.allowed_origins,
        ["https://a.example", "http://localhost:3000"]
    );
}

#[test]
fn every_key_is_reached_by_a_prefixed_variable() {
    for known in load(&[], &[]).unwrap().settings {
        // The default, written down again: valid for every key, and now from the variable.
        let text = known.value.trim_matches('"').to_owned();
        let name = prefixed_name(&known.key);
        let loaded = load(&[], &[(&name, &text)]).unwrap();
        assert_eq!(origin(&loaded, &known.key), Origin::Environment(name));
        assert_eq!(value(&loaded, &known.key), known.value);
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    let cases = [
        (
            "[server]\nprot = 1",
            "server.prot (from explainer.toml line 2)",
            "did you mean server.port",
        ),
        (
            "port = 1",
            "port (from explainer.toml line 1)",
            "did you mean server.port",
        ),
        (
            "\n[servr]\nport = 1",
            "servr (from explainer.toml line 2)",
            "did you mean server",
        ),
        (
            "[llm]\nmodell = 'x'",
            "llm.modell (from explainer.toml line 2)",
            "did you mean llm.ollama.model",
        ),
        (
            "[server.port]\nx = 1",
            "server.port",
            "set one such as 8000",
        ),
        (
            "\"server.port\" = 1",
            "\"server.port\"",
            "did you mean server.port",
        ),
        (
            "colour = 'red'",
            "colour",
            "remove it; config/default.toml lists every key",
        ),
        (
            "server = 1",
            "server (from explainer.toml line 1)",
            "it is a section and not a key; set one of its keys, such as server.allowed_origins",
        ),
    ];
    for (text, place, remedy) in cases {
        let problems = lines(with_file(text));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0].starts_with(&format!("could not use {place}")),
            "{problems:?}"
        );
        assert!(problems[0].contains(remedy), "{text}: {problems:?}");
    }
    let problems = lines(load(
        &[(".env", "EXPLAINER__SERVER=1")],
        &[("EXPLAINER__AUTH__SECRETKEY", KEY)],
    ));
    assert_eq!(
        problems,
        [
            "could not use server (from EXPLAINER__SERVER in .env line 1) because it is a section and not a key; set one of its keys, such as EXPLAINER__SERVER__ALLOWED_ORIGINS",
            "could not use auth.secretkey (from EXPLAINER__AUTH__SECRETKEY) because there is no such key; did you mean EXPLAINER__AUTH__SECRET_KEY",
        ]
    );
}

#[test]
fn a_wrong_type_says_where_it_is_what_it_is_and_what_is_wanted() {
    let cases = [
        (
            "[server]\nport = 'x'",
            "could not use server.port (from explainer.toml line 2) because 'x' is not a whole number; set one such as 8000",
        ),
        (
            "[server]\nport = 1.5",
            "could not use server.port (from explainer.toml line 2) because 1.5 is not a whole number; set one such as 8000",
        ),
        (
            "[server]\nport = 99999999999999999999",
            "could not read explainer.toml line 2 because it has a number of more than 64 bits; write a smaller one, or text in quotes",
        ),
        (
            "server.debug = 1",
            "could not use server.debug (from explainer.toml line 1) because 1 is not true or false; set one of the two",
        ),
        (
            "server.host = 1",
            "could not use server.host (from explainer.toml line 1) because 1 is not text; put it in quotes",
        ),
        (
            "server.allowed_origins = [1]",
            "could not use server.allowed_origins (from explainer.toml line 1) because [1] is not a list of texts; set one such as [\"a\", \"b\"]",
        ),
        (
            "telemetry.traces_sample_rate = '1'",
            "could not use telemetry.traces_sample_rate (from explainer.toml line 1) because \"1\" is not a number; set one such as 0.0",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(lines(with_file(text)), [expected.replace("'x'", "\"x\"")]);
    }
    let problems = lines(load(&[(".env", "DEBUG=maybe")], &[("API_PORT", "eighty")]));
    assert_eq!(
        problems,
        [
            "could not use server.debug (from DEBUG in .env line 1) because \"maybe\" is not true or false; set one of the two",
            "could not use server.port (from API_PORT) because \"eighty\" is not a whole number; set one such as 8000",
        ]
    );
    with_file("telemetry.traces_sample_rate = 1").unwrap();
}

#[test]
fn values_out_of_bounds_are_refused_and_those_at_the_bounds_are_not() {
    let ranges = [
        ("server.port", 0, 65_535),
        ("server.body_limit_kib", 1, 65_536),
        ("server.request_seconds", 1, 600),
        ("server.concurrent_requests", 1, 65_536),
        ("server.requests_per_minute", 0, 10_000_000),
        ("server.shutdown_seconds", 0, 600),
        ("auth.token_minutes", 1, 525_600),
        ("plugins.call_timeout_seconds", 1, 600),
        ("analysis.wait_seconds", 0, 600),
        ("analysis.workers", 1, 1_024),
        ("analysis.lease_seconds", 1, 3_600),
        ("analysis.attempts", 1, 20),
        ("analysis.token_budget", 500, 1_000_000),
        ("notifications.attempts", 1, 20),
        ("notifications.first_wait_seconds", 1, 3_600),
        ("notifications.timeout_seconds", 1, 60),
    ];
    for (key, smallest, largest) in ranges {
        for fine in [smallest, largest] {
            with_file(&format!("{key} = {fine}")).unwrap();
        }
        for wrong in [smallest - 1, largest + 1, i64::MIN, i64::MAX] {
            let problems = lines(with_file(&format!("{key} = {wrong}")));
            let start = format!(
                "could not use {key} = {wrong} (from explainer.toml line 1) because it is not between {smallest} and {largest}; set "
            );
            assert!(
                problems.len() == 1 && problems[0].starts_with(&start),
                "{problems:?}"
            );
        }
    }
    for wrong in ["-0.1", "1.1", "nan", "inf", "2"] {
        let text =
            format!("[telemetry]\ntraces_sample_rate = {wrong}\nprofiles_sample_rate = {wrong}");
        let problems = lines(with_file(&text));
        assert_eq!(problems.len(), 2, "{wrong}");
        assert!(
            problems[0].contains("because it is not between 0 and 1; set"),
            "{problems:?}"
        );
    }
    let problem = lines(load(&[], &[("API_PORT", "70000")]));
    assert_eq!(
        problem,
        [
            "could not use server.port = 70000 (from API_PORT) because it is not between 0 and 65535; set a free port such as 8000"
        ]
    );
}

#[test]
fn texts_have_the_form_their_users_need() {
    let fine = [
        "log.format = 'text'",
        "log.format = 'json'",
        "log.filter = 'warn,explainer=debug'",
        "storage.kind = 'sqlite'",
        "storage = { kind = 'mongodb', mongodb_uri = 'mongodb+srv://db.example' }",
        "server.host = '::'",
        "server.host = 'localhost'",
        "server.allowed_origins = ['*']",
        "llm.ollama.base_url = 'http://127.0.0.1:11434'",
        "llm.ollama.keep_alive = '-1'",
        "llm.ollama.keep_alive = '90m'",
        "llm.ollama.think = 'low'",
        "llm.openai.api = 'responses'",
        "llm.openai.structured = 'json_object'",
        "llm.openai.location = 'local'",
        "llm.openai.headers = ['X-Title: Issue Explainer', 'api-key: s3cr3t:x']",
        "telemetry.dsn = 'https://k@o1.ingest.example/42'",
        "sources.files = '/var/events'",
    ];
    for text in fine {
        with_file(text).unwrap_or_else(|errors| panic!("{text}: {errors}"));
    }
    let wrong = [
        ("log.format = 'xml'", "set one of auto, text, json"),
        ("log.filter = 'a=b=c'", "tracing directives"),
        ("storage.kind = 'mongo'", "set one of auto, sqlite, mongodb"),
        (
            "storage.kind = 'mongodb'",
            "because storage.mongodb_uri is empty; set MONGODB_URI",
        ),
        (
            "storage.mongodb_uri = 'postgres://db'",
            "not a MongoDB connection string",
        ),
        (
            "storage.mongodb_database = 'a b'",
            "MongoDB takes no such name",
        ),
        ("storage.data_dir = ''", "it is empty"),
        (
            "server.host = 'http://localhost'",
            "not an IP address or a host name",
        ),
        (
            "server.host = 'localhost:80'",
            "not an IP address or a host name",
        ),
        ("server.host = ''", "not an IP address or a host name"),
        (
            "server.allowed_origins = ['https://a.example/']",
            "not each is an origin",
        ),
        (
            "server.allowed_origins = ['a.example']",
            "not each is an origin",
        ),
        ("llm.openai.model = ' '", "it is empty"),
        ("llm.openai.base_url = ''", "not a web address"),
        (
            "llm.ollama.base_url = '127.0.0.1:11434'",
            "not a web address",
        ),
        ("llm.ollama.keep_alive = '5 minutes'", "such as 5m"),
        ("llm.ollama.keep_alive = ''", "such as 5m"),
        (
            "llm.chain = ['openai', 'opnai/gpt-4o']",
            "\"opnai/gpt-4o\" names no backend there is",
        ),
        ("llm.chain = ['ollama/']", "names no backend"),
        ("llm.ollama.think = 'hard'", "off, on, low, medium, high"),
        ("llm.openai.api = 'completions'", "chat, responses"),
        ("llm.openai.structured = 'yaml'", "auto, json_schema"),
        ("llm.openai.headers = ['X-Title']", "not each is a header"),
        (
            "llm.openai.headers = ['X Title: x']",
            "not each is a header",
        ),
        (
            "llm.ollama.headers = [\"X: a\\u0000b\"]",
            "not each is a header",
        ),
        ("llm.ollama.headers = [': x']", "not each is a header"),
        ("sources.sentry.base_url = 'https://'", "not a web address"),
        (
            "sources.sentry.base_url = \"https://a\\nb\"",
            "not a web address",
        ),
        (
            "telemetry.dsn = 'https://sentry.example'",
            "not a Sentry DSN",
        ),
    ];
    for (text, expected) in wrong {
        let problems = lines(with_file(text));
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].contains(expected), "{problems:?}");
    }
}

#[test]
fn an_identity_provider_is_configured_so_that_no_other_comes_in() {
    for fine in [
        "auth.oidc = { issuer = 'https://sso.example', audiences = ['us'] }",
        "auth.oidc.algorithms = ['EdDSA', 'PS512']",
        "auth.oidc.workspaces = ['0198-c0de viewer All Staff']",
    ] {
        with_file(fine).unwrap_or_else(|errors| panic!("{fine}: {errors}"));
    }
    let wrong = [
        (
            "auth.oidc = { issuer = 'sso.example', audiences = ['us'] }",
            "not a web address",
        ),
        (
            "auth.oidc.issuer = 'https://sso.example'",
            "because a provider is set and would let in the tokens of every service; name whom",
        ),
        ("auth.oidc.audiences = ['us', '']", "one of them is empty"),
        ("auth.oidc.algorithms = []", "set some of RS256"),
        (
            "auth.oidc.algorithms = ['RS256', 'HS256']",
            "set some of RS256",
        ),
        ("auth.oidc.algorithms = ['none']", "set some of RS256"),
        ("auth.oidc.groups_claim = ''", "it is empty"),
        (
            "auth.oidc.workspaces = ['0198-c0de owner staff']",
            "then admin, developer or viewer, then the group",
        ),
    ];
    for (text, expected) in wrong {
        let problems = lines(with_file(text));
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert!(problems[0].contains(expected), "{problems:?}");
    }
}

#[test]
fn mail_in_clear_stays_at_home() {
    let plain = |host: &'static str| [("SMTP_TLS", "none"), ("SMTP_HOST", host)];
    load(&[], &plain("127.0.0.1")).unwrap();
    let problems = lines(load(&[], &plain("mail.example")));
    assert!(
        problems[0].contains("notifications.smtp.tls"),
        "{problems:?}"
    );
    let private = "EXPLAINER__OUTBOUND__PRIVATE_NETWORKS";
    let [tls, host] = plain("mail.example");
    load(&[], &[tls, host, (private, "true")]).unwrap();
    let password = [tls, host, (private, "true"), ("SMTP_PASSWORD", "hunter2")];
    let problems = lines(load(&[], &password));
    assert!(
        problems[0].contains("the password could be read"),
        "{problems:?}"
    );
    assert!(!problems[0].contains("hunter2"), "{problems:?}");
    let problems = lines(load(&[], &[("SMTP_FROM", "nobody")]));
    assert!(
        problems[0].contains("notifications.smtp.from"),
        "{problems:?}"
    );
}

#[test]
fn a_secret_key_that_can_be_guessed_is_refused() {
    let cases = [
        ("your-secret-key", "placeholder"),
        ("your-secret-key-change-in-production", "placeholder"),
        ("CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME", "placeholder"),
        ("secret", "placeholder"),
        (
            "0123456789abcdef0123456789abcde",
            "shorter than 32 characters",
        ),
    ];
    for (key, reason) in cases {
        let problems = lines(load(&[], &[("SECRET_KEY", key)]));
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0]
                .starts_with("could not use auth.secret_key (from SECRET_KEY) because it is")
        );
        assert!(problems[0].contains(reason), "{problems:?}");
    }
    load(&[], &[("SECRET_KEY", KEY)]).unwrap();
}

#[test]
fn all_problems_of_all_layers_are_reported_together() {
    let problems = lines(load(
        &[
            (
                "explainer.toml",
                "[server]\nport = 'x'\n[log]\nformat = 'xml'\nlevel = 'info'\n",
            ),
            (".env", "DEBUG=maybe\nnonsense\n"),
        ],
        &[
            ("ACCESS_TOKEN_EXPIRE_MINUTES", "0"),
            ("EXPLAINER__COLOUR", "red"),
        ],
    ));
    let named = [
        ".env line 2",
        "log.level",
        "server.port",
        "server.debug",
        "colour",
        "auth.token_minutes",
        "log.format",
    ];
    assert_eq!(problems.len(), named.len(), "{problems:#?}");
    for (problem, named) in problems.iter().zip(named) {
        assert!(problem.contains(named), "{named} in {problems:#?}");
        assert!(
            problem.starts_with("could not ")
                && problem.contains(" because ")
                && problem.contains("; ")
        );
        assert!(!problem.ends_with('.'));
    }
}

#[test]
fn a_toml_error_names_its_line() {
    let cases = [
        (
            "[server]\nport = = 1",
            "could not read explainer.toml line 2 because ",
        ),
        (
            "[server]\nport = 1\nport = 2",
            "could not read explainer.toml line 3 because duplicate key",
        ),
        ("[server", "could not read explainer.toml line 1 because "),
    ];
    for (text, start) in cases {
        let problems = lines(with_file(text));
        assert!(
            problems.len() == 1 && problems[0].starts_with(start),
            "{problems:?}"
        );
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let mark = "hunter2";
    let key = &format!("{mark}{KEY}");
    let uri = &format!("mongodb://user:{mark}@db.example");
    let dsn = &format!("https://{mark}@sentry.example/1");
    let login = &format!("http://user:{mark}/x@ollama.example");
    let loaded = load(
        &[],
        &[
            ("SECRET_KEY", key),
            ("MONGODB_URI", uri),
            ("OPENAI_API_KEY", mark),
            ("SENTRY_API_TOKEN", mark),
            ("SMTP_PASSWORD", mark),
            ("APP_SENTRY_DSN", dsn),
            ("OLLAMA_BASE_URL", login),
            ("EXPLAINER__LLM__OLLAMA__API_KEY", mark),
            ("EXPLAINER__LLM__OLLAMA__HEADERS", &format!("X-A: {mark}")),
            ("EXPLAINER__LLM__OPENAI__HEADERS", &format!("X-A: {mark}")),
        ],
    )
    .unwrap();
    let stars = loaded
        .settings
        .iter()
        .filter(|shown| shown.value == "***")
        .count();
    let redacted = format!("{:?}", loaded.config).matches("[REDACTED]").count();
    assert_eq!(
        (stars, redacted),
        (9, 9),
        "each secret is one in both places"
    );
    assert!(!format!("{:?}", loaded.settings).contains(mark));
    assert_eq!(
        value(&loaded, "llm.ollama.base_url"),
        "\"http://***@ollama.example\""
    );

    let broken_files = [
        ("explainer.toml", format!("auth.secret_key = {mark}")),
        ("explainer.toml", format!("auth.secret_key = ['{mark}']")),
        ("explainer.toml", format!("auth.secret_key = '{mark}")),
        ("explainer.toml", format!("auth.secretkey = '{mark}'")),
        ("explainer.toml", format!("auth.secret_key = '{mark}'")),
        ("explainer.toml", format!("auth.secret_key.x = '{mark}'")),
        ("explainer.toml", format!("storage.mongodb_uri = '{mark}'")),
        ("explainer.toml", format!("telemetry.dsn = '{mark}'")),
        (
            "explainer.toml",
            format!("sources.sentry.base_url = 'user:{mark}@sentry.example'"),
        ),
        (
            "explainer.toml",
            format!("sources.sentry.base_url = ['http://user:{mark}@sentry.example']"),
        ),
        (".env", format!("SECRET_KEY=two words {mark}")),
        (".env", format!("SECRET_KEY='{mark}")),
        (".env", format!("SECRET_KEY={mark}")),
        (".env", mark.to_owned()),
    ];
    for (name, text) in broken_files {
        let errors = load(&[(name, &text)], &[]).expect_err(&text);
        assert!(!errors.to_string().contains(mark), "{errors}");
        assert!(!format!("{errors:?}").contains(mark), "{errors:?}");
    }
    let number = "123456789012345678901234567890123456789";
    let errors = with_file(&format!("auth.secret_key = {number}")).unwrap_err();
    assert!(!errors.to_string().contains(number), "{errors}");
}

#[test]
fn the_example_lists_exactly_the_named_variables_and_works_uncommented() {
    let example = include_str!("../../../config/.env.example");
    let assigned = |line: &str| {
        let line = line.strip_prefix("# ")?;
        let (name, _) = line.split_once('=')?;
        let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        is_name.then(|| line.to_owned())
    };
    let lines: Vec<String> = example.lines().filter_map(assigned).collect();
    let listed: Vec<&str> = lines
        .iter()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    let mut unique: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), unique.len(), "each is listed once");
    // Some that every key has are worth a line as well.
    unique.retain(|name| !name.starts_with("EXPLAINER__"));
    assert_eq!(unique, NAMED.map(|(name, _)| name).into_iter().collect());
    load(&[(".env", &lines.join("\n"))], &[]).unwrap();
}

#[test]
fn the_comment_of_each_default_gives_its_named_variable() {
    let defaults = include_str!("../../../config/default.toml");
    for (name, key) in NAMED {
        let (_, after) = defaults.split_once(&format!("({name})")).expect(name);
        let (comment, _) = after.split_once(" = ").unwrap();
        let word = key.rsplit('.').next();
        assert_eq!(comment.lines().last(), word, "{name}");
    }
}
