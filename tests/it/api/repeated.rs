//! Requests that are sent again: `If-None-Match` on reads, `Idempotency-Key` on POST.

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Service, in_a_file};

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    for path in [
        "/api/v1/issues/?limit=3",
        "/api/v1/workspaces/current",
        "/api/v1/auth/me",
        "/openapi.json",
        "/docs",
    ] {
        let first = ada.get(path).await;
        assert_eq!(first.status, StatusCode::OK, "{path}");
        let tag = first.header("etag").to_owned();
        assert!(tag.len() > 20 && tag.starts_with('"'), "{path}: {tag}");
        assert_eq!(first.header("cache-control"), "private, no-cache");
        let again = ada.with("if-none-match", &format!("\"other\", W/{tag}"));
        let again = again.get(path).await;
        assert_eq!(
            (again.status, &*again.text),
            (StatusCode::NOT_MODIFIED, ""),
            "{path}"
        );
        assert_eq!(again.header("etag"), tag);
        let head = ada.raw(Method::HEAD, path, "").await;
        assert_eq!((head.header("etag"), &*head.text), (&*tag, ""), "{path}");
        let other = ada.with("if-none-match", "\"other\"").get(path).await;
        assert_eq!(other.text, first.text);
    }
    let path = "/api/v1/workspaces/current";
    let tag = ada.get(path).await.header("etag").to_owned();
    ada.put(path, &json!({"name": "Another"})).await.ok();
    let changed = ada.with("if-none-match", &tag).get(path).await;
    assert_eq!(changed.ok()["name"], "Another");
    let refused = service.client().with("if-none-match", "*").get(path).await;
    assert_eq!(refused.problem().0, 401);
    assert_eq!(refused.header("cache-control"), "no-store");
    let login = json!({"username": "ada", "password": "correct horse"});
    let login = service.client().post("/api/v1/auth/login", &login).await;
    assert_eq!(
        (login.header("etag"), login.header("cache-control")),
        ("", "no-store")
    );
}

#[tokio::test]
async fn a_request_that_is_sent_again_under_its_key_is_carried_out_once() {
    let service = Service::start(&[]);
    let ada = service.client().registered("ada").await;
    let keyed = ada.with("idempotency-key", "a-new-key");
    let body = json!({"name": "Once"});
    let first = keyed.post("/api/v1/workspaces/", &body).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    let service = service.kill_and_restart();
    let (ada, keyed) = (ada.at(service.url()), keyed.at(service.url()));
    let again = keyed.post("/api/v1/workspaces/", &body).await;
    assert_eq!(again.ok(), first.ok());
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("content-type"), "application/json");
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    let list = ada.get("/api/v1/workspaces/").await.ok();
    assert_eq!(list.as_array().unwrap().len(), 1);

    for (path, body) in [
        ("/api/v1/workspaces/", json!({"name": "Twice"})),
        ("/api/v1/workspaces/?x", body.clone()),
        ("/api/v1/issues/analyze", json!({"issue_ids": ["1"]})),
    ] {
        let (status, code, _) = keyed.post(path, &body).await.problem();
        assert_eq!((status, &*code), (422, "idempotency_key_reused"), "{path}");
    }
    let bob = service.client().registered("bob").await;
    let bobs = bob.with("idempotency-key", "a-new-key");
    bobs.post("/api/v1/workspaces/", &json!({"name": "Bob's"}))
        .await
        .ok();
}

#[tokio::test]
async fn an_accepted_analysis_is_answered_alike_and_one_that_was_refused_may_be_put_right() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let issue = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{issue}/analyze");
    let keyed = ada
        .with("idempotency-key", "k1")
        .with("prefer", "respond-async");
    let first = keyed.post(&path, &json!({"force": true})).await;
    let again = keyed.post(&path, &json!({"force": true})).await;
    assert_eq!(
        (first.status, again.status),
        (StatusCode::ACCEPTED, StatusCode::ACCEPTED)
    );
    assert_eq!(again.text, first.text);
    for name in ["location", "preference-applied"] {
        assert_eq!(again.header(name), first.header(name));
    }
    let record = ada.get(first.header("location")).await.ok();
    assert_eq!(record["revision"], 1);

    let keyed = ada.with("idempotency-key", "k2");
    assert_eq!(
        keyed.post(&path, &json!({"force": 1})).await.problem().0,
        422
    );
    let right = keyed.post(&path, &json!({"force": true})).await;
    assert_eq!(
        (
            right.ok()["status"].as_str(),
            right.header("idempotency-replayed")
        ),
        (Some("completed"), "")
    );
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out_and_the_others_may_come_again() {
    let service = Service::start(&[]);
    let ada = service.client().registered("ada").await;
    let keyed = ada.with("idempotency-key", "at-once");
    let body = json!({"name": "Once"});
    let answers = join_all((0..12).map(|_| keyed.post("/api/v1/workspaces/", &body))).await;
    for answer in &answers {
        if answer.status == StatusCode::CONFLICT {
            assert_eq!(answer.problem().1, "request_in_progress");
            assert_eq!(answer.header("retry-after"), "1");
        } else {
            answer.ok();
        }
    }
    let list = ada.get("/api/v1/workspaces/").await.ok();
    assert_eq!(list.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_looked_at_where_it_means_something() {
    let service = Service::start(&[]);
    let ada = service.client().registered("ada").await;
    for bad in ["", "a key", &"x".repeat(256)] {
        let keyed = ada.with("idempotency-key", bad);
        let answer = keyed
            .post("/api/v1/workspaces/", &json!({"name": "X"}))
            .await;
        assert_eq!(answer.problem().1, "invalid_idempotency_key", "{bad:?}");
    }
    let keyed = ada.with("idempotency-key", "k");
    keyed.get("/api/v1/auth/me").await.ok();
    let (garbage, body) = (keyed.bearer("garbage"), json!({"name": "X"}));
    let answer = garbage.post("/api/v1/workspaces/", &body).await;
    assert_eq!(answer.problem().1, "invalid_token");
    let nobody = service.client().with("idempotency-key", "k");
    let login = json!({"username": "ada", "password": "correct horse"});
    for _ in 0..2 {
        let answer = nobody.post("/api/v1/auth/login", &login).await;
        assert_eq!(answer.header("idempotency-replayed"), "");
        answer.ok();
    }
    let large = json!({"name": "x".repeat(2_000_000)});
    assert_eq!(
        keyed.post("/api/v1/workspaces/", &large).await.problem().0,
        413
    );
}

#[tokio::test]
async fn kept_answers_are_sealed() {
    if !in_a_file("kept answers are sealed") {
        return;
    }
    let service = Service::start(&[]);
    let ada = service.client().registered("ada").await;
    let keyed = ada.with("idempotency-key", "sealed");
    let body = json!({"name": "needle-in-the-answer", "description": "x"});
    keyed.post("/api/v1/workspaces/", &body).await.ok();
    let id = ada.get("/api/v1/workspaces/").await.ok()[0]["id"].clone();
    ada.put("/api/v1/workspaces/current", &json!({"name": "other"}))
        .await
        .ok();
    let again = keyed.post("/api/v1/workspaces/", &body).await.ok();
    assert_eq!(again["workspace"]["name"], "needle-in-the-answer");
    assert_eq!(again["workspace"]["id"], id);
    let stored = std::fs::read(service.folder().join("data/explainer.db")).unwrap();
    let wal = std::fs::read(service.folder().join("data/explainer.db-wal")).unwrap_or_default();
    let stored = String::from_utf8_lossy(&[stored, wal].concat()).into_owned();
    assert!(
        stored.contains("needle-in-the-answer"),
        "the workspace itself"
    );
    assert!(
        !stored.contains("Workspace created"),
        "an answer lies in the open"
    );
}
