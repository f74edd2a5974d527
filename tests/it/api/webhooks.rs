//! Webhooks of Sentry, write-back, and the poller that finds what no webhook told of.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    replay::{Answer, ORGANIZATION, ReplaySentry, TOKEN},
    support::{Answer as Answered, Client, Service, signature, until},
};

const SECRET: &str = "whsec_of_these_tests_alone";

/// Somebody whose workspace reads `server`, explains what webhooks tell of, and its address for them.
async fn listening(service: &Service, settings: Value) -> (Client, String) {
    let ada = service.client().with_workspace("ada").await;
    let body = json!({"sentry_api_token": TOKEN, "sentry_organization": ORGANIZATION,
        "sentry_client_secret": SECRET});
    ada.put("/api/v1/workspaces/current", &body).await.ok();
    ada.put("/api/v1/settings/", &settings).await.ok();
    let workspace = ada.get("/api/v1/workspaces/current").await.ok();
    assert_eq!(workspace["sentry_client_secret"], "***");
    let id = workspace["id"].as_str().unwrap();
    (ada, format!("/api/v1/webhooks/sentry/{id}"))
}

fn quiet(server: &ReplaySentry) -> Service {
    Service::start(&[
        ("SENTRY_BASE_URL", &server.url()),
        ("EXPLAINER__SOURCES__POLL_SECONDS", "0"),
    ])
}

/// Delivers as Sentry does.
async fn deliver(to: &Client, path: &str, resource: &str, id: &str, body: &[u8]) -> Answered {
    to.with("content-type", "application/json")
        .with("request-id", id)
        .with("sentry-hook-resource", resource)
        .with("sentry-hook-timestamp", "1770000000")
        .with("sentry-hook-signature", &signature(SECRET, body))
        .raw(Method::POST, path, body.to_vec())
        .await
}

fn about_issue(action: &str, change: &Value) -> Vec<u8> {
    let mut issue = json!({"id": "1001", "shortId": "SHOP-1", "title": "KeyError: 'sku-1'",
        "culprit": null, "permalink": null, "level": "error", "status": "unresolved",
        "substatus": "new", "priority": "high", "issueCategory": "error", "platform": "python",
        "project": {"id": "11", "name": "Shop", "slug": "shop", "platform": "python"},
        "metadata": {"type": "KeyError", "value": "'sku-1'"}, "count": "1", "userCount": 1,
        "firstSeen": "2026-02-01T11:00:01Z", "lastSeen": "2026-02-01T11:00:01Z",
        "web_url": "https://acme.sentry.io/issues/1001/"});
    for (key, value) in change.as_object().unwrap() {
        issue[key] = value.clone();
    }
    json!({"action": action, "installation": {"uuid": "a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},
        "data": {"issue": issue}, "actor": {"type": "application", "id": "sentry", "name": "Sentry"}})
    .to_string()
    .into_bytes()
}

async fn processed(client: &Client) -> Vec<Value> {
    let list = client.get("/api/v1/issues/processed/").await.ok();
    list.as_array().unwrap().clone()
}

async fn until_completed(client: &Client, issue: &str) -> Value {
    let path = format!("/api/v1/issues/{issue}");
    until("the analysis is completed", async || {
        let found = client.get(&path).await.ok();
        let done = found["processed_issue"]["status"] == "completed";
        done.then(|| found["processed_issue"].clone())
    })
    .await
}

#[tokio::test]
async fn what_webhooks_tell_of_is_explained_without_being_asked() {
    let server = ReplaySentry::start();
    let service = quiet(&server);
    let (ada, path) = listening(&service, json!({"auto_analyze": true})).await;
    let body = about_issue("created", &json!({}));
    let taken = deliver(&service.client(), &path, "issue", "one", &body).await;
    assert_eq!(taken.ok(), json!({"status": "queued", "queued": 1}));
    let done = until_completed(&ada, "1001").await;
    assert_eq!(done["sentry_issue"]["tags"]["browser"], "Firefox 147");
    let me = ada.get("/api/v1/auth/me").await.ok();
    assert_eq!(
        done["created_by"], me["id"],
        "it is asked for in the owner's name"
    );

    // The same delivery again, and the same body under another id: it was taken already.
    for id in ["one", "another"] {
        let again = deliver(&service.client(), &path, "issue", id, &body).await;
        assert_eq!(again.ok()["status"], "repeated", "{id}");
    }
    // Explained already, and it did not come back.
    let later = about_issue("created", &json!({"count": "2"}));
    let known = deliver(&service.client(), &path, "issue", "two", &later).await;
    assert_eq!(known.ok()["status"], "ignored");
    let back = about_issue("unresolved", &json!({}));
    let back = deliver(&service.client(), &path, "issue", "three", &back).await;
    assert_eq!(back.ok()["status"], "queued");
    assert_eq!(processed(&ada).await.len(), 1);
}

#[tokio::test]
async fn the_event_of_an_alert_is_evidence() {
    let server = ReplaySentry::start();
    let service = quiet(&server);
    let (ada, path) = listening(&service, json!({"auto_analyze": true})).await;
    // An issue that the server does not know any more: all there is came with the alert.
    let body = json!({"action": "triggered", "installation": {"uuid": "a8e5"}, "data": {
        "event": {"event_id": "0123456789abcdef0123456789abcdef", "issue_id": "777", "project": 11,
            "level": "fatal", "platform": "python", "timestamp": 1_770_000_000.25, "title": "OverflowError: tide",
            "tags": [["environment", "staging"]], "web_url": "https://acme.sentry.io/issues/777/events/01/",
            "exception": {"values": [{"type": "OverflowError", "value": "tide", "stacktrace": {"frames": [
                {"function": "moon", "filename": "app/tide.py", "lineno": 12, "in_app": true,
                 "context_line": "    return level * pull"}]}}]}},
        "triggered_rule": "Every fatal error"}});
    let sent = body.to_string().into_bytes();
    let taken = deliver(&service.client(), &path, "event_alert", "one", &sent).await;
    assert_eq!(taken.ok()["status"], "queued");
    let done = until_completed(&ada, "777").await;
    let text = done["ai_analysis"].to_string();
    assert!(
        text.contains("app/tide.py") && text.contains("moon"),
        "{text}"
    );
    assert_eq!(done["sentry_issue"]["level"], "fatal");

    // A newer event of another release: what was explained is told to be out of date, whether or
    // not anything is explained without being asked.
    let off = json!({"auto_analyze": false});
    ada.put("/api/v1/settings/", &off).await.ok();
    let mut newer = body;
    newer["data"]["event"]["release"] = json!("shop@2");
    newer["data"]["event"]["timestamp"] = json!(4_102_444_800_u64);
    let newer = newer.to_string().into_bytes();
    let taken = deliver(&service.client(), &path, "event_alert", "two", &newer).await;
    assert_eq!(taken.ok()["status"], "ignored");
    let analysis = format!("/api/v1/analyses/{}", done["id"].as_str().unwrap());
    let told = ada.get(&analysis).await.ok();
    assert_eq!(told["result"]["stale"], "new_release", "{told}");
}

#[tokio::test]
async fn everything_else_is_acknowledged_and_asks_for_nothing() {
    let server = ReplaySentry::start();
    let service = quiet(&server);
    let (ada, path) = listening(&service, json!({"auto_analyze": true})).await;
    let sentry = service.client();
    let issue = |action| about_issue(action, &json!({}));
    let installation = json!({"action": "created", "data": {"installation": {"uuid": "a"}}});
    let comment = json!({"action": "created", "data": {"comment": "hm", "issue_id": 100}});
    for (number, (resource, body)) in [
        ("issue", issue("resolved")),
        ("issue", issue("assigned")),
        ("issue", issue("archived")),
        ("issue", issue("ignored")),
        ("issue", issue("unheard-of")),
        (
            "issue",
            about_issue("created", &json!({"issueCategory": "feedback"})),
        ),
        ("issue", about_issue("created", &json!({"id": null}))),
        ("installation", installation.to_string().into_bytes()),
        ("comment", comment.to_string().into_bytes()),
        (
            "metric_alert",
            b"{\"action\":\"critical\",\"data\":{}}".to_vec(),
        ),
        ("unheard-of", issue("created")),
        (
            "event_alert",
            b"{\"action\":\"triggered\",\"data\":{\"event\":{}}}".to_vec(),
        ),
        ("issue", b"[]".to_vec()),
        ("issue", Vec::new()),
        ("issue", b"  ".to_vec()),
    ]
    .into_iter()
    .enumerate()
    {
        let taken = deliver(&sentry, &path, resource, &number.to_string(), &body).await;
        assert_eq!(
            taken.ok(),
            json!({"status": "ignored", "queued": 0}),
            "{number}"
        );
    }
    assert_eq!(processed(&ada).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_is_not_signed_or_not_readable_is_refused() {
    let server = ReplaySentry::start();
    let service = quiet(&server);
    let (ada, path) = listening(&service, json!({"auto_analyze": true})).await;
    let sentry = service.client().with("sentry-hook-resource", "issue");
    let body = about_issue("created", &json!({}));
    let right = signature(SECRET, &body);
    let other = signature(SECRET, b"{}");
    let foreign = signature("another secret", &body);
    for wrong in [
        &other,
        &foreign,
        &right[..63],
        &format!("{right}0"),
        "",
        "zz",
        &"é".repeat(32),
    ] {
        let sender = match reqwest::header::HeaderValue::from_str(wrong) {
            Ok(_) => sentry.with("sentry-hook-signature", wrong),
            Err(_) => sentry.clone(),
        };
        let refused = sender.raw(Method::POST, &path, body.clone()).await;
        let (status, code, _) = refused.problem();
        assert_eq!((status, code.as_str()), (401, "not_signed"), "{wrong}");
        assert_eq!(refused.header("www-authenticate"), "");
    }
    let missing = sentry.raw(Method::POST, &path, body.clone()).await;
    assert_eq!(missing.problem().0, 401);
    let missing = sentry.raw(Method::POST, &path, Vec::new()).await;
    assert_eq!(
        missing.problem().0,
        401,
        "an empty body is signed like any other"
    );
    let garbage = deliver(&sentry, &path, "issue", "1", b"{\"action\": ").await;
    assert_eq!(garbage.problem().0, 400);
    let huge = deliver(&sentry, &path, "issue", "2", &vec![b' '; 2 << 20]).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Where there is no webhook, nothing is told of what there is.
    let id = path.rsplit('/').next().unwrap();
    let elsewhere = ["sentry/nobody", "nothing/nobody", &format!("nothing/{id}")];
    for elsewhere in elsewhere {
        let path = format!("/api/v1/webhooks/{elsewhere}");
        let nowhere = deliver(&sentry, &path, "issue", "3", &body).await;
        let (status, code, _) = nowhere.problem();
        assert_eq!((status, &*code), (404, "no_such_webhook"), "{elsewhere}");
    }

    let clear = json!({"sentry_client_secret": ""});
    ada.put("/api/v1/workspaces/current", &clear).await.ok();
    let (status, _, detail) = deliver(&sentry, &path, "issue", "4", &body).await.problem();
    assert_eq!(status, 401);
    assert!(detail.contains("sentry_client_secret"), "{detail}");
    assert_eq!(processed(&ada).await, Vec::<Value>::new());
    assert!(!service.log().contains(SECRET));
}

#[tokio::test]
async fn a_workspace_that_chose_sentry_by_name_has_its_webhooks_too() {
    let server = ReplaySentry::start();
    let service = quiet(&server);
    let (ada, path) = listening(&service, json!({"auto_analyze": true})).await;
    let body = about_issue("created", &json!({}));
    // The secret of the workspace, then one of the choice's own.
    for (number, secret) in [None, Some("another secret")].into_iter().enumerate() {
        let mut settings = json!({"api_token": TOKEN, "organization": ORGANIZATION});
        if let Some(secret) = secret {
            settings["client_secret"] = json!(secret);
        }
        let source = json!({"source": {"kind": "sentry", "settings": settings}});
        ada.put("/api/v1/workspaces/current", &source).await.ok();
        let sender = service
            .client()
            .with("sentry-hook-resource", "issue")
            .with("request-id", &number.to_string());
        for (signed_with, status) in [("wrong", 401), (secret.unwrap_or(SECRET), 200)] {
            let sender = sender.with("sentry-hook-signature", &signature(signed_with, &body));
            let taken = sender.raw(Method::POST, &path, body.clone()).await;
            assert_eq!(
                taken.status.as_u16(),
                status,
                "{signed_with}: {}",
                taken.text
            );
        }
    }
}

#[tokio::test]
async fn the_settings_say_which_issues_are_explained() {
    let server = ReplaySentry::start();
    let service = quiet(&server);
    let (ada, path) = listening(&service, json!({"auto_analyze": false})).await;
    let body = about_issue("created", &json!({}));
    let off = deliver(&service.client(), &path, "issue", "0", &body).await;
    assert_eq!(off.ok()["status"], "ignored");

    let only = json!({"min_level": "error", "min_priority": "medium", "min_count": 5, "projects": ["shop"]});
    let settings = json!({"auto_analyze": true, "auto_analyze_only": only});
    ada.put("/api/v1/settings/", &settings).await.ok();
    assert_eq!(
        ada.get("/api/v1/settings/").await.ok()["auto_analyze_only"],
        only
    );
    let wanted = json!({"count": "5", "priority": "medium"});
    for (number, (change, status)) in [
        (json!({"count": "4"}), "ignored"),
        (json!({"priority": "low"}), "ignored"),
        (json!({"level": "warning"}), "ignored"),
        (json!({"project": {"id": "12", "slug": "till"}}), "ignored"),
        (json!({}), "queued"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut all = wanted.clone();
        all.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let body = about_issue("created", &all);
        let id = format!("filter-{number}");
        let taken = deliver(&service.client(), &path, "issue", &id, &body).await;
        assert_eq!(taken.ok()["status"], status, "{change}");
    }
    let bad = json!({"auto_analyze_only": {"min_level": "dreadful"}});
    assert_eq!(ada.put("/api/v1/settings/", &bad).await.problem().0, 422);
}

#[tokio::test]
async fn a_note_is_written_once_for_each_new_result() {
    let server = ReplaySentry::start();
    let service = Service::start(&[
        ("SENTRY_BASE_URL", &server.url()),
        (
            "EXPLAINER__SERVER__PUBLIC_URL",
            "https://explainer.example.com",
        ),
    ]);
    let (ada, _) = listening(&service, json!({"write_back": true})).await;
    let analyze = "/api/v1/issues/1002/analyze";
    let done = ada.post(analyze, &json!({})).await.ok();
    let notes = async || {
        let notes = server.state().notes.clone();
        (!notes.is_empty()).then_some(notes)
    };
    let notes = until("a note is written", notes).await;
    let (issue, text) = &notes[0];
    assert_eq!(issue, "1002");
    let summary = done["analysis"]["summary"].as_str().unwrap();
    let link = format!(
        "https://explainer.example.com/api/v1/issues/processed/{}",
        done["id"].as_str().unwrap()
    );
    assert!(text.contains(summary) && text.ends_with(&link), "{text}");
    // Asked again over the same evidence: the result stands, and so does the note.
    ada.post(analyze, &json!({})).await.ok();
    ada.post("/api/v1/issues/1003/analyze", &json!({}))
        .await
        .ok();
    let both = async || (server.state().notes.len() == 2).then_some(());
    until("the other issue has its note", both).await;
    assert!(
        server
            .state()
            .notes
            .iter()
            .all(|(issue, _)| issue != "1002" || notes[0].0 == *issue)
    );
    assert_eq!(server.asked("/1002/notes/"), 1);

    // A note that cannot be written costs nothing but itself.
    server.upset("/notes/", Answer::json(403, &json!({"detail": "no"})));
    let done = ada
        .post("/api/v1/issues/1004/analyze", &json!({}))
        .await
        .ok();
    assert_eq!(done["status"], "completed");
}

#[tokio::test]
async fn a_slow_source_gets_its_note_all_the_same() {
    let server = ReplaySentry::start();
    let service = Service::start(&[("SENTRY_BASE_URL", &server.url())]);
    let (ada, _) = listening(&service, json!({"write_back": true})).await;
    // Longer than a worker holds on to a job whose lease is gone.
    server.state().delay = Duration::from_millis(2_500);
    ada.post("/api/v1/issues/1002/analyze", &json!({}))
        .await
        .ok();
    let written = async || service.log().contains("note written").then_some(());
    until("the note is written", written).await;
}

#[tokio::test]
async fn what_no_webhook_told_of_is_found_by_looking() {
    let shop = json!({"id": "11", "slug": "shop", "name": "Shop", "platform": "python"});
    let server = ReplaySentry::empty(vec![shop.clone()]);
    for number in 1..=1000 {
        server.add(number, &shop, 1);
    }
    {
        let mut state = server.state();
        state.page = Some(25);
        state.limit = Some(100);
        // Of these, the source says that they were seen just now.
        for issue in &mut state.issues {
            issue["firstSeen"] = json!("2999-01-01T00:00:00Z");
            issue["lastSeen"] = json!("2999-01-01T00:00:00Z");
        }
    }
    let service = Service::start(&[
        ("SENTRY_BASE_URL", &server.url()),
        ("EXPLAINER__SOURCES__POLL_SECONDS", "1"),
        ("EXPLAINER__ANALYSIS__WORKERS", "1"),
        ("RUST_LOG", "info"),
    ]);
    let (ada, _) = listening(&service, json!({"auto_analyze": true})).await;
    let queued = async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        service
            .log()
            .contains("Looked { seen: 1000, queued: 1000 }")
            .then_some(())
    };
    until("all are queued", queued).await;
    assert!(server.asked("/issues/") >= 40);
    let last = ada
        .get("/api/v1/issues/processed/?limit=1&skip=999")
        .await
        .ok();
    assert_eq!(last.as_array().unwrap().len(), 1);
    let none = ada
        .get("/api/v1/issues/processed/?limit=1&skip=1000")
        .await
        .ok();
    assert_eq!(none, json!([]));
    // Looked through again, nothing is missing; the workers were at it all the while.
    let again = async || {
        let log = service.log();
        log.contains("queued: 0").then_some(())
    };
    until("a second look", again).await;
    let state = server.state();
    assert!(state.most_in_flight <= 3, "{}", state.most_in_flight);
    assert_eq!(state.above_limit, 0);
}
