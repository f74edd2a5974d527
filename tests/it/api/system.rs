//! `/`, `/health` and the pages about the API.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::Service;

#[tokio::test]
async fn a_sign_of_life() {
    let service = Service::start(&[]);
    for path in ["/health", "/health/", "/api/v1/health"] {
        assert_eq!(
            service.client().get(path).await.ok(),
            json!({"status": "healthy"})
        );
        let head = service.client().raw(Method::HEAD, path, "").await;
        assert_eq!((head.status, &*head.text), (StatusCode::OK, ""));
    }
}

#[tokio::test]
async fn the_root_says_what_this_is() {
    let service = Service::start(&[]);
    let about = service.client().get("/").await.ok();
    assert_eq!(about["status"], "running");
    for path in about["endpoints"].as_object().unwrap().values() {
        let path = path.as_str().unwrap();
        if path != "/api/v1" {
            assert_eq!(
                service.client().get(path).await.status,
                StatusCode::OK,
                "{path}"
            );
        }
    }
    let page = service
        .client()
        .with("accept", "text/html,*/*;q=0.8")
        .get("/")
        .await;
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{}",
        page.header("content-type")
    );
}

#[tokio::test]
async fn the_pages_load_nothing_from_elsewhere() {
    let service = Service::start(&[]);
    for path in ["/", "/docs", "/redoc"] {
        let page = service.client().with("accept", "text/html").get(path).await;
        assert_eq!(page.status, StatusCode::OK);
        if path != "/" {
            let shown = page.text.contains("/api/v1/issues/{issue_id}/analyze");
            assert!(shown, "{path} does not hold the document");
        }
        for marker in [
            "src=\"http",
            "src='http",
            "href=\"http",
            "@import",
            "url(http",
            "url(//",
            "src=\"//",
            "href=\"//",
        ] {
            let found = page
                .text
                .find(marker)
                .map(|at| page.text[at..].chars().take(120).collect::<String>());
            assert_eq!(found, None, "{path}");
        }
    }
}

#[tokio::test]
async fn it_stops_when_it_is_asked_to() {
    let mut service = Service::start(&[]);
    service.client().get("/health").await.ok();
    assert!(service.terminate());
    assert!(service.log().contains("stopping"));
}
