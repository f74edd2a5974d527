//! Sentry as the source, from end to end: the built service on one side, a server that answers like
//! Sentry's API on the other.

use serde_json::{Value, json};

use crate::{
    replay::{Answer, ORGANIZATION, ReplaySentry, TOKEN},
    support::{Client, Service},
};

/// A service whose operator named `server`, and somebody whose workspace has a token for it.
async fn connected(server: &ReplaySentry) -> (Service, Client) {
    let service = Service::start(&[("SENTRY_BASE_URL", &server.url())]);
    let ada = service.client().with_workspace("ada").await;
    let body = json!({"sentry_api_token": TOKEN, "sentry_organization": ORGANIZATION});
    ada.put("/api/v1/workspaces/current", &body).await.ok();
    (service, ada)
}

#[tokio::test]
async fn issues_are_listed_read_and_explained() {
    let server = ReplaySentry::start();
    let (_service, ada) = connected(&server).await;
    let projects = ada.get("/api/v1/issues/projects").await.ok();
    assert_eq!(projects[0]["slug"], "shop");

    let first = ada.get("/api/v1/issues/?limit=2").await.ok();
    assert_eq!(first["issues"][0]["id"], "1005");
    assert_eq!(first["issues"][0]["userCount"], 31);
    assert_eq!(first["pagination"]["has_next"], true);
    assert!(first["pagination"]["prev_cursor"].is_null());
    let cursor = first["pagination"]["next_cursor"].as_str().unwrap();
    let second = ada
        .get(&format!("/api/v1/issues/?limit=2&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(second["issues"][0]["id"], "1003");
    for project in ["12", "till"] {
        let of = ada
            .get(&format!("/api/v1/issues/?project_id={project}"))
            .await
            .ok();
        assert_eq!(of["issues"].as_array().unwrap().len(), 1, "{project}");
    }

    let issue = ada.get("/api/v1/issues/1001").await.ok();
    assert_eq!(issue["sentry_issue"]["tags"]["browser"], "Firefox 147");
    let done = ada
        .post("/api/v1/issues/1001/analyze", &json!({}))
        .await
        .ok();
    assert_eq!(done["status"], "completed");
    let spoken = done["analysis"].to_string();
    assert!(
        spoken.contains("price") && spoken.contains("app/cart.py"),
        "{spoken}"
    );
    let processed = ada.get("/api/v1/issues/1001").await.ok();
    assert_eq!(processed["processed_issue"]["status"], "completed");
}

#[tokio::test]
async fn refusals_of_sentry_reach_the_client_as_what_they_are() {
    let server = ReplaySentry::start();
    let (_service, ada) = connected(&server).await;
    let detail = |status, detail: &str| Answer::json(status, &json!({ "detail": detail }));
    for (answer, status, code) in [
        (detail(401, "Invalid token"), 400, "source_unauthorized"),
        (detail(403, "no"), 400, "source_unauthorized"),
        (
            detail(404, "The requested resource does not exist"),
            400,
            "source_not_found",
        ),
        (
            detail(400, "Error parsing search query"),
            400,
            "source_refused",
        ),
        (
            detail(429, "too frequently").with("retry-after", "17"),
            503,
            "source_rate_limited",
        ),
        (detail(500, "Internal Error"), 502, "source_unavailable"),
        (detail(408, "slow"), 504, "source_timeout"),
        (
            Answer {
                status: 200,
                body: b"<html>".to_vec(),
                ..Answer::default()
            },
            502,
            "source_failed",
        ),
    ] {
        server.upset("/issues/", answer);
        let answer = ada.get("/api/v1/issues/").await;
        let (found, named, _) = answer.problem();
        assert_eq!((found, named.as_str()), (status, code), "{}", answer.text);
        assert!(!answer.text.contains(TOKEN));
        if status == 503 {
            assert_eq!(answer.header("retry-after"), "17");
        }
    }
    let unknown = ada.get("/api/v1/issues/4040404").await.problem();
    assert_eq!((unknown.0, unknown.2.as_str()), (404, "Issue not found"));
    server.upset("/4040405/", detail(500, "Internal Error"));
    let (status, ..) = ada.get("/api/v1/issues/4040405").await.problem();
    assert_eq!(status, 502, "a failure is not a 404");
}

#[tokio::test]
async fn a_connection_is_tried_before_it_is_kept() {
    let server = ReplaySentry::start();
    let service = Service::start(&[("SENTRY_BASE_URL", &server.url())]);
    let ada = service.client().with_workspace("ada").await;
    let test = async |body: &Value| ada.post("/api/v1/workspaces/test-sentry", body).await;
    let nothing = test(&json!({})).await.problem();
    assert_eq!(
        (nothing.0, nothing.1.as_str()),
        (400, "source_not_configured")
    );

    let good = json!({"sentry_api_token": TOKEN, "sentry_organization": ORGANIZATION});
    let tested = test(&good).await.ok();
    let message = "Successfully connected to Sentry. Found 2 projects.";
    assert_eq!(tested["message"], message);
    assert_eq!(tested["organization"]["name"], "Acme Inc.");
    assert_eq!(
        (&tested["projects_count"], &tested["connected"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(tested["projects"][1], json!({"id": "12", "name": "Till"}));

    ada.put("/api/v1/workspaces/current", &good).await.ok();
    let kept = json!({"sentry_api_token": "***", "sentry_organization": null});
    assert_eq!(test(&kept).await.ok()["message"], message);
    for (change, code) in [
        (json!({"sentry_api_token": "wrong"}), "unauthorized"),
        (json!({"sentry_organization": "nobody"}), "not_found"),
        (json!({"sentry_organization": "no slug"}), "api_error"),
        (
            json!({"sentry_base_url": "http://169.254.169.254/"}),
            "api_error",
        ),
    ] {
        let tested = test(&change).await.ok();
        assert_eq!(tested["error_code"], code, "{tested}");
        assert_eq!(tested["connected"], false);
        assert!(tested.get("projects").is_none());
    }
    for (answer, code) in [
        (Answer::json(403, &json!({"detail": "no"})), "unauthorized"),
        (Answer::json(500, &json!({})), "api_error"),
        (Answer::json(408, &json!({})), "timeout"),
    ] {
        server.upset("/acme/", answer.clone());
        // A token of its own, so that nothing kept of the one before is used.
        let fresh = json!({"sentry_api_token": format!("{TOKEN}{code}")});
        assert_eq!(test(&fresh).await.ok()["error_code"], code, "{answer:?}");
    }
    drop(server);
    let fresh = json!({"sentry_api_token": "another"});
    assert_eq!(test(&fresh).await.ok()["error_code"], "connection_error");
}

#[tokio::test]
async fn an_address_of_a_workspaces_own_is_checked_before_it_is_kept() {
    let server = ReplaySentry::start();
    let put = async |service: &Service, name: &str, address: &str| {
        let body = json!({"sentry_base_url": address, "sentry_api_token": TOKEN,
            "sentry_organization": ORGANIZATION});
        let client = service.client().with_workspace(name).await;
        let answer = client.put("/api/v1/workspaces/current", &body).await;
        (client, answer)
    };
    let service = Service::start(&[]);
    for (number, address) in [
        "http://169.254.169.254/",
        "http://[::1]/",
        "file:///etc/passwd",
        "https://me:secret@sentry.example.com",
        "http://sentry.example.com",
        &server.url(),
    ]
    .into_iter()
    .enumerate()
    {
        let (client, answer) = put(&service, &format!("user{number}"), address).await;
        let (status, code, detail) = answer.problem();
        assert_eq!((status, code.as_str()), (422, "invalid_field"), "{address}");
        assert!(
            detail.starts_with("sentry_base_url: could not use"),
            "{detail}"
        );
        let kept = client.get("/api/v1/workspaces/current").await.ok();
        assert!(kept["sentry_base_url"].is_null() && kept["sentry_api_token"].is_null());
    }

    let permissive = Service::start(&[("EXPLAINER__OUTBOUND__PRIVATE_NETWORKS", "true")]);
    let (client, answer) = put(&permissive, "ada", &server.url()).await;
    answer.ok();
    assert_eq!(client.issue_ids().await.len(), 5);
    let elsewhere = "http://127.0.0.1:9/elsewhere";
    server.upset(
        "/issues/",
        Answer::json(302, &json!({})).with("location", elsewhere),
    );
    let (status, _, detail) = client.get("/api/v1/issues/?limit=7").await.problem();
    assert_eq!(status, 400);
    assert!(detail.contains("redirects"), "{detail}");
    let (_, answer) = put(&permissive, "bob", "http://169.254.169.254/").await;
    assert_eq!(answer.problem().0, 422);
}

#[tokio::test]
async fn the_operators_sentry_serves_workspaces_that_set_nothing() {
    let server = ReplaySentry::start();
    let service = Service::start(&[
        ("SENTRY_BASE_URL", &server.url()),
        ("SENTRY_API_TOKEN", TOKEN),
        ("SENTRY_ORG_SLUG", ORGANIZATION),
    ]);
    let ada = service.client().with_workspace("ada").await;
    assert_eq!(ada.issue_ids().await.len(), 5);
    let organization = json!({"sentry_organization": "other"});
    ada.put("/api/v1/workspaces/current", &organization)
        .await
        .ok();
    let listed = ada.issue_ids().await;
    assert_eq!(
        listed.len(),
        5,
        "the operator's token reads the operator's organisation"
    );
    let token = json!({"sentry_api_token": "wrong"});
    ada.put("/api/v1/workspaces/current", &token).await.ok();
    assert_eq!(ada.get("/api/v1/issues/").await.problem().0, 400);
    assert!(!service.log().contains(TOKEN));
}
