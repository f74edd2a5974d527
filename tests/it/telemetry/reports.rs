//! Errors and messages, as a Sentry gets them.

use serde_json::{Value, json};

use super::tag;
use crate::support::{
    Service,
    sentry::{Manner, Sentry},
};

#[tokio::test]
async fn an_error_names_its_stack_user_workspace_release_and_environment() {
    let sentry = Sentry::start(Manner::Status(200));
    let service = Service::start(&[
        ("DEBUG", "true"),
        ("APP_SENTRY_DSN", sentry.dsn()),
        ("APP_SENTRY_ENVIRONMENT", "staging"),
        ("APP_SENTRY_RELEASE", "explainer@9.9"),
    ]);
    let ada = service.client().with_workspace("ada").await;

    // Right after something was written: else who calls may be known without asking the store.
    let answer = ada.with("x-request-id", "request-1");
    let answer = answer.post("/api/v1/debug/test-error", &json!({})).await;
    let answer = answer.ok();
    let id = answer["event_id"].as_str().unwrap();
    let me = ada.get("/api/v1/auth/me").await.ok();
    let event = sentry
        .wait_for("event", |event| event["event_id"] == id)
        .await;

    let raised = event["exception"]["values"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(raised["type"], "UnreadablePrice");
    assert_eq!(event["exception"]["values"][0]["type"], "ParseFloatError");
    let frames = raised["stacktrace"]["frames"].as_array().unwrap();
    let ours = |frame: &&Value| {
        frame["function"]
            .as_str()
            .unwrap_or("")
            .contains("explainer")
    };
    let ours: Vec<_> = frames.iter().filter(ours).collect();
    assert!(!ours.is_empty(), "{frames:?}");
    assert!(ours.iter().any(|frame| frame["in_app"] == true), "{ours:?}");
    assert_eq!(event["user"], json!({"id": me["id"], "username": "ada"}));
    assert_eq!(
        tag(&event, "workspace"),
        me["workspace_id"].as_str().unwrap()
    );
    assert_eq!(tag(&event, "request_id"), "request-1");
    assert_eq!(event["contexts"]["workspace"]["id"], me["workspace_id"]);
    assert_eq!(event["release"], "explainer@9.9");
    assert_eq!(event["environment"], "staging");
    assert_eq!(event["transaction"], "POST /api/v1/debug/test-error");
    // What led to it: the token was looked up in the store.
    let crumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    let looked_up =
        |crumb: &Value| crumb["category"] == "store" && crumb["data"]["outcome"] == "ok";
    assert!(crumbs.iter().any(looked_up), "{crumbs:?}");

    ada.post("/api/v1/debug/test-message", &json!({}))
        .await
        .ok();
    let is_it = |event: &Value| event["message"] == "A test message of the Issue Explainer";
    let message = sentry.wait_for("event", is_it).await;
    assert_eq!(message["level"], "info");
    assert_eq!(message["user"]["username"], "ada");
}

#[tokio::test]
async fn requests_at_the_same_time_keep_their_users_apart() {
    let sentry = Sentry::start(Manner::Status(200));
    let service = Service::start(&[("DEBUG", "true"), ("APP_SENTRY_DSN", sentry.dsn())]);
    let ada = service.client().with_workspace("ada").await;
    let bob = service.client().with_workspace("bob").await;
    let (mut by_ada, mut by_bob) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let ask = async |client: &crate::support::Client| {
            let answer = client
                .post("/api/v1/debug/test-error", &json!({}))
                .await
                .ok();
            answer["event_id"].as_str().unwrap().to_owned()
        };
        let (one, other) = tokio::join!(ask(&ada), ask(&bob));
        by_ada.push(one);
        by_bob.push(other);
    }
    for (name, ids) in [("ada", by_ada), ("bob", by_bob)] {
        for id in ids {
            let event = sentry.wait_for("event", |it| it["event_id"] == *id).await;
            assert_eq!(event["user"]["username"], name);
        }
    }
}

#[tokio::test]
async fn what_the_caller_did_wrong_is_not_reported() {
    let sentry = Sentry::start(Manner::Status(200));
    let service = Service::start(&[("DEBUG", "true"), ("APP_SENTRY_DSN", sentry.dsn())]);
    let client = service.client();
    client.get("/nope").await;
    client.get("/api/v1/auth/me").await;
    client
        .post("/api/v1/auth/login", &json!({"username": 1}))
        .await;
    let ada = client.with_workspace("ada").await;
    ada.get("/api/v1/issues/no-such-issue").await;
    ada.post("/api/v1/debug/test-message", &json!({}))
        .await
        .ok();
    sentry
        .wait_for("event", |event| event["level"] == "info")
        .await;
    assert_eq!(
        sentry.items("event").len(),
        1,
        "{:?}",
        sentry.items("event")
    );
}

#[tokio::test]
async fn personal_data_goes_only_where_it_is_allowed_to() {
    let sentry = Sentry::start(Manner::Status(200));
    let service = Service::start(&[
        ("DEBUG", "true"),
        ("APP_SENTRY_DSN", sentry.dsn()),
        ("APP_SENTRY_PERSONAL_DATA", "true"),
    ]);
    let ada = service.client().with_workspace("ada").await;
    ada.post("/api/v1/debug/test-message", &json!({}))
        .await
        .ok();
    let event = sentry.wait_for("event", |_| true).await;
    assert_eq!(event["user"]["email"], "ada@example.com");
    assert_eq!(event["user"]["ip_address"], "127.0.0.1");
}

/// The SDK has variables of its own, which must not count.
#[tokio::test]
async fn without_a_dsn_nothing_is_sent() {
    let sentry = Sentry::start(Manner::Status(200));
    let mut service = Service::start(&[
        ("DEBUG", "true"),
        ("SENTRY_DSN", sentry.dsn()),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "1"),
        ("APP_SENTRY_PROFILES_SAMPLE_RATE", "1"),
    ]);
    let ada = service.client().with_workspace("ada").await;
    let answer = ada.post("/api/v1/debug/test-error", &json!({})).await.ok();
    assert_eq!(answer["event_id"], json!(null));
    assert!(service.terminate());
    assert_eq!(sentry.everything(), "");
}

#[tokio::test]
async fn the_paths_of_development_are_not_there_otherwise() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let document = ada.get("/openapi.json").await.text;
    assert!(!document.contains("/debug/"));
    for path in ["test-error", "test-message", "sentry-status"] {
        let path = format!("/api/v1/debug/{path}");
        assert_eq!(ada.post(&path, &json!({})).await.problem().0, 404, "{path}");
        assert_eq!(ada.get(&path).await.problem().0, 404, "{path}");
    }
    let service = Service::start(&[("DEBUG", "true")]);
    let document = service.client().get("/openapi.json").await.text;
    assert!(document.contains("/api/v1/debug/test-error"));
    let nobody = service.client();
    let answer = nobody.post("/api/v1/debug/test-error", &json!({})).await;
    assert_eq!(answer.problem().0, 401);
}

#[tokio::test]
async fn a_dsn_or_a_rate_that_cannot_be_is_one_line_at_the_start() {
    for (name, value) in [
        ("APP_SENTRY_DSN", "https://nobody.example.com/1"),
        ("APP_SENTRY_DSN", "https://key@sentry.example.com/pro ject"),
        ("APP_SENTRY_DSN", "https://key@[sentry/1"),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "1.5"),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "NaN"),
        ("APP_SENTRY_PROFILES_SAMPLE_RATE", "-1"),
        ("METRICS_ADDRESS", "everywhere"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Service::command(folder.path());
        let ended = command
            .env(name, value)
            .env("API_PORT", "0")
            .output()
            .unwrap();
        let told = String::from_utf8(ended.stderr).unwrap();
        assert!(!ended.status.success(), "{name}={value}");
        assert!(
            told.starts_with("error: could not use") && told.lines().count() == 1,
            "{name}={value}: {told}"
        );
        assert!(!told.contains("panicked"), "{told}");
    }
}
