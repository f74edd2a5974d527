//! Nothing secret and nothing of a customer is in what is told.

use std::fs;

use serde_json::json;

use crate::support::{
    Service,
    sentry::{Manner, Sentry},
    until,
};

const PASSWORD: &str = "Tr0ub4dor-and-3";
const API_TOKEN: &str = "sntrys_eyJpYXQiOjE3MDAwMDAwMDB9_abcdefghijklmnop";
const OPENAI_KEY: &str = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789";
const DSN_KEY: &str = "feedfacefeedfacefeedfacefeedface";
const INSTALLATION_KEY: &str = "d0fb8a2bbb5d4b39a8d4f1f4c0a9e8b7d0fb8a2bbb5d4b39";
const COOKIE: &str = "session-4711-do-not-tell";
/// What customers' events hold: a name, an address, a secret, and plain words.
const OF_A_CUSTOMER: [&str; 4] = [
    "Wilhelmina Quackenbush",
    "wilhelmina@customer.example",
    "AKIAIOSFODNN7EXAMPLE",
    "the purple zeppelin",
];

#[tokio::test]
async fn secrets_and_customers_words_are_in_no_envelope() {
    let sentry = Sentry::start(Manner::Status(200));
    let events = tempfile::tempdir().unwrap();
    let [name, mail, key, words] = OF_A_CUSTOMER;
    let event = json!({
        "event_id": "1", "timestamp": 1_770_000_001, "message": words,
        "exception": [{"type": "KeyError", "value": format!("no seat for {name} <{mail}>")}],
        "extra": {"aws_key": key}, "user": {"email": mail, "name": name},
        "breadcrumbs": [{"message": words}], "request": {"data": {"password": PASSWORD}},
    });
    fs::write(events.path().join("events.jsonl"), event.to_string()).unwrap();
    let mut service = Service::start(&[
        ("DEBUG", "true"),
        ("SECRET_KEY", INSTALLATION_KEY),
        ("APP_SENTRY_DSN", sentry.dsn()),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "1"),
        ("APP_SENTRY_PROFILES_SAMPLE_RATE", "1"),
        ("EXPLAINER__SOURCES__FILES", events.path().to_str().unwrap()),
    ]);
    let client = service.client().with("cookie", COOKIE);
    let account = json!({"username": "ada", "email": "ada@private.example", "password": PASSWORD});
    let session = client.post("/api/v1/auth/register", &account).await.ok();
    let token = session["access_token"].as_str().unwrap();
    client.post("/api/v1/auth/login", &account).await.ok();
    let wrong = json!({"username": "ada", "password": format!("{PASSWORD}!")});
    client.post("/api/v1/auth/login", &wrong).await.problem();
    let ada = client.bearer(token);
    ada.post("/api/v1/workspaces/", &json!({"name": "Ours"}))
        .await
        .ok();
    // The issue is explained while no other source is set.
    let id = ada.issue_ids().await.remove(0);
    ada.post(&format!("/api/v1/issues/{id}/analyze"), &json!({}))
        .await
        .ok();
    let settings = json!({
        "sentry_organization": "acme",
        "sentry_test_dsn": format!("https://{DSN_KEY}@192.0.2.1/1"), "openai_api_key": OPENAI_KEY,
        "sentry_api_token": API_TOKEN,
    });
    ada.put("/api/v1/workspaces/current", &settings).await.ok();
    ada.get(&format!("/api/v1/issues/?cursor={PASSWORD}")).await;
    ada.post("/api/v1/sentry/generate-random-event", &json!({}))
        .await
        .problem();
    ada.post("/api/v1/debug/test-error", &json!({"password": PASSWORD}))
        .await
        .ok();
    // A store that is gone makes errors of its own.
    fs::remove_dir_all(service.folder().join("data")).unwrap();
    ada.get("/api/v1/issues/processed/").await;
    ada.post("/api/v1/debug/test-message", &json!({}))
        .await
        .ok();

    until("all was told", async || {
        let told = sentry.items("event").len() >= 2 && sentry.items("transaction").len() >= 9;
        told.then_some(())
    })
    .await;
    assert!(service.terminate());
    assert!(!sentry.items("log").is_empty());
    let everything = sentry.everything();
    let seeds = [
        PASSWORD,
        API_TOKEN,
        OPENAI_KEY,
        DSN_KEY,
        INSTALLATION_KEY,
        COOKIE,
        token,
        "ada@private.example",
    ];
    for seed in seeds.into_iter().chain(OF_A_CUSTOMER) {
        assert!(!everything.contains(seed), "{seed} was told");
    }
}
