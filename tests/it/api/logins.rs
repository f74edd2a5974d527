//! `/auth`: staying logged in, logging out, and slowing down those who guess.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, Service};

async fn login(client: &Client, password: &str) -> Value {
    let body = json!({"username": "ada", "password": password});
    client.post("/api/v1/auth/login", &body).await.ok()
}

async fn refresh(client: &Client, token: &Value) -> crate::support::Answer {
    let body = json!({"refresh_token": token});
    client.post("/api/v1/auth/refresh", &body).await
}

fn bearer(client: &Client, login: &Value) -> Client {
    client.bearer(login["access_token"].as_str().unwrap())
}

async fn works(client: &Client) -> bool {
    client.get("/api/v1/auth/me").await.status.is_success()
}

#[tokio::test]
async fn a_login_is_renewed_and_each_refresh_token_works_once() {
    let service = Service::start(&[]);
    let client = service.client();
    client.registered("ada").await;
    let first = login(&client, "correct horse").await;
    let second = refresh(&client, &first["refresh_token"]).await.ok();
    assert_eq!(second["user"], first["user"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert!(works(&bearer(&client, &first)).await && works(&bearer(&client, &second)).await);

    // Somebody uses a copy of the first: whoever has the second is out as well.
    let other = login(&client, "correct horse").await;
    let reused = refresh(&client, &first["refresh_token"]).await;
    assert_eq!(reused.problem().1, "invalid_token");
    let after = refresh(&client, &second["refresh_token"]).await;
    assert_eq!(after.problem().1, "invalid_token");
    assert!(!works(&bearer(&client, &first)).await && !works(&bearer(&client, &second)).await);
    assert!(
        works(&bearer(&client, &other)).await,
        "another login is another"
    );
    for garbage in ["", "iexr_", "iexr_a.b", "iexr_../x.y", "null"] {
        assert_eq!(
            refresh(&client, &json!(garbage)).await.problem().0,
            401,
            "{garbage}"
        );
    }
}

#[tokio::test]
async fn logging_out_ends_the_login_and_all_that_it_was_renewed_to() {
    let service = Service::start(&[]);
    let client = service.client();
    client.registered("ada").await;
    let first = login(&client, "correct horse").await;
    let second = refresh(&client, &first["refresh_token"]).await.ok();
    let out = bearer(&client, &first)
        .post("/api/v1/auth/logout", &json!({}))
        .await
        .ok();
    assert_eq!(out, json!({"message": "Successfully logged out"}));
    assert!(!works(&bearer(&client, &second)).await);
    assert_eq!(
        refresh(&client, &second["refresh_token"]).await.problem().0,
        401
    );
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_login() {
    let service = Service::start(&[]);
    let client = service.client();
    client.registered("ada").await;
    let (one, other) = (
        login(&client, "correct horse").await,
        login(&client, "correct horse").await,
    );
    let path = "/api/v1/auth/logout-everywhere";
    bearer(&client, &one).post(path, &json!({})).await.ok();
    for ended in [&one, &other] {
        assert!(!works(&bearer(&client, ended)).await);
        assert_eq!(
            refresh(&client, &ended["refresh_token"]).await.problem().0,
            401
        );
    }
    assert!(works(&bearer(&client, &login(&client, "correct horse").await)).await);
}

#[tokio::test]
async fn a_new_password_ends_every_login_but_the_one_it_begins() {
    let service = Service::start(&[]);
    let client = service.client();
    let ada = client.registered("ada").await;
    let path = "/api/v1/auth/password";
    let wrong = json!({"current_password": "wrong horse", "new_password": "battery staple"});
    assert_eq!(ada.put(path, &wrong).await.problem().1, "wrong_login");
    let short = json!({"current_password": "correct horse", "new_password": "short"});
    assert_eq!(ada.put(path, &short).await.problem().0, 422);
    let change = json!({"current_password": "correct horse", "new_password": "battery staple"});
    let begun = ada.put(path, &change).await.ok();
    assert!(!works(&ada).await);
    assert!(works(&bearer(&client, &begun)).await);
    let former = json!({"username": "ada", "password": "correct horse"});
    assert_eq!(
        client.post("/api/v1/auth/login", &former).await.problem().0,
        401
    );
    login(&client, "battery staple").await;
}

#[tokio::test]
async fn whoever_guesses_has_to_wait_and_nobody_else_does() {
    let service = Service::start(&[("EXPLAINER__SERVER__BEHIND_PROXY", "true")]);
    let client = service.client().with("x-forwarded-for", "192.0.2.1");
    client.registered("ada").await;
    client.registered("bob").await;
    let guess = async |client: &Client, name: &str, password: &str| {
        let body = json!({"username": name, "password": password});
        client.post("/api/v1/auth/login", &body).await
    };
    for _ in 0..10 {
        assert_eq!(guess(&client, "ada", "wrong").await.status, 401);
    }
    // Under whatever name, from whatever address, and even with the right password.
    let elsewhere = service.client().with("x-forwarded-for", "192.0.2.2");
    for name in ["ada", "ADA@example.com"] {
        let answer = guess(&elsewhere, name, "correct horse").await;
        let (status, code, detail) = answer.problem();
        assert_eq!((status, &*code), (429, "too_many_tries"), "{detail}");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    assert_eq!(guess(&elsewhere, "bob", "correct horse").await.status, 200);
    // One who waits as told gets in, and has a clean slate.
    let begin = Instant::now();
    while guess(&client, "ada", "correct horse").await.status != 200 {
        assert!(begin.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(guess(&client, "ada", "wrong").await.status, 401);

    // An address that tries name after name has to wait too, and the others do not.
    for number in 0..50 {
        guess(&client, &format!("nobody{number}"), "wrong").await;
    }
    assert_eq!(guess(&client, "bob", "correct horse").await.status, 429);
    assert_eq!(guess(&elsewhere, "bob", "correct horse").await.status, 200);
}

#[tokio::test]
async fn many_guesses_at_once_are_no_way_around_the_wait() {
    let service = Service::start(&[]);
    let client = service.client();
    client.registered("ada").await;
    let guesses = (0..40).map(async |_| {
        let body = json!({"username": "ada", "password": "wrong"});
        client
            .post("/api/v1/auth/login", &body)
            .await
            .status
            .as_u16()
    });
    let answers = futures::future::join_all(guesses).await;
    let told = answers.iter().filter(|status| **status != 429).count();
    assert!(
        told <= 16,
        "{told} of 40 guesses were answered: {answers:?}"
    );
}

#[tokio::test]
async fn registration_can_be_closed_and_the_first_account_is_let_in_all_the_same() {
    let service = Service::start(&[("REGISTRATION", "closed")]);
    let register = async |name: &str| {
        let account =
            json!({"username": name, "email": format!("{name}@example.com"), "password": "secret"});
        service
            .client()
            .post("/api/v1/auth/register", &account)
            .await
    };
    let both = futures::join!(register("ada"), register("bob"));
    let mut answers = [both.0, both.1];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers[0].ok()["role"], "admin");
    assert_eq!(answers[1].problem().1, "registration_closed");
    assert_eq!(register("eve").await.problem().0, 403);
}
