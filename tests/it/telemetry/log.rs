//! The log: a line for each request, and a filter that can be changed.

use serde_json::{Value, json};

use crate::support::{Service, until};

#[tokio::test]
async fn every_request_has_a_line_with_its_id() {
    let service = Service::start(&[("RUST_LOG", "info")]);
    let client = service.client().with("x-request-id", "mine-1");
    client.get("/api/v1/auth/me?token=secret").await;
    client.get("/health").await;
    let line = until("the line is there", async || {
        let lines = service.log();
        let mut lines = lines
            .lines()
            .filter_map(|it| serde_json::from_str::<Value>(it).ok());
        lines.find(|it| it["target"] == "explainer::access")
    })
    .await;
    assert_eq!(line["method"], "GET");
    assert_eq!(line["path"], "/api/v1/auth/me");
    assert_eq!(line["status"], 401);
    assert!(line["milliseconds"].as_f64().unwrap() > 0.0);
    assert_eq!(line["span"]["id"], "mine-1");
    assert!(!service.log().contains("secret"));
    assert!(!service.log().contains("/health"));
}

#[tokio::test]
async fn an_admin_changes_what_is_logged_while_it_runs() {
    let service = Service::start(&[("RUST_LOG", "info")]);
    let admin = service.client().registered("ada").await;
    let path = "/api/v1/log-filter";
    assert_eq!(admin.get(path).await.ok(), json!({"filter": "info"}));
    let of_requests = r#""target":"explainer::access""#;
    let lines = || service.log().matches(of_requests).count();
    admin.get("/api/v1/auth/me").await.ok();
    until("it is logged", async || (lines() >= 3).then_some(())).await;
    let quiet = json!({"filter": "warn,explainer::access=off"});
    assert_eq!(admin.put(path, &quiet).await.ok(), quiet);
    let before = lines();
    admin.get("/api/v1/auth/me").await.ok();
    admin.put(path, &json!({"filter": "debug"})).await.ok();
    until("it is logged again", async || {
        (lines() > before).then_some(())
    })
    .await;
    assert_eq!(
        lines(),
        before + 1,
        "the request while it was off is logged"
    );

    let refused = admin.put(path, &json!({"filter": "loud=very=much"})).await;
    assert_eq!(refused.problem().0, 422);
    assert_eq!(admin.get(path).await.ok(), json!({"filter": "debug"}));
    let other = service.client().registered("bob").await;
    let (status, code, _) = other.put(path, &quiet).await.problem();
    assert_eq!((status, &*code), (403, "not_administrator"));
    assert_eq!(other.get(path).await.problem().0, 403);
    assert_eq!(service.client().get(path).await.problem().0, 401);
}
