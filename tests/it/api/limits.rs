//! How much may be asked, and what browsers may do with an answer.

use std::time::Duration;

use futures::future::try_join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{Service, in_a_file};

#[tokio::test]
async fn a_token_has_so_many_requests_in_a_minute() {
    let service = Service::start(&[("EXPLAINER__SERVER__REQUESTS_PER_MINUTE", "3")]);
    let ada = service.client().registered("ada").await;
    for left in [2, 1, 0] {
        let answer = ada.get("/api/v1/auth/me").await;
        answer.ok();
        assert_eq!(answer.header("ratelimit-policy"), "\"token\";q=3;w=60");
        let standing = answer.header("ratelimit");
        assert!(
            standing.starts_with(&format!("\"token\";r={left};t=")),
            "{standing}"
        );
    }
    let answer = ada.get("/api/v1/auth/me").await;
    assert_eq!(answer.problem().1, "rate_limited");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(answer.header("ratelimit").starts_with("\"token\";r=0;"));
    let other = service.client().registered("bob").await;
    other.get("/api/v1/auth/me").await.ok();
    let health = service.client().get("/health").await;
    assert_eq!(
        (health.status, health.header("ratelimit")),
        (StatusCode::OK, "")
    );
}

#[tokio::test]
async fn headers_and_addresses_have_a_size() {
    let service = Service::start(&[]);
    let client = service.client();
    let large = client.with("x-large", &"x".repeat(20_000));
    assert_eq!(large.get("/health").await.problem().0, 431);
    let long = format!("/health?{}", "x".repeat(9000));
    assert_eq!(client.get(&long).await.problem().0, 414);
    let fits = client.with("x-large", &"x".repeat(10_000));
    fits.get("/health").await.ok();
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_not_waited_for_and_waiting_for_an_analysis_is() {
    let service = Service::start(&[("EXPLAINER__SERVER__REQUEST_SECONDS", "1")]);
    let address = service.url().strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = timeout(Duration::from_secs(10), slow.read(&mut answer));
    let read = read.await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(
        answer.contains("request_timeout") && answer.contains("retry-after: 1"),
        "{answer}"
    );
}

#[tokio::test]
async fn every_answer_tells_browsers_what_not_to_do_with_it() {
    let service = Service::start(&[]);
    let client = service.client();
    for (method, path) in [
        (Method::GET, "/health"),
        (Method::GET, "/nope"),
        (Method::GET, "/docs"),
        (Method::GET, "/redoc"),
        (Method::GET, "/openapi.json"),
        (Method::POST, "/api/v1/auth/login"),
        (Method::GET, "/api/v1/analyses"),
    ] {
        let answer = client.with("accept", "*/*").raw(method, path, "").await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        let is_page = answer.header("content-type").starts_with("text/html");
        assert_eq!(policy.contains("script-src"), is_page, "{path}: {policy}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_what_it_needs_to_go_on() {
    let service = Service::start(&[("ALLOWED_ORIGINS", "https://app.example.com")]);
    let app = service.client().with("origin", "https://app.example.com");
    let answer = app.get("/health").await;
    let exposed = answer.header("access-control-expose-headers");
    for name in ["etag", "link", "ratelimit", "retry-after", "location"] {
        assert!(
            exposed.split(", ").any(|it| it == name),
            "{name} in {exposed}"
        );
    }
    let asks = app.with("access-control-request-method", "POST");
    let answer = asks
        .raw(Method::OPTIONS, "/api/v1/issues/analyze", "")
        .await;
    let taken = answer.header("access-control-allow-headers");
    for name in ["authorization", "idempotency-key", "if-none-match"] {
        assert!(taken.split(", ").any(|it| it == name), "{name} in {taken}");
    }
}

#[tokio::test]
async fn those_who_wait_for_an_analysis_leave_room_for_others() {
    if !in_a_file("those who wait for an analysis leave room for others") {
        return;
    }
    let waits = [
        ("EXPLAINER__SERVER__CONCURRENT_REQUESTS", "2"),
        ("EXPLAINER__SERVER__REQUEST_SECONDS", "1"),
        ("ANALYZE_WAIT_SECONDS", "3"),
    ];
    let service = Service::start(&waits);
    let ada = service.client().with_workspace("ada").await;
    let replica = super::watching::Replica::working(&service, &ada).await;
    let path = ada.get(&replica.path()).await.ok();
    let path = format!(
        "/api/v1/issues/{}/analyze",
        path["issue"]["id"].as_str().unwrap()
    );
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let (ada, path) = (ada.clone(), path.clone());
        waiting.push(tokio::spawn(
            async move { ada.post(&path, &json!({})).await },
        ));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ada.get("/api/v1/issues/").await.ok();
    for waited in waiting {
        let answer = waited.await.unwrap();
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    }
}

/// As many as come when a gateway before it starts anew.
#[tokio::test]
async fn a_burst_of_clients_waits_until_it_is_taken() {
    let service = Service::start(&[]);
    let address = service.url().strip_prefix("http://").unwrap();
    service.signal("-STOP");
    let burst = (0..300).map(|_| TcpStream::connect(address));
    let connected = timeout(Duration::from_secs(30), try_join_all(burst)).await;
    service.signal("-CONT");
    let connected = connected
        .expect("the system keeps 300 connections in wait")
        .unwrap();
    for mut stream in connected {
        let head = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(head).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
