//! `/workspaces` and `/settings`.

use serde_json::{Value, json};

use crate::support::Service;

#[tokio::test]
async fn without_a_workspace_one_is_told_to_make_one() {
    let service = Service::start(&[]);
    let ada = service.client().registered("ada").await;
    let text = "No workspace found. Please create a workspace first.";
    let expected = |status| (status, "no_workspace".to_owned(), text.to_owned());
    assert_eq!(
        ada.get("/api/v1/workspaces/current").await.problem(),
        expected(404)
    );
    for path in [
        "issues/",
        "issues/projects",
        "issues/x",
        "issues/processed/",
        "settings/",
    ] {
        assert_eq!(
            ada.get(&format!("/api/v1/{path}")).await.problem(),
            expected(400),
            "{path}"
        );
    }
    assert_eq!(ada.get("/api/v1/workspaces/").await.ok(), json!([]));
}

#[tokio::test]
async fn who_makes_a_workspace_owns_it_and_works_in_it() {
    let service = Service::start(&[]);
    let ada = service.client().registered("ada").await;
    let me = ada.get("/api/v1/auth/me").await.ok();
    let body = json!({"name": "  Payments  ", "description": "money"});
    let made = ada.post("/api/v1/workspaces/", &body).await.ok();
    assert_eq!(made["message"], "Workspace created successfully");
    let workspace = &made["workspace"];
    assert_eq!(workspace["name"], "Payments");
    assert_eq!(workspace["owner_id"], me["id"]);
    for secret in [
        "sentry_api_token",
        "sentry_organization",
        "sentry_test_dsn",
        "openai_api_key",
    ] {
        assert!(workspace[secret].is_null() && workspace.as_object().unwrap().contains_key(secret));
    }
    let settings = json!({"openai_model": null, "auto_analyze": false, "notification_email": null,
        "auto_analyze_only": {"min_level": null, "min_priority": null, "min_count": 0, "projects": []},
        "write_back": false});
    for (name, value) in settings.as_object().unwrap() {
        assert_eq!(&workspace["settings"][name], value, "{name}");
    }
    assert_eq!(ada.get("/api/v1/workspaces/current").await.ok(), *workspace);
    assert_eq!(ada.get("/api/v1/workspaces").await.ok(), json!([workspace]));
    let me = ada.get("/api/v1/auth/me").await.ok();
    assert_eq!(me["workspace_id"], workspace["id"]);
}

#[tokio::test]
async fn a_secret_is_never_shown_again() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let secrets = json!({
        "sentry_api_token": "sntryu_0123456789", "sentry_organization": "acme",
        "sentry_test_dsn": "https://0123456789abcdef@o1.ingest.example.com/42",
        "openai_api_key": "sk-0123456789",
    });
    let answer = ada.put("/api/v1/workspaces/current", &secrets).await.ok();
    assert_eq!(answer, json!({"message": "Workspace updated successfully"}));
    let shown = ada.get("/api/v1/workspaces/current").await.ok();
    assert_eq!(shown["sentry_api_token"], "***");
    assert_eq!(shown["sentry_organization"], "acme");
    assert_eq!(
        shown["sentry_test_dsn"],
        "https://***@o1.ingest.example.com/42"
    );
    assert_eq!(shown["openai_api_key"], "***");

    // What was shown can be sent back without harm, and an empty text clears.
    let back = json!({
        "name": "New name", "sentry_api_token": "***", "openai_api_key": "",
        "sentry_test_dsn": shown["sentry_test_dsn"],
    });
    ada.put("/api/v1/workspaces/current", &back).await.ok();
    let shown = ada.get("/api/v1/workspaces/current").await.ok();
    assert_eq!(
        (&shown["name"], &shown["sentry_api_token"]),
        (&json!("New name"), &json!("***"))
    );
    assert_eq!(shown["openai_api_key"], Value::Null);

    let hidden = ["sntryu_0123456789", "0123456789abcdef", "sk-0123456789"];
    for secret in hidden {
        assert!(!service.log().contains(secret), "{secret} in the log");
        for entry in std::fs::read_dir(service.folder().join("data")).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} in {}", path.display());
        }
    }
}

#[tokio::test]
async fn an_update_of_nothing_is_refused() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let expected = (
        400,
        "nothing_to_update".to_owned(),
        "No valid fields to update".to_owned(),
    );
    for path in ["/api/v1/workspaces/current", "/api/v1/settings/"] {
        assert_eq!(
            ada.put(path, &json!({"unknown": 1})).await.problem(),
            expected
        );
    }
    let too_long = json!({"name": "x".repeat(101)});
    assert_eq!(
        ada.put("/api/v1/workspaces/current", &too_long)
            .await
            .problem()
            .0,
        422
    );
}

#[tokio::test]
async fn nobody_sees_the_workspace_of_another() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let bob = service.client().with_workspace("bob").await;
    let of = async |client: &crate::support::Client| client.get("/api/v1/workspaces/").await.ok();
    assert_eq!(of(&ada).await.as_array().unwrap().len(), 1);
    assert_ne!(of(&ada).await, of(&bob).await);
}

#[tokio::test]
async fn settings_are_kept() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let change = json!({"auto_analyze": true, "notification_email": "team@example.com", "openai_model": "gpt-x"});
    let answer = ada.put("/api/v1/settings/", &change).await.ok();
    assert_eq!(
        answer,
        json!({"message": "Settings updated successfully", "updated": true})
    );
    let kept = ada.get("/api/v1/settings/").await.ok();
    for (name, value) in change.as_object().unwrap() {
        assert_eq!(&kept[name], value, "{name}");
    }
    let again = ada.put("/api/v1/settings/", &change).await.ok();
    assert_eq!(again["updated"], false);
    let cleared = ada
        .put("/api/v1/settings/", &json!({"openai_model": ""}))
        .await
        .ok();
    assert_eq!(cleared["updated"], true);
    assert_eq!(
        ada.get("/api/v1/settings").await.ok()["openai_model"],
        Value::Null
    );
    let bad = ada
        .put(
            "/api/v1/settings/",
            &json!({"notification_email": "nobody"}),
        )
        .await;
    assert_eq!(bad.json()["errors"][0]["field"], "notification_email");
}
