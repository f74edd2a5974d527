//! `/users`: what administrators do with accounts.

use serde_json::json;

use crate::support::Service;

#[tokio::test]
async fn administrators_see_everybody_a_page_at_a_time_and_nobody_else_does() {
    let service = Service::start(&[]);
    let admin = service.client().registered("admin").await;
    let bob = service.client().registered("bob").await;
    service.client().registered("eve").await;
    assert_eq!(
        bob.get("/api/v1/users").await.problem().1,
        "not_administrator"
    );
    let first = admin.get("/api/v1/users?limit=2").await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/users?limit=2&cursor={cursor}");
    let second = admin.get(&path).await.ok();
    assert_eq!(second["next_cursor"], json!(null));
    let pages = [&first["users"], &second["users"]];
    let names = pages.map(|page| page.as_array().unwrap().clone()).concat();
    let names: Vec<_> = names
        .iter()
        .map(|user| user["username"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["admin", "bob", "eve"],
        "in the order they were made"
    );
    assert_eq!(
        admin.get("/api/v1/users?cursor=a%20b").await.problem().0,
        422
    );
}

#[tokio::test]
async fn an_account_is_disabled_at_once_and_has_to_log_in_again_when_it_is_enabled() {
    let service = Service::start(&[]);
    let admin = service.client().registered("admin").await;
    let bob = service.client().registered("bob").await;
    let id = bob.get("/api/v1/auth/me").await.ok()["id"].clone();
    let path = format!("/api/v1/users/{}", id.as_str().unwrap());
    assert_eq!(
        bob.put(&path, &json!({"role": "admin"})).await.problem().1,
        "not_administrator"
    );

    let disabled = admin.put(&path, &json!({"is_active": false})).await.ok();
    assert_eq!(disabled["is_active"], false);
    let login = json!({"username": "bob", "password": "correct horse"});
    let refused = service.client().post("/api/v1/auth/login", &login).await;
    let expected = (
        403,
        "account_disabled".to_owned(),
        "User account is disabled".to_owned(),
    );
    assert_eq!(refused.problem(), expected);
    assert_eq!(bob.get("/api/v1/auth/me").await.problem(), expected);

    admin
        .put(&path, &json!({"is_active": true, "role": "manager"}))
        .await
        .ok();
    assert_eq!(
        bob.get("/api/v1/auth/me").await.problem().1,
        "invalid_token"
    );
    let again = service
        .client()
        .post("/api/v1/auth/login", &login)
        .await
        .ok();
    assert_eq!(again["user"]["role"], "manager");

    admin
        .put(&path, &json!({"password": "battery staple"}))
        .await
        .ok();
    let again = bob.bearer(again["access_token"].as_str().unwrap());
    assert_eq!(
        again.get("/api/v1/auth/me").await.problem().1,
        "invalid_token"
    );
    let login = json!({"username": "bob", "password": "battery staple"});
    service
        .client()
        .post("/api/v1/auth/login", &login)
        .await
        .ok();
}

#[tokio::test]
async fn nobody_shuts_themselves_out() {
    let service = Service::start(&[]);
    let admin = service.client().registered("admin").await;
    let id = admin.get("/api/v1/auth/me").await.ok()["id"].clone();
    let path = format!("/api/v1/users/{}", id.as_str().unwrap());
    for change in [json!({"role": "developer"}), json!({"is_active": false})] {
        assert_eq!(admin.put(&path, &change).await.problem().1, "own_account");
    }
    let nobody = admin
        .put("/api/v1/users/nobody", &json!({"is_active": false}))
        .await;
    assert_eq!(nobody.problem().1, "user_not_found");
    assert_eq!(
        admin
            .put("/api/v1/users/nobody", &json!({}))
            .await
            .problem()
            .0,
        400
    );
}
