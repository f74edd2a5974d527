//! Webhooks of a workspace whose source is a plugin, and the poller that finds what none told of.

use futures::{StreamExt as _, stream::FuturesUnordered};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::support::{allowed, library};
use crate::support::{Answer, Client, Service, signature, until};

const SECRET: &str = "whsec_of_a_plugin_in_tests";

fn service(variables: &[(&str, &str)]) -> Service {
    let entries = ["rogue", "template"].map(|name| allowed(&library(name)).to_string());
    let entries = entries.join(",");
    let ours = [
        ("EXPLAINER__PLUGINS__ALLOW", entries.as_str()),
        ("EXPLAINER__PLUGINS__CALL_TIMEOUT_SECONDS", "3"),
    ];
    Service::start(&[&ours, variables].concat())
}

/// Somebody whose workspace reads the rogue in this mode and explains what it tells of, and the
/// workspace's address for webhooks.
async fn listening(service: &Service, name: &str, mode: &str) -> (Client, String) {
    let client = service.client().with_workspace(name).await;
    let source = json!({"kind": "rogue", "settings": {"mode": mode, "token": SECRET}});
    let path = "/api/v1/workspaces/current";
    client.put(path, &json!({ "source": source })).await.ok();
    let settings = json!({"auto_analyze": true});
    client.put("/api/v1/settings/", &settings).await.ok();
    let workspace = client.get(path).await.ok();
    let id = workspace["id"].as_str().unwrap();
    (client, format!("/api/v1/webhooks/rogue/{id}"))
}

/// What the rogue's tracker sends: an issue with its event.
fn seen(id: &str, change: &Value) -> Vec<u8> {
    let mut issue = json!({"id": id, "title": "OverflowError: tide", "level": "error",
        "project": {"id": "1", "slug": "shop", "name": "Shop"}});
    for (key, value) in change.as_object().unwrap() {
        issue[key] = value.clone();
    }
    let frames =
        json!([{"function": "moon", "filename": "app/tide.py", "lineno": 12, "in_app": true}]);
    let event = json!({"event_id": "1", "platform": "python", "exception":
        [{"type": "OverflowError", "value": "tide", "stacktrace": {"frames": frames}}]});
    let signals = json!([{"type": "issue_seen", "issue": issue, "event": event}]);
    signals.to_string().into_bytes()
}

async fn deliver(to: &Client, path: &str, id: &str, body: &[u8]) -> Answer {
    to.with("x-signature", &signature(SECRET, body))
        .with("webhook-id", id)
        .raw(Method::POST, path, body.to_vec())
        .await
}

async fn until_completed(client: &Client, issue: &str) -> Value {
    let path = format!("/api/v1/issues/{issue}");
    until("the analysis is completed", async || {
        let found = client.get(&path).await.json();
        let done = found["processed_issue"]["status"] == "completed";
        done.then(|| found["processed_issue"].clone())
    })
    .await
}

#[tokio::test]
async fn what_a_plugins_webhooks_tell_of_is_explained_without_being_asked() {
    let service = service(&[("EXPLAINER__SOURCES__POLL_SECONDS", "0")]);
    let (ada, path) = listening(&service, "ada", "").await;
    let tracker = service.client();
    let body = seen("77", &json!({}));
    let taken = deliver(&tracker, &path, "one", &body).await;
    assert_eq!(taken.ok(), json!({"status": "queued", "queued": 1}));
    let done = until_completed(&ada, "77").await;
    assert_eq!(done["sentry_issue"]["title"], "OverflowError: tide");

    for (id, body) in [
        ("one", seen("77", &json!({"count": 3}))),
        ("another", body.clone()),
    ] {
        let again = deliver(&tracker, &path, id, &body).await;
        assert_eq!(again.ok()["status"], "repeated", "{id}");
    }
    let known = deliver(&tracker, &path, "two", &seen("77", &json!({"count": 2}))).await;
    assert_eq!(known.ok()["status"], "ignored");
    let back = json!({"substatus": "regressed"});
    let back = deliver(&tracker, &path, "three", &seen("77", &back)).await;
    assert_eq!(back.ok()["status"], "queued");

    // The settings decide here too.
    let only = json!({"auto_analyze_only": {"min_priority": "high"}});
    ada.put("/api/v1/settings/", &only).await.ok();
    let low = seen("78", &json!({"priority": "low"}));
    let low = deliver(&tracker, &path, "four", &low).await;
    assert_eq!(low.ok()["status"], "ignored");
    let closed = br#"[{"type": "issue_closed", "issue_id": "77"}, {"type": "of a later version"}]"#;
    let closed = deliver(&tracker, &path, "five", closed).await;
    assert_eq!(closed.ok()["status"], "ignored");
    let kinds = ada.get("/api/v1/sources/").await.ok();
    let has_webhooks = |name: &str| {
        let mut kinds = kinds.as_array().unwrap().iter();
        kinds.find(|it| it["kind"] == name).unwrap()["webhooks"].clone()
    };
    assert_eq!(has_webhooks("rogue"), true);
    assert_eq!(has_webhooks("sentry"), true);
    assert_eq!(has_webhooks("template"), false);
}

#[tokio::test]
async fn what_a_plugin_does_not_take_is_refused_as_by_any_other_source() {
    let service = service(&[("EXPLAINER__SOURCES__POLL_SECONDS", "0")]);
    let (ada, path) = listening(&service, "ada", "").await;
    let tracker = service.client();
    let body = seen("77", &json!({}));
    for wrong in [
        signature("another", &body),
        signature(SECRET, b"other"),
        String::new(),
    ] {
        let sender = tracker.with("x-signature", &wrong);
        let refused = sender.raw(Method::POST, &path, body.clone()).await;
        let (status, code, _) = refused.problem();
        assert_eq!((status, &*code), (401, "not_signed"), "{wrong}");
        assert_eq!(refused.header("www-authenticate"), "");
    }
    let missing = tracker.raw(Method::POST, &path, body.clone()).await;
    assert_eq!(missing.problem().0, 401);
    let garbage = deliver(&tracker, &path, "1", b"{").await;
    assert_eq!(garbage.problem().1, "source_refused");
    let huge = deliver(&tracker, &path, "2", &vec![b' '; 2 << 20]).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    let many = vec![json!({"type": "issue_closed", "issue_id": "1"}); 101];
    let many = Value::from(many).to_string().into_bytes();
    let many = deliver(&tracker, &path, "3", &many).await.problem();
    assert!(many.0 == 502 && many.2.contains("101 signals"), "{many:?}");

    // A kind that nobody has, one without webhooks, and one that is another's: they answer the
    // same, whether or not there is such a workspace.
    let id = path.rsplit('/').next().unwrap();
    let mut told = Vec::new();
    for kind in ["nothing", "template", "sentry", "ROGUE"] {
        for workspace in [id, "nobody"] {
            let path = format!("/api/v1/webhooks/{kind}/{workspace}");
            let (status, code, detail) = deliver(&tracker, &path, "4", &body).await.problem();
            assert_eq!((status, &*code), (404, "no_such_webhook"), "{path}");
            told.push(detail);
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let processed = ada.get("/api/v1/issues/processed/").await.ok();
    assert_eq!(processed, json!([]));
    assert!(!service.log().contains(SECRET));
}

#[tokio::test]
async fn a_plugin_that_is_stuck_or_dies_is_its_own_workspaces_trouble() {
    let service = service(&[("EXPLAINER__SOURCES__POLL_SECONDS", "0")]);
    let (_ada, stuck) = listening(&service, "ada", "block for ever").await;
    let (_eve, dying) = listening(&service, "eve", "segfault").await;
    let (bob, well) = listening(&service, "bob", "").await;
    let tracker = service.client();
    let body = seen("77", &json!({}));

    let ids: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    let deliveries = ids.iter().map(|id| deliver(&tracker, &stuck, id, &body));
    let mut waiting: FuturesUnordered<_> = deliveries.collect();
    // The first that are answered are those that find no place; the others wait.
    let full = waiting.next().await.unwrap();
    let (status, code, _) = full.problem();
    assert_eq!((status, &*code), (503, "source_rate_limited"));
    assert_ne!(full.header("retry-after"), "");
    let died = deliver(&tracker, &dying, "1", &body).await;
    let (status, code, detail) = died.problem();
    assert_eq!((status, &*code), (502, "source_unavailable"), "{detail}");
    assert!(detail.contains("signal 11"), "{detail}");
    for number in 0..20 {
        let body = seen(&format!("8{number}"), &json!({}));
        let taken = deliver(&tracker, &well, &number.to_string(), &body).await;
        assert_eq!(taken.ok()["status"], "queued");
    }
    while let Some(answer) = waiting.next().await {
        let status = answer.status.as_u16();
        // Too long, no place, or ended with the process that was stuck.
        assert!([504, 503, 502].contains(&status), "{}", answer.text);
    }
    until_completed(&bob, "819").await;
}

#[tokio::test]
async fn what_no_webhook_told_of_is_found_in_a_plugin_too() {
    let service = service(&[
        ("EXPLAINER__SOURCES__POLL_SECONDS", "1"),
        ("EXPLAINER__PLUGINS__CALL_TIMEOUT_SECONDS", "3"),
        ("RUST_LOG", "info"),
    ]);
    // A stuck and a dying one are looked through beside it.
    for (name, mode) in [("eve", "segfault"), ("mallory", "never complete")] {
        listening(&service, name, mode).await;
    }
    let ada = service.client().with_workspace("ada").await;
    let problems: Vec<_> = (0..250)
        .map(|number| format!("KeyError: '{number}'"))
        .collect();
    let source = json!({"kind": "template", "settings": {"problems": problems}});
    let path = "/api/v1/workspaces/current";
    ada.put(path, &json!({ "source": source })).await.ok();
    let settings = json!({"auto_analyze": true});
    ada.put("/api/v1/settings/", &settings).await.ok();
    until("all are queued", async || {
        let log = service.log();
        log.contains("Looked { seen: 250, queued: 250 }")
            .then_some(())
    })
    .await;
    for issue in ["0", "249"] {
        until_completed(&ada, issue).await;
    }
    // Looked through again, nothing is missing.
    until("a second look", async || {
        let log = service.log();
        log.contains("Looked { seen: 250, queued: 0 }")
            .then_some(())
    })
    .await;
}
