//! Changing the installation's key without anybody noticing.

use serde_json::json;

use crate::support::Service;

const OLD: &str = "0123456789abcdef0123456789abcdef-old";
const NEW: &str = "0123456789abcdef0123456789abcdef-new";

#[tokio::test]
async fn who_lost_the_key_is_told_so_and_what_to_do() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let sentry = json!({"sentry_api_token": "sntryu_kept", "sentry_organization": "acme"});
    ada.put("/api/v1/workspaces/current", &sentry).await.ok();
    std::fs::remove_file(service.folder().join("data/secret.key")).unwrap();

    let service = service.restart_with(&[]);
    let log = service.log();
    assert!(log.contains("there was no secret.key beside"), "{log}");
    let login = json!({"username": "ada", "password": "correct horse"});
    let login = service.client().post("/api/v1/auth/login", &login).await;
    let ada = service
        .client()
        .bearer(login.ok()["access_token"].as_str().unwrap());
    for asked in [
        ada.get("/api/v1/issues/").await,
        ada.post("/api/v1/issues/1/analyze", &json!({})).await,
        ada.post("/api/v1/workspaces/test-sentry", &json!({})).await,
    ] {
        // What is tried out is answered with 200 and what came of it.
        assert!(asked.status.as_u16() < 500, "{}", asked.text);
        assert!(asked.text.contains("FORMER_SECRET_KEYS"), "{}", asked.text);
    }
}

#[tokio::test]
async fn the_key_is_changed_while_everybody_stays_logged_in_and_nothing_is_lost() {
    let service = Service::start(&[("SECRET_KEY", OLD)]);
    let ada = service.client().with_workspace("ada").await;
    let dsn = json!({"sentry_test_dsn": "https://0123456789abcdef@o1.ingest.example.com/42"});
    ada.put("/api/v1/workspaces/current", &dsn).await.ok();

    let both = [("SECRET_KEY", NEW), ("FORMER_SECRET_KEYS", OLD)];
    let service = service.restart_with(&both);
    let ada = ada.at(service.url());
    let shown = async |client: &crate::support::Client| {
        let workspace = client.get("/api/v1/workspaces/current").await.ok();
        workspace["sentry_test_dsn"].as_str().unwrap().to_owned()
    };
    let masked = "https://***@o1.ingest.example.com/42";
    assert_eq!(shown(&ada).await, masked);
    let login = json!({"username": "ada", "password": "correct horse"});
    let login = service
        .client()
        .post("/api/v1/auth/login", &login)
        .await
        .ok();

    // While the service runs.
    let rotate = || {
        let mut command = Service::command(service.folder());
        let output = command
            .args(["secrets", "rotate"])
            .envs(both)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(rotate().starts_with("1 secrets"));
    assert!(rotate().starts_with("0 secrets"));

    let service = service.restart_with(&[("SECRET_KEY", NEW)]);
    let old = ada.at(service.url()).get("/api/v1/auth/me").await;
    assert_eq!(old.problem().1, "invalid_token", "the old key is gone");
    let ada = service
        .client()
        .bearer(login["access_token"].as_str().unwrap());
    assert_eq!(shown(&ada).await, masked);
}
