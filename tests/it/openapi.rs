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
                "/health/ready",
                "/api/v1/health/ready",
                "/api/v1/auth/register",
                "/api/v1/auth/login",
                "/api/v1/sentry/sentry-status-public",
                "/api/v1/auth/refresh",
                "/api/v1/webhooks/{kind}/{workspace}",
            ];
            let closed = !open.contains(&path.as_str());
            assert_eq!(
                operation["security"].is_array(),
                closed,
                "{what}: who may call it"
            );
            let infallible = path == "/"
                || path.contains("/health")
                || path == "/api/v1/sentry/sentry-status-public";
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

#[tokio::test]
async fn what_a_request_may_leave_out_may_also_be_null() {
    let service = Service::start(&[]);
    let document = service.client().get("/openapi.json").await.ok();
    let mut bodies = 0;
    let paths = document["paths"].as_object().unwrap().iter();
    for (path, operation) in paths.flat_map(|(path, of)| {
        let operations = of.as_object().unwrap().values();
        operations.map(move |operation| (path, operation))
    }) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let named = schema["$ref"].as_str();
        let Some(name) = named.or(schema["anyOf"][0]["$ref"].as_str()) else {
            continue;
        };
        let name = name.rsplit('/').next().unwrap();
        let schema = &document["components"]["schemas"][name];
        let required: Vec<_> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .collect();
        for (field, of) in schema["properties"].as_object().unwrap() {
            let optional = !required.iter().any(|it| *it == field);
            let nullable = of["nullable"] == true || of["allOf"][1]["nullable"] == true;
            assert!(!optional || nullable, "{path}: {name}.{field}");
        }
        bodies += 1;
    }
    assert!(bodies > 5, "only {bodies} bodies were looked at");
}
