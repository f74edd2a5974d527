//! What the configuration holds, one struct per section of `config/default.toml`; those of the
//! language models are in `llm.rs`. That file
//! explains each key; the values here are within the bounds of `check.rs`, and a text that
//! may be left empty is `None` when it is.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::{llm::Llm, notifications::Notifications, otlp::Otlp};

/// The whole configuration. Secrets are redacted in its `Debug`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// What is logged, and how.
    pub log: Log,
    /// Where things are kept.
    pub storage: Storage,
    /// Logins and encryption.
    pub auth: Auth,
    /// Whom the service may speak to.
    pub outbound: Outbound,
    /// Where issues come from.
    pub sources: Sources,
    /// Sources from shared libraries.
    pub plugins: Plugins,
    /// How analyses are run.
    pub analysis: Analysis,
    /// The models that explain issues.
    pub llm: Llm,
    /// How people and programs are told.
    pub notifications: Notifications,
    /// Where the service reports its own errors.
    pub telemetry: Telemetry,
    /// Figures for a Prometheus.
    pub metrics: Metrics,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// An IP address or a host name.
    pub host: String,
    /// 0 lets the system choose a free one.
    pub port: u16,
    /// Where people reach it, an `http` or `https` address. `None`: not known.
    #[serde(deserialize_with = "filled")]
    pub public_url: Option<String>,
    /// Each `scheme://host[:port]` without a path, or `*` for any.
    pub allowed_origins: Vec<String>,
    /// Whether the last entry of `X-Forwarded-For` says who calls.
    pub behind_proxy: bool,
    /// Largest request body, in KiB.
    pub body_limit_kib: u32,
    /// Time for one request, in seconds, without what it waits for.
    pub request_seconds: u64,
    /// Requests that are worked on at the same time; at least 1.
    pub concurrent_requests: usize,
    /// Requests of one token in a minute; 0 for any number.
    pub requests_per_minute: u32,
    /// Time for running requests after a stop signal, in seconds.
    pub shutdown_seconds: u64,
    /// Development mode.
    pub debug: bool,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How lines are written.
    pub format: LogFormat,
    /// Directives that `tracing_subscriber::EnvFilter` accepts.
    pub filter: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// `[storage]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// As written; ask [`Storage::uses_mongodb`] what it comes to.
    pub kind: StorageKind,
    /// Folder for everything kept on disk.
    pub data_dir: PathBuf,
    /// Set whenever `kind` is `mongodb`.
    #[serde(deserialize_with = "filled")]
    pub mongodb_uri: Option<SecretString>,
    /// A name MongoDB accepts.
    pub mongodb_database: String,
    /// Connections to each server at most.
    pub mongodb_pool_size: u32,
    /// Time for a read in all, in milliseconds.
    pub mongodb_read_timeout_ms: u64,
    /// Time for a write in all, in milliseconds.
    pub mongodb_write_timeout_ms: u64,
}

/// Which store is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageKind {
    /// MongoDB when its URI is set, else SQLite.
    Auto,
    /// A file in the data folder.
    Sqlite,
    /// A MongoDB server.
    Mongodb,
}

impl Storage {
    /// Whether MongoDB is the store; SQLite otherwise.
    pub fn uses_mongodb(&self) -> bool {
        match self.kind {
            StorageKind::Auto => self.mongodb_uri.is_some(),
            StorageKind::Sqlite => false,
            StorageKind::Mongodb => true,
        }
    }

    /// Keeps everything in SQLite under `folder`, whatever was configured: for what is thrown away.
    pub fn throw_away_in(&mut self, folder: &Path) {
        self.kind = StorageKind::Sqlite;
        self.mongodb_uri = None;
        folder.clone_into(&mut self.data_dir);
    }

    /// The file of the SQLite store.
    pub fn sqlite_file(&self) -> PathBuf {
        self.data_dir.join("explainer.db")
    }
}

/// `[auth]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// At least 32 characters. `None`: one is made in the data folder.
    #[serde(deserialize_with = "filled")]
    pub secret_key: Option<SecretString>,
    /// Each at least 32 characters; they verify and decrypt, and make nothing new.
    pub former_secret_keys: Vec<SecretString>,
    /// How long a token of a login lasts, in minutes.
    pub token_minutes: u32,
    /// How long a login is renewed, in days.
    pub session_days: u32,
    /// Who may make an account.
    pub registration: Registration,
    /// How long it is known who changed what, in days.
    pub audit_days: u32,
    /// An outside identity provider.
    pub oidc: Oidc,
}

/// `[auth.oidc]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// An `http` or `https` address. `None`: there is no provider.
    #[serde(deserialize_with = "filled")]
    pub issuer: Option<String>,
    /// At least one where there is a provider.
    pub audiences: Vec<String>,
    /// At least one where there is a provider; each of a key that only it has.
    pub algorithms: Vec<String>,
    /// A name, or names with dots between them.
    pub groups_claim: String,
    /// Groups that make an administrator. None: the provider does not say who is one.
    pub admins: Vec<String>,
    /// Each a line that [`grant`](super::grant()) reads.
    pub workspaces: Vec<String>,
}

/// Who may make an account, once there is a first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Everybody.
    Open,
    /// Whoever was invited into a workspace.
    Invitation,
    /// Nobody.
    Closed,
}

/// `[outbound]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Whether users may name addresses in private networks, and in clear.
    pub private_networks: bool,
}

/// `[sources]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// Whether workspaces without a source read the built-in samples.
    pub samples: bool,
    /// A folder or file of event documents they read instead.
    #[serde(deserialize_with = "filled")]
    pub files: Option<PathBuf>,
    /// How often sources are looked through for issues that no webhook told of, in seconds; 0 for
    /// never.
    pub poll_seconds: u64,
    /// The Sentry server.
    pub sentry: Sentry,
}

/// `[sources.sentry]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sentry {
    /// An `http` or `https` address.
    pub base_url: String,
    /// For workspaces without a token of their own.
    #[serde(deserialize_with = "filled")]
    pub api_token: Option<SecretString>,
    /// The slug that goes with the token.
    #[serde(deserialize_with = "filled")]
    pub organization: Option<String>,
}

/// `[plugins]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugins {
    /// The libraries that may be loaded, each as `sha256:HEX PATH`.
    pub allow: Vec<String>,
    /// Where they run.
    pub isolation: PluginIsolation,
    /// How long a call may take, in seconds.
    pub call_timeout_seconds: u64,
}

/// Where plugins run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PluginIsolation {
    /// In processes of their own.
    Process,
    /// In this one.
    InProcess,
}

/// `[analysis]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analysis {
    /// How long a request waits for its analysis, in seconds.
    pub wait_seconds: u64,
    /// Analyses at the same time; at least 1.
    pub workers: usize,
    /// How long a silent worker keeps what it claimed, in seconds.
    pub lease_seconds: u64,
    /// Tries before an analysis counts as failed; at least 1.
    pub attempts: u32,
    /// Evidence packed for a model, in tokens.
    pub token_budget: usize,
}

/// `[telemetry]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// A Sentry DSN. `None`: nothing is reported.
    #[serde(deserialize_with = "filled")]
    pub dsn: Option<SecretString>,
    /// Environment named in reports.
    pub environment: String,
    /// Release named in reports. `None`: the version of the build.
    #[serde(deserialize_with = "filled")]
    pub release: Option<String>,
    /// Share of requests traced, 0 to 1.
    pub traces_sample_rate: f32,
    /// Share of traces profiled, 0 to 1.
    pub profiles_sample_rate: f32,
    /// Whether reports name a user's e-mail and network address.
    pub personal_data: bool,
    /// Traces in OpenTelemetry's form.
    pub otlp: Otlp,
}

impl Telemetry {
    /// The release named in reports.
    pub fn release(&self) -> String {
        let build = || concat!("issue-explainer@", env!("CARGO_PKG_VERSION")).to_owned();
        self.release.clone().unwrap_or_else(build)
    }
}

/// `[metrics]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Where `/metrics` is served. `None`: nowhere.
    #[serde(deserialize_with = "socket")]
    pub address: Option<SocketAddr>,
}

/// An address that was checked, or `None` when it is empty.
fn socket<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.parse().ok())
}

/// A text, or `None` when it is empty.
pub(super) fn filled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: From<String>,
{
    let text = String::deserialize(deserializer)?;
    Ok((!text.is_empty()).then(|| T::from(text)))
}
