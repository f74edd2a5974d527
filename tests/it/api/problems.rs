//! Every error is a problem, whoever makes it.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::Service;

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let service = Service::start(&[]);
    let client = service.client();
    let (status, code, _) = client.get("/nope").await.problem();
    assert_eq!((status, &*code), (404, "no_such_path"));
    let answer = client.raw(Method::PATCH, "/api/v1/auth/login", "").await;
    assert_eq!(answer.problem().0, 405);
    assert_eq!(answer.header("allow"), "POST");
    let answer = client.raw(Method::DELETE, "/health", "").await;
    assert_eq!(answer.header("allow"), "GET, HEAD");
    assert_eq!(answer.json()["instance"], "/health");
}

#[tokio::test]
async fn a_body_that_may_be_left_out_is_nothing_or_null_and_json_otherwise() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let issue = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{issue}/analyze");
    let typed = ada.with("content-type", "application/json");
    for nothing in ["", "null", " null "] {
        typed.raw(Method::POST, &path, nothing).await.ok();
    }
    for garbage in [" ", "\n\t", "{"] {
        let (status, code, _) = typed.raw(Method::POST, &path, garbage).await.problem();
        assert_eq!((status, &*code), (400, "not_json"), "{garbage:?}");
    }
}

#[tokio::test]
async fn bodies_are_json_and_not_too_large() {
    let service = Service::start(&[("EXPLAINER__SERVER__BODY_LIMIT_KIB", "4")]);
    let client = service.client();
    let path = "/api/v1/auth/login";
    let typed = client.with("content-type", "application/json");
    assert_eq!(typed.raw(Method::POST, path, "").await.problem().0, 400);
    assert_eq!(
        typed.raw(Method::POST, path, "{\"a\":").await.problem().1,
        "not_json"
    );
    assert_eq!(
        typed
            .raw(Method::POST, path, vec![0xff, 0xfe])
            .await
            .problem()
            .1,
        "not_json"
    );
    assert_eq!(
        typed
            .raw(Method::POST, path, "[".repeat(4000))
            .await
            .problem()
            .0,
        400
    );
    assert_eq!(client.raw(Method::POST, path, "{}").await.problem().0, 415);
    let text = client.with("content-type", "text/plain");
    assert_eq!(
        text.raw(Method::POST, path, "{}").await.problem().1,
        "unsupported_media_type"
    );

    let large = json!({"username": "x".repeat(5000), "password": "secret"}).to_string();
    assert_eq!(
        typed
            .raw(Method::POST, path, large.clone())
            .await
            .problem()
            .0,
        413
    );
    let in_pieces = futures::stream::iter(
        large
            .into_bytes()
            .chunks(100)
            .map(|it| Ok::<_, std::io::Error>(it.to_vec()))
            .collect::<Vec<_>>(),
    );
    let answer = typed
        .raw(Method::POST, path, reqwest::Body::wrap_stream(in_pieces))
        .await;
    assert_eq!(answer.problem().0, 413);
}

#[tokio::test]
async fn an_error_can_be_traced_by_its_request_id() {
    let service = Service::start(&[]);
    let client = service.client();
    let answer = client.with("x-request-id", "my-id.1").get("/nope").await;
    assert_eq!(answer.header("x-request-id"), "my-id.1");
    for bad in ["has space", "a;b", &"x".repeat(65)] {
        let given = client.with("x-request-id", bad).get("/nope").await;
        assert_ne!(given.header("x-request-id"), bad);
        assert!(!given.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn only_listed_origins_may_read_answers() {
    let service = Service::start(&[(
        "ALLOWED_ORIGINS",
        "https://app.example.com,http://127.0.0.1:3000",
    )]);
    let client = service.client();
    let listed = client.with("origin", "https://app.example.com");
    let answer = listed.get("/health").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example.com"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("vary"), "origin");

    let other = client.with("origin", "https://evil.example.com");
    let answer = other.get("/health").await;
    assert_eq!(
        (answer.status, answer.header("access-control-allow-origin")),
        (StatusCode::OK, "")
    );

    let asks = |client: &crate::support::Client| {
        client
            .with("access-control-request-method", "PUT")
            .with("access-control-request-headers", "authorization")
    };
    let answer = asks(&listed)
        .raw(Method::OPTIONS, "/api/v1/settings/", "")
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(
        answer
            .header("access-control-allow-methods")
            .contains("PUT")
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    let answer = asks(&other)
        .raw(Method::OPTIONS, "/api/v1/settings/", "")
        .await;
    assert_eq!(answer.problem().1, "origin_not_allowed");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}
