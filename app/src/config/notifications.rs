//! `[notifications]`: how patiently people and programs are told, and the server for mail.

use std::net::IpAddr;

use secrecy::SecretString;
use serde::Deserialize;
use toml::Value;

use super::{layers::Settings, problem::Problem, sections::filled};

/// `[notifications]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// Tries before a notification counts as failed; at least 1.
    pub attempts: u32,
    /// The wait after the first try that failed, in seconds; at least 1.
    pub first_wait_seconds: u64,
    /// Time for one try, in seconds; at least 1.
    pub timeout_seconds: u64,
    /// How long it is kept what became of one, in days; at least 1.
    pub keep_days: u32,
    /// The server that takes mail.
    pub smtp: Smtp,
}

/// `[notifications.smtp]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    /// A name or an IP address. `None`: no mail is sent.
    #[serde(deserialize_with = "filled")]
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// How mail is kept from being read on the way.
    pub tls: SmtpTls,
    /// The account there.
    #[serde(deserialize_with = "filled")]
    pub username: Option<String>,
    /// Its password.
    #[serde(deserialize_with = "filled")]
    pub password: Option<SecretString>,
    /// The sender. `None`: a name of ours at the host.
    #[serde(deserialize_with = "filled")]
    pub from: Option<String>,
}

/// How mail is kept from being read on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// The server is asked to begin with TLS.
    Starttls,
    /// TLS from the first byte on.
    Tls,
    /// Not at all.
    None,
}

/// Whole numbers: key, smallest, largest, a value that is usually right.
pub(super) const RANGES: [(&str, i64, i64, &str); 5] = [
    ("notifications.attempts", 1, 20, "8 for about a day"),
    (
        "notifications.first_wait_seconds",
        1,
        3_600,
        "a few seconds, 5",
    ),
    ("notifications.timeout_seconds", 1, 60, "15 for most"),
    ("notifications.keep_days", 1, 366, "30 for a month"),
    ("notifications.smtp.port", 1, 65_535, "587, or 465 for tls"),
];

/// Adds a problem for each way of sending mail that would show it, or a password, to others.
pub(super) fn check(settings: &Settings, problems: &mut Vec<Problem>) {
    const TLS: &str = "notifications.smtp.tls";
    let text = |key: &str| settings.text(key).unwrap_or_default();
    let from = text("notifications.smtp.from");
    if !from.is_empty() && (!from.contains('@') || from.contains(char::is_control)) {
        let remedy = "write it as explainer@example.com, or as Name <explainer@example.com>";
        problems.push(settings.refuse("notifications.smtp.from", "it is no mail address", remedy));
    }
    let host = text("notifications.smtp.host");
    let loopback = host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback()) || host == "localhost";
    if text(TLS) != "none" || host.is_empty() || loopback {
        return;
    }
    let private = settings.value("outbound.private_networks");
    if private.and_then(Value::as_bool) != Some(true) {
        let remedy = "set starttls or tls, or outbound.private_networks where the server is in a \
                      network of your own";
        let reason = "mail could be read on the way to another machine";
        problems.push(settings.refuse(TLS, reason, remedy));
    } else if !text("notifications.smtp.password").is_empty() {
        let reason = "the password could be read on the way to another machine";
        problems.push(settings.refuse(TLS, reason, "set starttls or tls, or remove the password"));
    }
}
