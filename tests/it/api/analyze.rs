//! `POST /issues/{id}/analyze`.

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Service, until};

#[tokio::test]
async fn an_analysis_is_a_specification() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    for id in ada.issue_ids().await {
        let answer = ada
            .raw(Method::POST, &format!("/api/v1/issues/{id}/analyze"), "")
            .await
            .ok();
        assert_eq!(
            (&answer["issue_id"], &answer["status"]),
            (&json!(id), &json!("completed"))
        );
        let analysis = &answer["analysis"];
        for text in [
            "summary",
            "root_cause",
            "technical_description",
            "suggested_fix",
            "estimated_effort",
        ] {
            let told = !analysis[text].as_str().unwrap().trim().is_empty();
            assert_eq!(
                told,
                analysis["provenance"][text] != "missing",
                "{text} of {analysis}"
            );
        }
        assert_eq!(analysis["provenance"]["summary"], "heuristic");
        assert_eq!(
            analysis["steps_to_reproduce"],
            analysis["reproduction_steps"]
        );
        let priority = analysis["priority"].as_str().unwrap();
        assert!(
            ["low", "medium", "high", "critical"].contains(&priority),
            "{priority}"
        );
        assert!(!analysis["priority_reasons"].as_array().unwrap().is_empty());
        assert_eq!(analysis["written_by"], "heuristic");
        for origin in analysis["provenance"].as_object().unwrap().values() {
            assert!(
                ["heuristic", "missing"].contains(&origin.as_str().unwrap()),
                "{origin}"
            );
        }

        let view = ada.get(&format!("/api/v1/issues/{id}")).await.ok();
        let processed = &view["processed_issue"];
        assert_eq!(&processed["ai_analysis"], analysis);
        assert_eq!(processed["sentry_issue"], processed["sentry_issue_data"]);
        assert_eq!(processed["sentry_issue_id"], id.as_str());
        assert!(view.get("sentry_issue").is_none());
    }
    let page = ada.get("/api/v1/issues/?limit=100").await.ok();
    for issue in page["issues"].as_array().unwrap() {
        let status = json!({"status": "completed", "has_analysis": true});
        assert_eq!(issue["processing_status"], status);
        assert_eq!(
            page["processed_status"][issue["id"].as_str().unwrap()],
            status
        );
    }
}

#[tokio::test]
async fn eight_requests_at_once_are_one_run() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let id = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{id}/analyze");
    let answers = join_all((0..8).map(|_| ada.raw(Method::POST, &path, ""))).await;
    let first = answers[0].ok();
    for answer in &answers {
        assert_eq!(answer.ok(), first);
    }
    let processed = ada.get("/api/v1/issues/processed/").await.ok();
    assert_eq!(processed.as_array().unwrap().len(), 1);
    // The log comes through a pipe, and may come later than the answers.
    let runs = || service.log().matches("analysis completed").count();
    until("the run is logged", async || (runs() > 0).then_some(())).await;
    assert_eq!(runs(), 1, "{}", service.log());
}

#[tokio::test]
async fn the_same_evidence_is_not_explained_twice_unless_forced() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let id = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{id}/analyze");
    let first = ada.post(&path, &json!({})).await.ok();
    let again = ada.post(&path, &json!(null)).await.ok();
    let forced = ada.post(&path, &json!({"force": true})).await.ok();
    assert_eq!(first["id"], again["id"]);
    assert_eq!(again["id"], forced["id"]);
    assert_eq!(first["analysis"]["summary"], forced["analysis"]["summary"]);
    let record = ada
        .get(&format!(
            "/api/v1/issues/processed/{}",
            first["id"].as_str().unwrap()
        ))
        .await
        .ok();
    assert_eq!(record["revision"], 3);
    assert_eq!(service.log().matches("evidence unchanged").count(), 1);
}

#[tokio::test]
async fn who_does_not_want_to_wait_is_told_where_to_look() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let id = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{id}/analyze");
    let answer = ada
        .with("prefer", "respond-async")
        .raw(Method::POST, &path, "")
        .await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.header("preference-applied"), "respond-async");
    let body = answer.json();
    assert_eq!(
        (&body["issue_id"], &body["status"], &body["analysis"]),
        (&json!(id), &json!("analyzing"), &json!(null))
    );
    let location = answer.header("location").to_owned();
    let record = until("the analysis has ended", async || {
        let record = ada.get(&location).await.ok();
        (record["status"] == "completed").then_some(record)
    })
    .await;
    assert_eq!(record["sentry_issue_id"], id.as_str());
}

#[tokio::test]
async fn a_body_that_is_sent_must_be_right() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let id = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{id}/analyze");
    assert_eq!(
        ada.post(&path, &json!({"force": "yes"})).await.problem().0,
        422
    );
    assert_eq!(ada.post(&path, &json!([])).await.problem().0, 422);
    let typed = ada.with("content-type", "application/json");
    assert_eq!(typed.raw(Method::POST, &path, "{").await.problem().0, 400);
    assert_eq!(
        ada.raw(Method::POST, &path, "force=1").await.problem().0,
        415
    );
    typed.raw(Method::POST, &path, "null").await.ok();
}
