//! Alerts as Sentry delivers them: each signed, and each about another issue.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::load::{Requests, request};

const SECRET: &str = "whsec_of_measurements";

/// What a workspace needs to take them. It has nothing analysed by itself, so they are checked and
/// remembered and that is all: what work costs is measured elsewhere.
pub(crate) fn settings() -> Value {
    json!({"sentry_organization": "acme", "sentry_client_secret": SECRET})
}

/// Deliveries to this workspace, none of them twice.
pub(crate) fn deliveries(workspace: &str) -> Requests {
    let path = format!("/api/v1/webhooks/sentry/{workspace}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let count = AtomicU64::new(0);
    Arc::new(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let body = alert(number).to_string();
        let signature = hmac::sign(&key, body.as_bytes());
        let signature = signature
            .as_ref()
            .iter()
            .fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
        let headers = [
            ("Request-ID", &*format!("{number:032x}")),
            ("Sentry-Hook-Resource", "event_alert"),
            ("Sentry-Hook-Timestamp", "1770000000"),
            ("Sentry-Hook-Signature", &signature),
        ];
        request("POST", &path, &headers, &body)
    })
}

/// <https://docs.sentry.io/organization/integrations/integration-platform/webhooks/issue-alerts/>
fn alert(number: u64) -> Value {
    let frames: Vec<Value> = (0..20)
        .map(|depth| {
            json!({
                "function": format!("step_{depth}"), "filename": format!("app/part_{depth}.py"),
                "lineno": depth, "in_app": true, "context_line": "    return carry(on)",
            })
        })
        .collect();
    let exception = json!({
        "type": "LoadError", "value": "heavy", "stacktrace": {"frames": frames},
    });
    json!({
        "action": "triggered",
        "installation": {"uuid": "load"},
        "data": {
            "event": {
                "event_id": format!("{number:032x}"), "issue_id": number.to_string(), "project": 1,
                "level": "error", "platform": "python", "timestamp": 1_770_000_000 + number,
                "title": "LoadError: heavy", "exception": {"values": [exception]},
            },
            "triggered_rule": "load",
        },
    })
}
