//! What is sent, kept back, paid and not paid twice.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{
    Place, changed, good,
    replay::End,
    wire::{USED, Wire},
};
use crate::support::until;

#[tokio::test]
async fn a_preview_shows_every_byte_that_is_sent_and_the_ledger_agrees() {
    let place = Place::open(Wire::Chat, &[]).await;
    let path = format!("/api/v1/issues/{}/preview", place.issue);
    let preview = place.client.post(&path, &json!({})).await.ok();
    assert_eq!(place.asked(), 0, "a preview asks nobody");
    let sent = &preview["models"][0]["sent"];
    assert_eq!(preview["models"][0]["model"], "openai/tiny");
    assert_eq!(preview["stale"], Value::Null);
    assert_eq!(sent["withheld"], json!(["locals", "request_body", "user"]));
    assert!(
        sent["cut"]
            .as_array()
            .unwrap()
            .iter()
            .any(|cut| cut["why"] == "policy")
    );
    let counted = sent["sections"].as_array().unwrap().iter();
    let counted: u64 = counted
        .map(|section| section["tokens"].as_u64().unwrap())
        .sum();
    let total = sent["prompt_tokens"].as_u64().unwrap();
    assert_eq!(total, counted + sent["overhead_tokens"].as_u64().unwrap());

    place.says(&good().to_string());
    let analysis = place.analyze().await;
    let asked = place.server.asked();
    let body = &asked
        .iter()
        .find(|it| it.path == place.wire.path())
        .unwrap()
        .body;
    assert_eq!(body["messages"][0]["content"], sent["system"]);
    assert_eq!(body["messages"][1]["content"], sent["user"]);
    assert_eq!(
        body["response_format"]["json_schema"]["schema"],
        sent["schema"]
    );
    let egress = &place.calls(&analysis).await[0]["egress"];
    assert_eq!(egress["payload_sha256"], sent["payload_sha256"]);
    assert_eq!(egress["destination"], "127.0.0.1");
    assert_eq!(egress["remote"], true);
    assert_eq!(egress["redacted"], sent["redacted"]);
    let foreign = place.service.client().with_workspace("eve").await;
    let id = analysis["id"].as_str().unwrap();
    let (status, ..) = foreign
        .get(&format!("/api/v1/analyses/{id}/egress"))
        .await
        .problem();
    assert_eq!(status, 404);
}

#[tokio::test]
async fn settings_say_who_is_asked_how_and_for_how_much() {
    let place = Place::open(Wire::Chat, &[]).await;
    let settings = json!({
        "instructions": "Answer in British English.",
        "data_policy": {"locals": true},
        "models": ["openai/tiny"],
        "allow_heuristics": true,
        "daily_spend_usd": 0.25,
        "when_spent": "local",
    });
    place.client.put("/api/v1/settings/", &settings).await.ok();
    let stored = place.client.get("/api/v1/settings/").await.ok();
    for (name, value) in settings.as_object().unwrap() {
        if name != "data_policy" {
            assert_eq!(stored[name], *value, "{name}");
        }
    }
    assert_eq!(stored["data_policy"]["locals"], true);
    assert_eq!(stored["data_policy"]["request_body"], false);

    let path = format!("/api/v1/issues/{}/preview", place.issue);
    let preview = place.client.post(&path, &json!({})).await.ok();
    let sent = &preview["models"][0]["sent"];
    assert!(
        sent["system"]
            .as_str()
            .unwrap()
            .ends_with("Answer in British English.")
    );
    assert_eq!(sent["withheld"], json!(["request_body", "user"]));

    let bad = json!({"models": ["oracle/delphi"]});
    let (status, code, detail) = place.client.put("/api/v1/settings/", &bad).await.problem();
    assert_eq!((status, code.as_str()), (422, "invalid_field"));
    assert!(detail.contains("oracle/delphi"), "{detail}");
    let clear = json!({"models": [], "daily_spend_usd": -1, "instructions": ""});
    place.client.put("/api/v1/settings/", &clear).await.ok();
    let stored = place.client.get("/api/v1/settings/").await.ok();
    assert_eq!(
        (&stored["models"], &stored["daily_spend_usd"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(stored["instructions"], Value::Null);
}

#[tokio::test]
async fn a_days_money_spent_is_a_429_that_says_when_to_come_back() {
    let place = Place::open(Wire::Chat, &[]).await;
    place.says(&good().to_string());
    assert_eq!(place.analyze().await["status"], "completed");
    let usage = place.client.get("/api/v1/usage").await.ok();
    let row = &usage["usage"][0];
    assert_eq!(
        (&row["model"], &row["calls"]),
        (&json!("openai/tiny"), &json!(1))
    );
    assert_eq!(row["input_tokens"], USED.0);
    let price = (f64::from(USED.0) * 10.0 + f64::from(USED.1) * 100.0) / 1e6;
    assert_eq!(row["cost_usd"], price);
    assert_eq!(usage["spent_today_usd"], price);

    let limit = json!({"daily_spend_usd": price});
    place.client.put("/api/v1/settings/", &limit).await.ok();
    let path = format!("/api/v1/issues/{}/analyze", place.issue);
    let refused = place.client.post(&path, &json!({"force": true})).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    assert_eq!(refused.problem().1, "spend_limit_reached");
    assert_eq!(place.asked(), 1);

    for (query, field) in [
        ("from=soon", "from"),
        ("from=2026-01-02&to=2026-01-01", "from"),
    ] {
        let answer = place.client.get(&format!("/api/v1/usage?{query}")).await;
        let (status, _, detail) = answer.problem();
        assert_eq!(status, 422, "{query}");
        assert!(detail.starts_with(field), "{detail}");
    }
}

#[tokio::test]
async fn the_same_evidence_is_paid_once() {
    let place = Place::open(Wire::Chat, &[]).await;
    place.says(&good().to_string());
    place.analyze().await;
    let path = format!("/api/v1/issues/{}/analyze", place.issue);
    let again = place.client.post(&path, &json!({})).await.ok();
    assert_eq!(again["status"], "completed");
    assert_eq!(place.asked(), 1);
    let usage = place.client.get("/api/v1/usage").await.ok();
    assert_eq!(usage["usage"][0]["cache_hits"], 1);
}

#[tokio::test]
async fn a_server_killed_between_two_requests_does_not_pay_the_first_again() {
    let lease = ("EXPLAINER__ANALYSIS__LEASE_SECONDS", "1");
    let attempts = ("EXPLAINER__ANALYSIS__ATTEMPTS", "3");
    let mut place = Place::open(Wire::Chat, &[lease, attempts]).await;
    let wire = place.wire;
    let incomplete = changed(|it| drop(it.remove("summary")));
    place.on([
        wire.answer(&[&incomplete], "stop"),
        wire.stream(&wire.pieces(&["{"])).ending(End::Silence),
        wire.answer(&["{\"summary\": \"A seat is sold twice.\"}"], "stop"),
    ]);
    let path = format!("/api/v1/issues/{}/analyze", place.issue);
    let asynchronous = place.client.with("prefer", "respond-async");
    asynchronous.post(&path, &json!({})).await;
    let asked_twice = || async { (place.asked() == 2).then_some(()) };
    until("the repair is under way", asked_twice).await;

    place.service = place.service.kill_and_restart();
    place.client = place.client.at(place.service.url());
    let view = format!("/api/v1/issues/{}", place.issue);
    let (client, view) = (&place.client, &view);
    let done = || async move {
        let issue = client.get(view).await.ok();
        let analysis = issue["processed_issue"].clone();
        (analysis["status"] == "completed").then_some(analysis)
    };
    let analysis = until("the other worker is done", done).await;
    assert_eq!(analysis["ai_analysis"]["summary"], "A seat is sold twice.");
    assert_eq!(analysis["ai_analysis"]["provenance"]["summary"], "repaired");
    assert_eq!(place.asked(), 3, "the whole was asked for once");
    let calls = place.calls(&analysis).await;
    let ends: Vec<&str> = calls
        .iter()
        .map(|call| call["end"].as_str().unwrap())
        .collect();
    assert_eq!(ends, ["answered", "sent", "reused", "answered"]);
}

#[tokio::test]
async fn models_are_compared_side_by_side_and_nothing_is_stored() {
    let place = Place::open(Wire::Chat, &[]).await;
    place.on([
        place.wire.answer(&[&good().to_string()], "stop"),
        place.wire.answer(&["no"], "stop"),
    ]);
    let body = json!({"issue_id": place.issue, "models": ["openai/tiny"]});
    let compared = place.client.post("/api/v1/compare", &body).await.ok();
    let one = &compared["results"][0];
    assert_eq!((&one["valid"], &one["error"]), (&json!(true), &Value::Null));
    assert_eq!(one["specification"]["summary"], "A seat is sold twice.");
    assert_eq!(one["grounding_score"], 1.0);
    let compared = place.client.post("/api/v1/compare", &body).await.ok();
    let one = &compared["results"][0];
    assert_eq!(one["valid"], false);
    assert_eq!(one["error"]["code"], "model_answer_unusable");
    assert_eq!(one["calls"].as_array().unwrap().len(), 3);
    let view = place
        .client
        .get(&format!("/api/v1/issues/{}", place.issue))
        .await
        .ok();
    assert!(view["processed_issue"].is_null(), "a comparison was stored");
}

#[tokio::test]
async fn a_model_that_is_throttled_is_asked_again_by_the_same_job() {
    let attempts = ("EXPLAINER__ANALYSIS__ATTEMPTS", "3");
    let place = Place::open(Wire::Chat, &[attempts]).await;
    let wire = place.wire;
    let throttled = wire.error(429, "slow down", "rate_limit_exceeded");
    place.on([
        throttled.with("retry-after", "1"),
        wire.answer(&[&good().to_string()], "stop"),
    ]);
    let began = std::time::Instant::now();
    let analysis = place.analyze().await;
    assert_eq!(analysis["status"], "completed", "{}", analysis["error"]);
    assert!(began.elapsed() >= Duration::from_secs(1), "it did not wait");
    assert_eq!(place.asked(), 2);
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_and_costs_nothing() {
    let mut place = Place::open(Wire::Chat, &[]).await;
    place.server = super::replay::Replay::start().await;
    let seen = place.analyze().await;
    assert_eq!(seen["status"], "failed");
    assert_eq!(seen["error"]["code"], "model_unavailable");
    assert_eq!(seen["error"]["retryable"], true);
    let calls = place.calls(&seen).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (&calls[0]["end"], &calls[0]["cost_usd"]),
        (&json!("failed"), &json!(0.0))
    );
}
