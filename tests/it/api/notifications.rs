//! `/notifications`: programs and people are told that analyses have ended.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    Client, Mailbox, Service,
    receiver::{Manner, Receiver},
    until,
};

const WEBHOOKS: &str = "/api/v1/notifications/webhooks";
const DELIVERIES: &str = "/api/v1/notifications/deliveries";
/// Receivers of these tests are on this machine, and what fails is tried again soon.
const NEAR: [(&str, &str); 3] = [
    ("EXPLAINER__OUTBOUND__PRIVATE_NETWORKS", "true"),
    ("EXPLAINER__NOTIFICATIONS__FIRST_WAIT_SECONDS", "1"),
    ("EXPLAINER__NOTIFICATIONS__TIMEOUT_SECONDS", "1"),
];

fn near(more: &[(&str, &str)]) -> Service {
    Service::start(&[&NEAR, more].concat())
}

/// A webhook of the workspace: its id and its secret.
async fn webhook(of: &Client, to: &Receiver) -> (String, String) {
    let made = of.post(WEBHOOKS, &json!({"url": to.url()})).await.ok();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// Has the first issue analysed, anew each time.
async fn analyze(of: &Client) -> Value {
    let issue = of.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{issue}/analyze");
    of.post(&path, &json!({"force": true})).await.ok()
}

async fn deliveries(of: &Client) -> Vec<Value> {
    let page = of.get(DELIVERIES).await.ok();
    page["deliveries"].as_array().unwrap().clone()
}

/// All deliveries, once each of them has ended.
async fn all_ended(of: &Client) -> Vec<Value> {
    until("all deliveries have ended", async || {
        let all = deliveries(of).await;
        let ended = |it: &Value| it["state"] != "waiting";
        (!all.is_empty() && all.iter().all(ended)).then_some(all)
    })
    .await
}

#[tokio::test]
async fn a_program_is_told_and_can_tell_that_it_is_us() {
    let service = near(&[("EXPLAINER__SERVER__PUBLIC_URL", "https://x.example.com/")]);
    let ada = service.client().with_workspace("ada").await;
    let receiver = Receiver::start(&[]).await;
    let (id, secret) = webhook(&ada, &receiver).await;
    let done = analyze(&ada).await;
    let post = receiver.wait_for(1).await.remove(0);
    assert_eq!(post.path, "/hook?key=value");
    assert_eq!(post.header("content-type"), "application/json");
    let told = post.signed(&secret);
    assert_eq!(told["type"], "analysis.completed");
    assert!(told["timestamp"].as_str().unwrap().ends_with('Z'), "{told}");
    let data = &told["data"];
    assert_eq!(data["analysis_id"], done["id"]);
    assert_eq!(
        (&data["status"], &data["error"]),
        (&json!("completed"), &Value::Null)
    );
    let summary = data["summary"].as_str().unwrap();
    assert!(
        !summary.is_empty() && data["issue"]["title"].is_string(),
        "{told}"
    );
    let url = format!(
        "https://x.example.com/api/v1/analyses/{}",
        done["id"].as_str().unwrap()
    );
    assert_eq!(data["url"], url);

    let delivery = all_ended(&ada).await.remove(0);
    assert_eq!(delivery["id"], post.header("webhook-id"));
    assert_eq!(
        (
            &delivery["state"],
            &delivery["attempts"],
            &delivery["last_status"]
        ),
        (&json!("delivered"), &json!(1), &json!(200))
    );
    assert_eq!(
        (&delivery["to"], &delivery["channel"]),
        (&json!(id), &json!("webhook"))
    );
    let listed = ada.get(WEBHOOKS).await;
    assert!(!listed.text.contains(&secret) && listed.ok()[0]["enabled"] == true);
}

#[tokio::test]
async fn an_analysis_that_failed_is_told_of_to_those_who_want_that() {
    let service = near(&[
        ("OPENAI_API_KEY", "sk-of-this-test-alone"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"),
        ("EXPLAINER__ANALYSIS__ATTEMPTS", "1"),
    ]);
    let ada = service.client().with_workspace("ada").await;
    let (all, few) = (Receiver::start(&[]).await, Receiver::start(&[]).await);
    let (_, secret) = webhook(&ada, &all).await;
    let only = json!({"url": few.url(), "events": ["analysis.completed"]});
    ada.post(WEBHOOKS, &only).await.ok();
    analyze(&ada).await;
    let told = all.wait_for(1).await[0].signed(&secret);
    assert_eq!(
        (&told["type"], &told["data"]["status"]),
        (&json!("analysis.failed"), &json!("failed"))
    );
    assert!(told["data"]["error"]["code"].is_string(), "{told}");
    assert_eq!(all_ended(&ada).await.len(), 1);
    assert!(few.posts().is_empty());
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_under_the_same_id() {
    let service = near(&[]);
    let ada = service.client().with_workspace("ada").await;
    let there = Receiver::start(&[]).await;
    let mut receivers = Vec::new();
    for manner in [
        Manner::Status(500),
        Manner::With(429, "retry-after: 2".to_owned()),
        Manner::With(302, format!("location: {}", there.url())),
        Manner::Silent,
        Manner::Reset,
    ] {
        let receiver = Receiver::start(&[manner]).await;
        let (id, secret) = webhook(&ada, &receiver).await;
        receivers.push((receiver, id, secret));
    }
    let one_more = json!({"url": there.url()});
    let (status, code, _) = ada.post(WEBHOOKS, &one_more).await.problem();
    assert_eq!((status, &*code), (409, "too_many"), "five are enough");
    analyze(&ada).await;
    for (receiver, id, secret) in &receivers {
        let posts = receiver.wait_for(2).await;
        assert_eq!(posts[0].header("webhook-id"), posts[1].header("webhook-id"));
        assert_eq!(posts[0].signed(secret), posts[1].signed(secret));
        let delivery = until("it is delivered", async || {
            let mut all = deliveries(&ada).await.into_iter();
            all.find(|it| it["to"] == **id && it["state"] == "delivered")
        })
        .await;
        assert_eq!(
            (&delivery["attempts"], &delivery["last_status"]),
            (&json!(2), &json!(200))
        );
    }
    let waited = |at: usize| {
        let posts = receivers[at].0.posts();
        let seconds = |post: usize| {
            posts[post]
                .header("webhook-timestamp")
                .parse::<i64>()
                .unwrap()
        };
        seconds(1) - seconds(0)
    };
    assert!(waited(1) >= 2, "it asked us to wait and we did not");
    assert!(there.posts().is_empty(), "a redirect was followed");
}

#[tokio::test]
async fn what_never_works_is_given_up_and_can_be_sent_again() {
    let service = near(&[("EXPLAINER__NOTIFICATIONS__ATTEMPTS", "2")]);
    let ada = service.client().with_workspace("ada").await;
    let receiver =
        Receiver::start(&[Manner::Status(404), Manner::Endless, Manner::Status(500)]).await;
    let (_, secret) = webhook(&ada, &receiver).await;
    analyze(&ada).await;
    let failed = receiver.wait_for(2).await.remove(0);
    // The second was a success, whatever came after its status.
    let delivery = all_ended(&ada).await.remove(0);
    assert_eq!(delivery["state"], "delivered");
    receiver.then(&[Manner::Status(500), Manner::Status(500)]);
    let retry = format!("{DELIVERIES}/{}/retry", delivery["id"].as_str().unwrap());
    let again = ada.post(&retry, &json!({})).await.ok();
    assert_eq!(
        (&again["state"], &again["attempts"]),
        (&json!("waiting"), &json!(0))
    );
    receiver.wait_for(4).await;
    let delivery = all_ended(&ada).await.remove(0);
    assert_eq!(
        (&delivery["state"], &delivery["last_status"]),
        (&json!("failed"), &json!(500))
    );
    assert!(delivery["last_error"].is_string() && delivery["next_attempt_at"].is_null());
    ada.post(&retry, &json!({})).await.ok();
    let posts = receiver.wait_for(5).await;
    assert_eq!(posts[4].header("webhook-id"), failed.header("webhook-id"));
    assert_eq!(posts[4].signed(&secret), failed.signed(&secret));
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_nothing_more() {
    let service = near(&[]);
    let ada = service.client().with_workspace("ada").await;
    let receiver = Receiver::start(&[Manner::Status(410)]).await;
    let (id, _) = webhook(&ada, &receiver).await;
    analyze(&ada).await;
    let delivery = all_ended(&ada).await.remove(0);
    assert_eq!(
        (&delivery["state"], &delivery["attempts"]),
        (&json!("failed"), &json!(1))
    );
    let gone = &ada.get(WEBHOOKS).await.ok()[0];
    assert_eq!(gone["enabled"], false);
    assert!(
        gone["disabled_because"].as_str().unwrap().contains("410"),
        "{gone}"
    );
    analyze(&ada).await;
    assert_eq!(
        (deliveries(&ada).await.len(), receiver.posts().len()),
        (1, 1)
    );
    let path = format!("{WEBHOOKS}/{id}");
    let enabled = ada.put(&path, &json!({"enabled": true})).await.ok();
    assert_eq!(
        (&enabled["enabled"], &enabled["disabled_because"]),
        (&json!(true), &Value::Null)
    );
    analyze(&ada).await;
    receiver.wait_for(2).await;
    ada.delete(&path).await.ok();
    assert_eq!(ada.get(WEBHOOKS).await.ok(), json!([]));
    assert_eq!(ada.delete(&path).await.problem().1, "webhook_not_found");
}

#[tokio::test]
async fn what_is_to_be_told_outlives_kill_9() {
    let slowly = [("EXPLAINER__NOTIFICATIONS__FIRST_WAIT_SECONDS", "3")];
    let service = near(&slowly);
    let mut ada = service.client().with_workspace("ada").await;
    let receiver = Receiver::start(&[Manner::Status(503)]).await;
    let (_, secret) = webhook(&ada, &receiver).await;
    analyze(&ada).await;
    until("the first attempt is written down", async || {
        let first = deliveries(&ada).await.into_iter().next();
        first.filter(|it| it["last_status"] == 503)
    })
    .await;
    let service = service.kill_and_restart();
    ada = ada.at(service.url());
    let posts = receiver.wait_for(2).await;
    assert_eq!(posts[0].header("webhook-id"), posts[1].header("webhook-id"));
    assert_eq!(posts[0].signed(&secret), posts[1].signed(&secret));
    let delivery = all_ended(&ada).await.remove(0);
    assert_eq!(
        (&delivery["state"], &delivery["attempts"]),
        (&json!("delivered"), &json!(2))
    );
}

#[tokio::test]
async fn a_test_tells_what_happened() {
    let service = near(&[]);
    let ada = service.client().with_workspace("ada").await;
    let receiver = Receiver::start(&[Manner::Status(500)]).await;
    let (id, secret) = webhook(&ada, &receiver).await;
    let test = format!("{WEBHOOKS}/{id}/test");
    let bad = ada.post(&test, &json!({})).await.ok();
    assert_eq!(
        (&bad["delivered"], &bad["status"]),
        (&json!(false), &json!(500))
    );
    assert!(bad["error"].as_str().unwrap().contains("500"), "{bad}");
    let good = ada.post(&test, &json!({})).await.ok();
    assert_eq!(
        (&good["delivered"], &good["status"], &good["error"]),
        (&json!(true), &json!(200), &Value::Null)
    );
    assert!(good["latency_ms"].is_u64());
    let posts = receiver.posts();
    assert_eq!(posts[1].signed(&secret)["type"], "notification.test");
    assert_eq!(posts[1].header("webhook-id"), good["delivery_id"]);
    drop(receiver);
    let gone = ada.post(&test, &json!({})).await.ok();
    assert_eq!(
        (&gone["delivered"], &gone["status"]),
        (&json!(false), &Value::Null)
    );
    assert!(
        gone["error"]
            .as_str()
            .unwrap()
            .starts_with("could not reach 127.0.0.1"),
        "{gone}"
    );
    // Each was sent once, and is in the log with how it went.
    let states: Vec<Value> = deliveries(&ada)
        .await
        .iter()
        .map(|it| it["state"].clone())
        .collect();
    assert_eq!(states, ["failed", "delivered", "failed"]);
    let page = ada.get(&format!("{DELIVERIES}?limit=2")).await.ok();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = ada
        .get(&format!("{DELIVERIES}?limit=2&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(rest["deliveries"][0]["id"], bad["delivery_id"]);
    assert!(rest["next_cursor"].is_null());
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_former() {
    let service = near(&[]);
    let ada = service.client().with_workspace("ada").await;
    let receiver = Receiver::start(&[]).await;
    let (id, former) = webhook(&ada, &receiver).await;
    let renewed = ada
        .post(&format!("{WEBHOOKS}/{id}/secret"), &json!({}))
        .await
        .ok();
    let secret = renewed["secret"].as_str().unwrap();
    assert!(secret != former && renewed["former_secret_until"].is_string());
    ada.post(&format!("{WEBHOOKS}/{id}/test"), &json!({}))
        .await
        .ok();
    let post = &receiver.posts()[0];
    assert!(post.is_signed(secret) && post.is_signed(&former));
    assert_eq!(post.header("webhook-signature").split(' ').count(), 2);
    let root = service.client().registered("eve").await;
    assert_eq!(root.get(WEBHOOKS).await.problem().1, "no_workspace");
    let stranger = format!("whsec_{}", "A".repeat(43)) + "=";
    assert!(!post.is_signed(&stranger));
}

#[tokio::test]
async fn private_addresses_are_refused_unless_the_installation_allows_them() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    for url in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://me:secret@hooks.example.com/",
        "https://hooks.example.com/#fragment",
        "file:///etc/passwd",
        "hook",
    ] {
        let (status, code, detail) = ada.post(WEBHOOKS, &json!({"url": url})).await.problem();
        assert_eq!((status, &*code), (422, "invalid_field"), "{url}: {detail}");
        assert!(detail.starts_with("url: "), "{detail}");
    }
    let fine = "https://hooks.example.com/in?key=value";
    let made = ada.post(WEBHOOKS, &json!({"url": fine})).await.ok();
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let (status, ..) = ada
        .put(&path, &json!({"url": "https://127.0.0.1/"}))
        .await
        .problem();
    assert_eq!(status, 422);
    let (status, ..) = ada
        .put(&path, &json!({"events": ["analysis.begun"]}))
        .await
        .problem();
    assert_eq!(status, 422);
    assert_eq!(ada.get(WEBHOOKS).await.ok()[0]["url"], fine);

    // Allowed once, and not any more: what is stored is checked again when it is used.
    let service = near(&[]);
    let ada = service.client().with_workspace("ada").await;
    let receiver = Receiver::start(&[]).await;
    let (id, _) = webhook(&ada, &receiver).await;
    let service = service.restart_with(&[]);
    let ada = ada.at(service.url());
    let tried = ada
        .post(&format!("{WEBHOOKS}/{id}/test"), &json!({}))
        .await
        .ok();
    assert_eq!(tried["delivered"], false);
    assert!(receiver.posts().is_empty(), "{tried}");
}

/// Sets who is told by mail.
async fn mail_to(of: &Client, address: &str) {
    let settings = json!({"notification_email": address});
    of.put("/api/v1/settings/", &settings).await.ok();
}

#[tokio::test]
async fn notification_email_is_told_when_an_analysis_ends() {
    let mailbox = Mailbox::start(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let event = json!({"eventID": "6", "projectID": "12", "dateCreated": "2026-02-01T11:00:00Z",
        "title": "x\rBcc: eve@example.com\u{2028}<script>alert(1)</script>", "entries": []});
    fs::write(folder.path().join("one.json"), event.to_string()).unwrap();
    let login = [
        ("SMTP_USERNAME", "explainer"),
        ("SMTP_PASSWORD", "a password of this test alone"),
        ("SMTP_FROM", "Issue Explainer <explainer@example.com>"),
        ("EXPLAINER__SOURCES__FILES", folder.path().to_str().unwrap()),
    ];
    let service = near(&[&mailbox.variables()[..], &login].concat());
    let ada = service.client().with_workspace("ada").await;
    assert_eq!(
        ada.get("/api/v1/settings/").await.ok()["mail_configured"],
        true
    );
    mail_to(&ada, "team@example.com").await;
    analyze(&ada).await;
    let mail = mailbox.wait_for(1).await.remove(0);
    assert_eq!(mail.to, ["team@example.com"], "nobody else is told");
    assert_eq!(mail.header("to"), "team@example.com");
    assert_eq!(
        (mail.header("bcc"), mail.header("from")),
        (
            String::new(),
            "\"Issue Explainer\" <explainer@example.com>".to_owned()
        )
    );
    assert_eq!(
        mail.header("subject"),
        "[Issue Explainer] Explained: xBcc: eve@example.com <script>alert(1)</script>"
    );
    assert!(
        mail.header("content-type")
            .starts_with("multipart/alternative"),
        "{mail:?}"
    );
    assert!(mail.text.contains("text/plain") && mail.text.contains("text/html"));
    let html = mail.text.split("text/html").nth(1).unwrap();
    assert!(
        html.contains("&lt;script") && !html.contains("<script"),
        "{html}"
    );
    let delivery = all_ended(&ada).await.remove(0);
    let id = format!("<{}@example.com>", delivery["id"].as_str().unwrap());
    assert_eq!(mail.header("message-id"), id);
    assert_eq!(
        (&delivery["channel"], &delivery["to"]),
        (&json!("email"), &json!("team@example.com"))
    );
    assert_eq!(mailbox.logins().len(), 1);
    assert!(!service.log().contains("a password of this test alone"));
    let tried = ada
        .post("/api/v1/notifications/email/test", &json!({}))
        .await
        .ok();
    assert_eq!(tried["delivered"], true);
    mailbox.wait_for(2).await;
}

#[tokio::test]
async fn mail_that_is_put_off_is_sent_again_and_mail_that_is_refused_is_not() {
    let mailbox = Mailbox::start(&[451, 250, 550]).await;
    let service = near(&mailbox.variables());
    let ada = service.client().with_workspace("ada").await;
    mail_to(&ada, "team@example.com").await;
    analyze(&ada).await;
    mailbox.wait_for(1).await;
    let first = all_ended(&ada).await.remove(0);
    assert_eq!(
        (&first["state"], &first["attempts"]),
        (&json!("delivered"), &json!(2))
    );
    analyze(&ada).await;
    let second = all_ended(&ada).await.remove(0);
    assert_eq!(
        (&second["state"], &second["attempts"]),
        (&json!("failed"), &json!(1))
    );
    assert!(
        second["last_error"].as_str().unwrap().contains("550"),
        "{second}"
    );
}

#[tokio::test]
async fn without_a_mail_server_that_is_said_and_nothing_waits_for_one() {
    let service = near(&[]);
    let ada = service.client().with_workspace("ada").await;
    let test = "/api/v1/notifications/email/test";
    assert_eq!(
        ada.post(test, &json!({})).await.problem().0,
        422,
        "no address"
    );
    mail_to(&ada, "team@example.com").await;
    let settings = ada.get("/api/v1/settings/").await.ok();
    assert_eq!(settings["notification_email"], "team@example.com");
    assert_eq!(settings["mail_configured"], false);
    analyze(&ada).await;
    assert!(deliveries(&ada).await.is_empty());
    let (status, code, detail) = ada.post(test, &json!({})).await.problem();
    assert_eq!((status, &*code), (409, "mail_not_configured"));
    assert!(detail.contains("SMTP_HOST"), "{detail}");
}
