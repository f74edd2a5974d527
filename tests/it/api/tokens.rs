//! `/auth/tokens`: personal access tokens.

use serde_json::json;

use crate::support::Service;

const TOKENS: &str = "/api/v1/auth/tokens";

#[tokio::test]
async fn a_personal_token_is_shown_once_and_works_until_it_is_deleted() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let new = json!({"name": " Nightly ", "scope": "write", "days": 30});
    let made = ada.post(TOKENS, &new).await.ok();
    let secret = made["token"].as_str().unwrap();
    assert!(
        secret.starts_with("iexp_") && secret.len() == 48,
        "{secret}"
    );
    let listed = ada.get(TOKENS).await;
    assert!(!listed.text.contains(secret));
    let listed = listed.ok();
    assert_eq!(listed[0]["name"], "Nightly");
    assert_eq!(listed[0]["id"], made["id"]);

    let script = service.client().bearer(secret);
    assert_eq!(script.issue_ids().await.len(), ada.issue_ids().await.len());
    let path = format!("{TOKENS}/{}", made["id"].as_str().unwrap());
    let bob = service.client().registered("bob").await;
    assert_eq!(bob.delete(&path).await.problem().1, "token_not_found");
    ada.delete(&path).await.ok();
    assert_eq!(ada.delete(&path).await.problem().1, "token_not_found");
    assert_eq!(
        script.get("/api/v1/auth/me").await.problem().1,
        "invalid_token"
    );
    for hostile in ["iexp_", "iexp_x", "IEXP_", &format!("{secret}x")] {
        let client = service.client().bearer(hostile);
        assert_eq!(client.get("/api/v1/auth/me").await.problem().0, 401);
    }
}

#[tokio::test]
async fn a_token_may_do_what_its_scope_says_and_no_more() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let of = async |scope: &str| {
        let new = json!({"name": scope, "scope": scope, "days": 1});
        let made = ada.post(TOKENS, &new).await.ok();
        service.client().bearer(made["token"].as_str().unwrap())
    };
    let (read, write, admin) = (of("read").await, of("write").await, of("admin").await);
    let issue = read.issue_ids().await.remove(0);
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    let settings = json!({"auto_analyze": true});
    let refused = read.post(&analyze, &json!({})).await;
    assert_eq!(refused.problem().1, "scope_too_narrow");
    write.post(&analyze, &json!({})).await.ok();
    for client in [&read, &write] {
        let refused = client.put("/api/v1/settings", &settings).await;
        assert_eq!(refused.problem().1, "scope_too_narrow");
        let new = json!({"name": "more", "scope": "admin", "days": 1});
        assert_eq!(
            client.post(TOKENS, &new).await.problem().1,
            "scope_too_narrow"
        );
        let workspace = client
            .post("/api/v1/workspaces", &json!({"name": "x"}))
            .await;
        assert_eq!(workspace.problem().1, "scope_too_narrow");
        assert_eq!(
            client.get("/api/v1/users").await.problem().1,
            "scope_too_narrow"
        );
    }
    admin.put("/api/v1/settings", &settings).await.ok();
    // A token can be thrown away with itself.
    read.post("/api/v1/auth/logout", &json!({})).await.ok();
    assert_eq!(read.get("/api/v1/auth/me").await.problem().0, 401);
    write.get("/api/v1/auth/me").await.ok();
}

#[tokio::test]
async fn tokens_are_bounded_in_number_and_in_time() {
    let service = Service::start(&[]);
    let ada = service.client().registered("ada").await;
    for days in [0, 367] {
        let new = json!({"name": "x", "scope": "read", "days": days});
        assert_eq!(ada.post(TOKENS, &new).await.problem().0, 422);
    }
    let new = json!({"name": "x", "scope": "read", "days": 1});
    for _ in 0..50 {
        ada.post(TOKENS, &new).await.ok();
    }
    let (status, code, detail) = ada.post(TOKENS, &new).await.problem();
    assert_eq!((status, &*code), (409, "too_many"), "{detail}");
}
