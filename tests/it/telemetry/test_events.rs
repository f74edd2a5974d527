//! Test events and what is said of monitoring.

use serde_json::{Value, json};

use super::tag;
use crate::support::{
    Service,
    sentry::{Manner, Sentry},
};

const GENERATE: &str = "/api/v1/sentry/generate-random-event";

#[tokio::test]
async fn test_events_go_to_the_workspace_and_else_to_the_installation() {
    let (of_all, own) = (
        Sentry::start(Manner::Status(200)),
        Sentry::start(Manner::Status(200)),
    );
    let service = Service::start(&[
        ("APP_SENTRY_DSN", of_all.dsn()),
        ("EXPLAINER__OUTBOUND__PRIVATE_NETWORKS", "true"),
    ]);
    let ada = service.client().with_workspace("ada").await;

    let sent = ada
        .post(GENERATE, &json!({"event_type": "error", "count": 3}))
        .await
        .ok();
    assert_eq!(sent["success"], true);
    assert_eq!(sent["message"], "Successfully generated 3 Sentry events");
    assert_eq!(sent["total_generated"], 3);
    let events = of_all.items("event");
    assert_eq!(events.len(), 3);
    for (told, event) in sent["events"].as_array().unwrap().iter().zip(&events) {
        assert_eq!(told["event_id"], event["event_id"]);
        assert_eq!(told["type"], "error");
        let raised = event["exception"]["values"]
            .as_array()
            .unwrap()
            .last()
            .unwrap();
        assert_eq!(told["error_type"], raised["type"]);
        assert_eq!(told["message"], raised["value"]);
        assert!(
            !raised["stacktrace"]["frames"]
                .as_array()
                .unwrap()
                .is_empty()
        );
        for (name, value) in told["context"].as_object().unwrap() {
            assert_eq!(tag(event, name), value.as_str().unwrap());
        }
        assert_eq!(event["user"]["username"], "ada");
    }

    let test_dsn = json!({"sentry_test_dsn": own.dsn()});
    ada.put("/api/v1/workspaces/current", &test_dsn).await.ok();
    let sent = ada
        .post(GENERATE, &json!({"event_type": "warning"}))
        .await
        .ok();
    assert_eq!(sent["total_generated"], 1);
    assert_eq!(own.items("event")[0]["level"], "warning");
    assert_eq!(of_all.items("event").len(), 3, "it went to both");
    ada.raw(reqwest::Method::POST, GENERATE, "").await.ok();
    assert_eq!(own.items("event").len(), 2);

    for bad in [
        json!({"count": 0}),
        json!({"count": 11}),
        json!({"event_type": "fatal"}),
    ] {
        assert_eq!(ada.post(GENERATE, &bad).await.problem().0, 422, "{bad}");
    }
}

#[tokio::test]
async fn what_does_not_arrive_is_not_said_to_have() {
    let refusing = Sentry::start(Manner::Status(403));
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let (status, code, detail) = ada.post(GENERATE, &json!({})).await.problem();
    assert_eq!((status, &*code), (400, "no_sentry_dsn"));
    assert!(detail.contains("sentry_test_dsn"), "{detail}");

    // A user must not make the service speak to its own network.
    let set = async |dsn: &str| {
        let body = json!({"sentry_test_dsn": dsn});
        ada.put("/api/v1/workspaces/current", &body).await.ok();
    };
    set(refusing.dsn()).await;
    assert_eq!(
        ada.post(GENERATE, &json!({})).await.problem().1,
        "bad_sentry_dsn"
    );
    set("https://0123abcd@169.254.169.254/1").await;
    assert_eq!(
        ada.post(GENERATE, &json!({})).await.problem().1,
        "bad_sentry_dsn"
    );
    assert_eq!(refusing.everything(), "");
    set("not a dsn").await;
    assert_eq!(
        ada.post(GENERATE, &json!({})).await.problem().1,
        "bad_sentry_dsn"
    );

    let service = Service::start(&[("APP_SENTRY_DSN", refusing.dsn())]);
    let ada = service.client().with_workspace("ada").await;
    let (status, code, detail) = ada.post(GENERATE, &json!({})).await.problem();
    assert_eq!((status, &*code), (502, "sentry_refused"));
    assert!(
        detail.contains("403") && !detail.contains("0123abcd"),
        "{detail}"
    );
}

#[tokio::test]
async fn what_is_said_of_monitoring_holds_no_key() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let public = "/api/v1/sentry/sentry-status-public";
    let release = concat!("issue-explainer@", env!("CARGO_PKG_VERSION"));
    let off = json!({"sentry_configured": false, "app_sentry_dsn_set": null, "environment": "production", "release": release});
    assert_eq!(service.client().get(public).await.ok(), off);
    ada.put(
        "/api/v1/workspaces/current",
        &json!({"sentry_test_dsn": "https://0123abcd@sentry.example.com/1"}),
    )
    .await
    .ok();
    let status = ada.get("/api/v1/sentry/sentry-status").await;
    assert_eq!(
        status.ok(),
        json!({
            "sentry_configured": true, "app_sentry_dsn_set": null,
            "workspace_sentry_dsn_set": "***configured***", "using_workspace_dsn": true,
            "environment": "production", "release": release,
        })
    );
    assert!(!status.text.contains("0123abcd"));
    let templates = ada.get("/api/v1/sentry/event-templates").await.ok();
    for kind in ["error_templates", "warning_templates", "info_templates"] {
        let templates = templates[kind].as_array().unwrap();
        assert!(!templates.is_empty(), "{kind}");
        let whole = |it: &Value| it["type"].is_string() && it["message"].is_string();
        assert!(templates.iter().all(whole), "{templates:?}");
    }
    for path in [
        public,
        "/api/v1/sentry/sentry-status",
        "/api/v1/sentry/event-templates",
    ] {
        let status = service.client().get(path).await.status.as_u16();
        assert_eq!(status, if path == public { 200 } else { 401 }, "{path}");
    }
}
