//! The OpenAPI document that is checked in is the one the service serves.

use std::{fs, path::Path};

use crate::support::Service;

const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/openapi.json");

#[tokio::test]
async fn the_document_is_checked_in() {
    let service = Service::start(&[]);
    let served = service.client().get("/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    let printed = Service::command(service.folder())
        .arg("openapi")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), served.text);
    let checked_in = fs::read_to_string(Path::new(CHECKED_IN)).unwrap_or_default();
    assert!(
        checked_in == served.text,
        "config/openapi.json is not what the service serves; run `cargo run -- openapi > config/openapi.json`"
    );
}

#[tokio::test]
async fn every_operation_says_what_it_is_and_how_it_fails() {
    let service = Service::start(&[]);
    let document = service.client().get("/openapi.json").await.ok();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{what} has no summary");
            assert!(
                operation["operationId"].is_string(),
                "{what} has no operationId"
            );
            let open = [
                "/",
                "/health",
                "/api/v1/health",
                "/api/v1/auth/register",
                "/api/v1/auth/login",
                "/api/v1/auth/refresh",
            ];
            let closed = !open.contains(&path.as_str());
            assert_eq!(
                operation["security"].is_array(),
                closed,
                "{what}: who may call it"
            );
            let infallible = ["/", "/health", "/api/v1/health"].contains(&path.as_str());
            if !infallible {
                let problem =
                    &operation["responses"]["default"]["content"]["application/problem+json"];
                assert!(problem.is_object(), "{what} does not say how it fails");
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{what}: {parameter}");
            }
        }
    }
}
