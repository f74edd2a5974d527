//! `/auth`.

use serde_json::json;

use crate::support::Service;

#[tokio::test]
async fn who_registers_is_logged_in() {
    let service = Service::start(&[]);
    let account = json!({
        "username": "ada", "email": "ada@example.com", "password": "correct horse",
        "full_name": "Ada", "unknown": {"fields": "are ignored"},
    });
    let user = service
        .client()
        .post("/api/v1/auth/register", &account)
        .await
        .ok();
    assert_eq!(user["token_type"], "bearer");
    for (field, value) in [
        ("username", json!("ada")),
        ("email", json!("ada@example.com")),
        ("full_name", json!("Ada")),
        ("role", json!("admin")),
        ("is_active", json!(true)),
        ("workspace_id", json!(null)),
    ] {
        assert_eq!(user[field], value, "{field}");
    }
    assert!(user["created_at"].as_str().unwrap().ends_with('Z'));
    let token = user["access_token"].as_str().unwrap();
    let me = service
        .client()
        .bearer(token)
        .get("/api/v1/auth/me")
        .await
        .ok();
    assert_eq!(me["id"], user["id"]);
}

#[tokio::test]
async fn the_first_account_is_admin_and_nobody_chooses_their_role() {
    let service = Service::start(&[]);
    let register = async |name: &str| {
        let account = json!({"username": name, "email": format!("{name}@example.com"), "password": "secret", "role": "admin"});
        service
            .client()
            .post("/api/v1/auth/register", &account)
            .await
            .ok()["role"]
            .clone()
    };
    assert_eq!(register("first").await, "admin");
    assert_eq!(register("second").await, "developer");
}

#[tokio::test]
async fn one_logs_in_by_name_or_by_email_in_any_case() {
    let service = Service::start(&[]);
    service.client().registered("Ada").await;
    for login in ["Ada", "ada", " ADA@Example.com "] {
        let body = json!({"username": login, "password": "correct horse"});
        let answer = service
            .client()
            .post("/api/v1/auth/login", &body)
            .await
            .ok();
        assert_eq!(answer["user"]["username"], "Ada", "{login}");
        let token = answer["access_token"].as_str().unwrap();
        let checked = service.client().bearer(token);
        let user = checked
            .post("/api/v1/auth/verify-token", &json!({}))
            .await
            .ok();
        assert_eq!(user, answer["user"]);
    }
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_the_same() {
    let service = Service::start(&[]);
    service.client().registered("ada").await;
    for (name, password) in [
        ("ada", "wrong horse"),
        ("nobody", "correct horse"),
        ("ada", &"x".repeat(1000)),
    ] {
        let body = json!({"username": name, "password": password});
        let answer = service.client().post("/api/v1/auth/login", &body).await;
        let expected = (
            401,
            "wrong_login".to_owned(),
            "Incorrect username or password".to_owned(),
        );
        assert_eq!(answer.problem(), expected);
        assert_eq!(answer.header("www-authenticate"), "");
    }
}

#[tokio::test]
async fn every_byte_of_a_password_counts() {
    let service = Service::start(&[]);
    let long = "x".repeat(80);
    let account =
        json!({"username": "ada", "email": "ada@example.com", "password": format!("{long}1")});
    service
        .client()
        .post("/api/v1/auth/register", &account)
        .await
        .ok();
    let body = json!({"username": "ada", "password": format!("{long}2")});
    assert_eq!(
        service
            .client()
            .post("/api/v1/auth/login", &body)
            .await
            .problem()
            .0,
        401
    );
}

#[tokio::test]
async fn names_and_emails_are_taken_once() {
    let service = Service::start(&[]);
    service.client().registered("ada").await;
    let register = async |name: &str, email: &str| {
        let account = json!({"username": name, "email": email, "password": "secret"});
        service
            .client()
            .post("/api/v1/auth/register", &account)
            .await
            .problem()
    };
    let (status, code, detail) = register("ADA", "other@example.com").await;
    assert_eq!(
        (status, &*code, &*detail),
        (409, "username_taken", "Username already exists")
    );
    let (status, code, detail) = register("other", "Ada@Example.com").await;
    assert_eq!(
        (status, &*code, &*detail),
        (409, "email_taken", "Email already exists")
    );
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named() {
    let service = Service::start(&[]);
    let register = async |body| service.client().post("/api/v1/auth/register", &body).await;
    let answer = register(json!({"username": "ad", "password": 12345})).await;
    let (status, code, detail) = answer.problem();
    assert_eq!((status, &*code), (422, "invalid_field"));
    assert_eq!(detail, "username: must have 3 to 50 characters");
    let errors = answer.json()["errors"].clone();
    assert_eq!(
        errors,
        json!([
            {"field": "username", "message": "must have 3 to 50 characters"},
            {"field": "email", "message": "is missing"},
            {"field": "password", "message": "must be a string"},
        ])
    );
    for (name, email, password) in [
        ("ada", "no address", "secret"),
        ("ada", "a@b", "secret"),
        ("a@b.c", "ada@example.com", "secret"),
        ("ada", "ada@example.com", "short"),
        ("     ", "ada@example.com", "secret"),
    ] {
        let body = json!({"username": name, "email": email, "password": password});
        assert_eq!(
            register(body).await.problem().0,
            422,
            "{name} {email} {password}"
        );
    }
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let service = Service::start(&[]);
    let other = Service::start(&[]);
    let foreign = other.client().registered("ada").await;
    let none = service.client().get("/api/v1/auth/me").await;
    assert_eq!(
        none.problem(),
        (401, "not_authenticated".into(), "Not authenticated".into())
    );
    assert_eq!(none.header("www-authenticate"), "Bearer");
    let basic = service
        .client()
        .with("authorization", "Basic YTpi")
        .get("/api/v1/auth/me")
        .await;
    assert_eq!(basic.problem().1, "not_authenticated");

    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.";
    let bad = [
        service.client().bearer("garbage"),
        service.client().bearer(unsigned),
        foreign.at(service.url()),
    ];
    for client in bad {
        let answer = client.get("/api/v1/auth/me").await;
        let expected = (
            401,
            "invalid_token".into(),
            "Could not validate credentials".into(),
        );
        assert_eq!(answer.problem(), expected);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn a_token_is_worthless_after_logging_out() {
    let service = Service::start(&[]);
    let ada = service.client().registered("ada").await;
    ada.post("/api/v1/auth/logout", &json!({})).await.ok();
    assert_eq!(
        ada.get("/api/v1/auth/me").await.problem().1,
        "invalid_token"
    );
    let body = json!({"username": "ada", "password": "correct horse"});
    service
        .client()
        .post("/api/v1/auth/login", &body)
        .await
        .ok();
}

#[tokio::test]
async fn tokens_outlive_a_restart() {
    let service = Service::start(&[]);
    let ada = service.client().registered("ada").await;
    let service = service.kill_and_restart();
    ada.at(service.url()).get("/api/v1/auth/me").await.ok();
}
