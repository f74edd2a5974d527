//! What Sentry's refusals mean. Every one keeps its meaning: a page of a proxy is no 404, a token
//! that lacks a scope is no wrong token, and being slow is not being down.

use std::{error::Error as _, fmt, sync::Arc, time::Duration};

use explainer_core::{Error, ErrorKind};
use reqwest::{
    StatusCode, Url,
    header::{self, HeaderMap},
};
use serde_json::Value;

use super::{ADAPTER, SentryConfig, client::Endpoint};

/// How much of what a server says is passed on, in characters.
const SAID: usize = 200;

/// A request that did not bring what was asked for. Many may have waited for it, so it can be copied.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    fault: Arc<Error>,
    /// The status, where there was an answer.
    status: Option<u16>,
    /// Whether the answer was a page for people.
    page: bool,
    /// What the server said.
    said: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn kind(&self) -> ErrorKind {
        self.fault.kind()
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(super) fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    /// Whether the API says that the thing does not exist.
    pub(super) fn is_missing(&self) -> bool {
        self.status == Some(404) && !self.page
    }

    /// Whether the server may not have this path at all.
    pub(super) fn may_lack_endpoint(&self) -> bool {
        matches!(self.status, Some(404 | 405 | 410 | 500..=599))
    }

    /// Whether another try on the same path would be in vain.
    pub(super) fn lacks_endpoint(&self) -> bool {
        matches!(self.status, Some(404 | 405 | 410 | 500 | 501))
    }

    /// Whether this passes by itself, as far as can be told.
    pub(super) fn is_passing(&self) -> bool {
        self.kind().is_transient() && self.status.is_none_or(|status| status == 429)
    }

    /// Whether it is certain that nothing was done.
    pub(super) fn was_not_taken(&self) -> bool {
        self.status == Some(429)
    }

    /// Whether the same request may fare better in a moment. What took too long once is not waited
    /// for again.
    pub(super) fn is_worth_repeating(&self) -> bool {
        match self.status {
            Some(status) => matches!(status, 429 | 502..=504),
            None => self.kind() == ErrorKind::Unavailable,
        }
    }

    /// Whether the server's own words contain these.
    pub(super) fn says(&self, words: &str) -> bool {
        self.said.contains(words)
    }

    /// As a fault of the port.
    pub(super) fn into_error(self, operation: &'static str) -> Error {
        let mut error = Error::new(self.kind(), ADAPTER, operation, self.fault.message());
        if let Some(wait) = self.retry_after {
            error = error.with_retry_after(wait);
        }
        // A transport's own error stays for the log; it also tells «no answer» from «a bad one».
        match self.fault.source() {
            Some(_) => error.with_source(self.fault),
            None => error,
        }
    }
}

impl From<Error> for Refusal {
    fn from(fault: Error) -> Self {
        Self {
            retry_after: fault.retry_after(),
            fault: Arc::new(fault),
            status: None,
            page: false,
            said: String::new(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)
    }
}

/// The refusal we give ourselves, so that Sentry need not.
pub(super) fn throttled(endpoint: Endpoint, wait: Duration) -> Refusal {
    let message = format!(
        "could not {} because Sentry's rate limit is used up; try again in {} s",
        endpoint.deed(),
        wait.as_secs().max(1)
    );
    let error = Error::new(ErrorKind::RateLimited, ADAPTER, endpoint.deed(), message);
    Refusal::from(error.with_retry_after(wait))
}

/// Whether an answer is a page for people instead of the API's JSON.
pub(super) fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok());
    let html = kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    html || body.trim_ascii_start().starts_with(b"<")
}

/// What an answer that is not the wanted one means.
pub(super) fn refusal(
    config: &SentryConfig,
    endpoint: Endpoint,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Refusal {
    let page = is_page(headers, body);
    let told = if page {
        Told::default()
    } else {
        Told::of(body)
    };
    let host = config.target.host();
    let (kind, why) = if status.is_redirection() {
        redirected(host, headers)
    } else if page {
        (
            page_kind(status),
            format!(
                "{host} answered with a web page (status {}), as proxies and login pages do; \
                 check that the address is that of the API and that nothing stands before it",
                status.as_u16()
            ),
        )
    } else {
        meaning(config, endpoint, status, &told)
    };
    let message = format!("could not {} because {why}", endpoint.deed());
    Refusal {
        fault: Arc::new(Error::new(kind, ADAPTER, endpoint.deed(), message)),
        status: Some(status.as_u16()),
        page,
        said: told.text,
        retry_after: None,
    }
}

/// Of a page only what servers before the API answer with keeps its meaning.
fn page_kind(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        408 | 504 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Protocol,
    }
}

fn redirected(host: &str, headers: &HeaderMap) -> (ErrorKind, String) {
    let to = headers
        .get(header::LOCATION)
        .and_then(|it| it.to_str().ok());
    let to = to.and_then(|it| Url::parse(it).ok());
    let to = to
        .as_ref()
        .and_then(Url::host_str)
        .unwrap_or("another address");
    let to: String = to.chars().take(100).collect();
    let why = format!(
        "{host} redirects to {to}, and a token is not sent on to where it was not meant for; \
         set the address of the API itself as base URL"
    );
    (ErrorKind::Invalid, why)
}

fn meaning(
    config: &SentryConfig,
    endpoint: Endpoint,
    status: StatusCode,
    told: &Told,
) -> (ErrorKind, String) {
    let organization = &config.organization;
    let host = config.target.host();
    match (status.as_u16(), told.code.as_str()) {
        (_, "sso-required") => (
            ErrorKind::Forbidden,
            format!(
                "{organization} requires single sign-on and the token's owner is not signed in; \
                 sign in through the organisation's SSO, or use a token of an internal integration"
            ),
        ),
        (_, "2fa-required") => (
            ErrorKind::Forbidden,
            format!(
                "{organization} requires two-factor authentication and the token's owner has none; \
                 set it up in Sentry, or use a token of an internal integration"
            ),
        ),
        (_, "superuser-required" | "staff-required") => (
            ErrorKind::Forbidden,
            "Sentry wants a superuser for this; use a token of an internal integration".to_owned(),
        ),
        (401, _) => (
            ErrorKind::Unauthorized,
            format!(
                "Sentry does not accept the token{}; make a new one with the scopes event:read, \
                 project:read and org:read and put it into the settings",
                told.quoted()
            ),
        ),
        (403, _) => (
            ErrorKind::Forbidden,
            forbidden(endpoint, organization, told),
        ),
        (404, _)
            if matches!(
                endpoint,
                Endpoint::Issue | Endpoint::Event | Endpoint::Events
            ) =>
        {
            (
                ErrorKind::NotFound,
                "Sentry knows no such issue, or its events are no longer kept".to_owned(),
            )
        }
        (404, _) => (
            ErrorKind::NotFound,
            format!(
                "{host} knows no organisation {organization:?} that the token may see; set the \
                 organisation's slug as it stands in Sentry's own addresses"
            ),
        ),
        (400 | 413 | 414 | 422 | 431, _) => (
            ErrorKind::Invalid,
            format!(
                "Sentry does not take the request{}; change what it names",
                told.quoted()
            ),
        ),
        (408 | 504, _) => (
            ErrorKind::Timeout,
            format!("{host} took too long to answer; try again later"),
        ),
        (429, _) => (
            ErrorKind::RateLimited,
            format!(
                "Sentry is asked too often{}; try again later",
                told.quoted()
            ),
        ),
        (405 | 410 | 501, _) => (
            ErrorKind::Unsupported,
            format!("{host} does not offer that; a newer Sentry does"),
        ),
        (500..=599, _) => (
            ErrorKind::Unavailable,
            format!(
                "{host} failed with status {}{}; try again later",
                status.as_u16(),
                told.quoted()
            ),
        ),
        (other, _) => (
            ErrorKind::Protocol,
            format!(
                "{host} answered with status {other}{}, which nobody expects here; \
                 check that the address is that of a Sentry",
                told.quoted()
            ),
        ),
    }
}

fn forbidden(endpoint: Endpoint, organization: &str, told: &Told) -> String {
    if endpoint == Endpoint::Notes && told.text.contains("create Note") {
        return "a note needs an author and this token belongs to nobody; use the token of a user \
                or of an internal integration"
            .to_owned();
    }
    format!(
        "the token lacks the scope {} or may not see {organization}{}; give it the scope, or a \
         token of someone who belongs to the organisation",
        endpoint.scope(),
        told.quoted()
    )
}

/// What the body of a refusal says.
#[derive(Debug, Default)]
struct Told {
    code: String,
    text: String,
}

impl Told {
    /// `{"detail": "…"}`, `{"detail": {"code", "message"}}`, or `{"field": ["…"]}`.
    fn of(body: &[u8]) -> Self {
        let document: Value = serde_json::from_slice(body).unwrap_or_default();
        let detail = document.get("detail").unwrap_or(&Value::Null);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let field = || {
            let (name, value) = document.as_object()?.iter().next()?;
            let value = value.get(0).unwrap_or(value);
            Some(format!("{name}: {}", value.as_str()?))
        };
        let said = text(detail)
            .or_else(|| text(detail.get("message")?))
            .or_else(field);
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        Self {
            code: detail.get("code").and_then(text).unwrap_or_default(),
            text: said
                .unwrap_or_default()
                .chars()
                .take(SAID)
                .map(plain)
                .collect(),
        }
    }

    /// ` («…»)`, or nothing.
    fn quoted(&self) -> String {
        let text = self.text.trim().trim_end_matches('.');
        if text.is_empty() {
            return String::new();
        }
        format!(" («{text}»)")
    }
}
