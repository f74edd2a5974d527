//! What a webhook delivery says, once its signature was checked.
//!
//! `Sentry-Hook-Signature` is the HMAC-SHA256 of the raw body under the integration's client secret,
//! in lowercase hex (`build_signature` in getsentry/sentry). Neither the timestamp nor the request
//! id is signed: that a delivery comes once is for whoever takes it.

use aws_lc_rs::hmac;
use explainer_core::{
    Error, ErrorKind, Result, domain::Issue, explain::collect, ports::SourceSignal,
};
use serde_json::Value;

use super::{ADAPTER, shapes};

/// Reads a delivery. What it is about and nobody needs to know is an empty list.
pub(super) fn read(
    secret: Option<&str>,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Vec<SourceSignal>> {
    verify(secret, header(headers, "sentry-hook-signature"), body)?;
    // Some calls have no body and say JSON all the same.
    if body.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let document: Value = serde_json::from_slice(body).map_err(|error| {
        let message = format!("could not read the webhook because it is not JSON: {error}");
        refused(ErrorKind::Invalid, message)
    })?;
    let action = shapes::text(&document, "action").unwrap_or_default();
    let data = document.get("data").unwrap_or(&Value::Null);
    let resource = header(headers, "sentry-hook-resource").unwrap_or_default();
    let signal = match (resource, action.as_str()) {
        ("issue", _) => about_issue(&action, data.get("issue").unwrap_or(&Value::Null)),
        ("event_alert", "triggered") => with_event(data.get("event"), body),
        ("error", "created") => with_event(data.get("error"), body),
        _ => None,
    };
    if signal.is_none() {
        tracing::debug!(resource, action, "a webhook that asks for nothing");
    }
    Ok(signal.into_iter().collect())
}

fn verify(secret: Option<&str>, signature: Option<&str>, body: &[u8]) -> Result<()> {
    let unauthorized = |why: &str| {
        let message = format!("could not take the webhook because {why}");
        refused(ErrorKind::Unauthorized, message)
    };
    // With an empty key anybody can sign.
    let filled = secret.filter(|secret| !secret.trim().is_empty());
    let secret = filled.ok_or_else(|| {
        unauthorized(
            "the workspace has no sentry_client_secret; set it to the client secret of the \
             integration",
        )
    })?;
    let signature = signature.ok_or_else(|| unauthorized("it bears no Sentry-Hook-Signature"))?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let bytes = from_hex(signature.trim());
    bytes
        .and_then(|tag| hmac::verify(&key, body, &tag).ok())
        .ok_or_else(|| {
            unauthorized(
                "its signature is wrong; set sentry_client_secret to the client secret of the \
                 integration that sends it",
            )
        })
}

fn about_issue(action: &str, document: &Value) -> Option<SourceSignal> {
    let mut issue = shapes::issue(document)?;
    match action {
        "created" if shapes::text(document, "issueCategory").as_deref() == Some("feedback") => None,
        "created" => Some(seen(issue)),
        "unresolved" => {
            issue.substatus = Some("regressed".to_owned());
            Some(seen(issue))
        }
        "resolved" | "archived" | "ignored" => {
            Some(SourceSignal::IssueClosed { issue_id: issue.id })
        }
        _ => None,
    }
}

fn seen(issue: Issue) -> SourceSignal {
    SourceSignal::IssueSeen {
        issue: Box::new(issue),
        event: None,
    }
}

/// An alert carries the event as the SDK sent it, and of the issue only its id.
fn with_event(document: Option<&Value>, body: &[u8]) -> Option<SourceSignal> {
    let document = document?;
    let id = shapes::text(document, "issue_id").or_else(|| id_in(document))?;
    if !shapes::is_issue_id(&id) {
        return None;
    }
    let event = collect::read(body).ok()?.pop()?;
    let told = collect::issue_of(std::slice::from_ref(&event));
    let issue = Issue {
        id,
        // How often it happened an alert does not say.
        count: 0,
        permalink: shapes::web_address(document, "web_url"),
        status: "unresolved".to_owned(),
        ..told
    };
    Some(SourceSignal::IssueSeen {
        issue: Box::new(issue),
        event: Some(Box::new(event)),
    })
}

/// The id in `issue_url`: `https://sentry.io/api/0/…/issues/1170820242/`.
fn id_in(document: &Value) -> Option<String> {
    let address = shapes::text(document, "issue_url")?;
    let (_, rest) = address.rsplit_once("/issues/")?;
    rest.split('/').next().map(str::to_owned)
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = headers.iter();
    found
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

fn refused(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, ADAPTER, "webhook", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_an_empty_secret_nobody_has_signed() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"");
        let tag = hmac::sign(&key, b"{}");
        let digits: Vec<_> = tag.as_ref().iter().map(|it| format!("{it:02x}")).collect();
        let signature = digits.concat();
        for secret in [None, Some(""), Some(" ")] {
            let refused = verify(secret, Some(&signature), b"{}").unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Unauthorized);
        }
    }
}
