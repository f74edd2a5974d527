//! Nothing is lost: not by `kill -9`, not by a worker that never comes back.

use std::{sync::Arc, time::Duration};

use explainer_adapters::{storage::sqlite::SqliteStore, system::SystemClock};
use explainer_core::{
    domain::{AnalysisError, Outcome, Status},
    ports::{Analyses, Clock},
};
use serde_json::json;

use crate::support::{Client, Service, until};

/// Puts every sample in the queue and gives back where each result will be.
async fn ask_for_all(client: &Client) -> Vec<String> {
    let mut locations = Vec::new();
    for id in client.issue_ids().await {
        let asking = client.with("prefer", "respond-async");
        let answer = asking
            .post(
                &format!("/api/v1/issues/{id}/analyze"),
                &json!({"force": true}),
            )
            .await;
        locations.push(answer.header("location").to_owned());
    }
    locations
}

async fn until_completed(client: &Client, location: &str) {
    until("the analysis is completed", async || {
        let record = client.get(location).await.ok();
        (record["status"] == "completed").then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_was_accepted_is_done_although_the_process_is_killed() {
    let mut service = Service::start(&[("EXPLAINER__ANALYSIS__LEASE_SECONDS", "1")]);
    let mut ada = service.client().with_workspace("ada").await;
    for round in 0..5 {
        let locations = ask_for_all(&ada).await;
        tokio::time::sleep(Duration::from_millis(round * 3)).await;
        service = service.kill_and_restart();
        ada = ada.at(service.url());
        for location in locations {
            until_completed(&ada, &location).await;
        }
    }
}

#[tokio::test]
async fn a_job_whose_worker_died_is_taken_up_again() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let issue = ada.issue_ids().await.remove(0);
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    let id = ada.post(&analyze, &json!({})).await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let workspace = ada.get("/api/v1/auth/me").await.ok()["workspace_id"]
        .as_str()
        .unwrap()
        .to_owned();

    // Another replica of the service, as the store sees it: it claims the job and is never heard of again.
    let store = Arc::new(SqliteStore::open(service.folder().join("data/explainer.db")).unwrap());
    let clock = SystemClock::default();
    let lease = Duration::from_secs(2);
    let (workspace, id) = (workspace.parse().unwrap(), id.parse().unwrap());
    let (claimed, job) = until("the other replica has the job", async || {
        ada.with("prefer", "respond-async")
            .post(&analyze, &json!({"force": true}))
            .await;
        let claimed = store
            .claim("the-one-that-dies", 1, clock.now(), lease)
            .await;
        claimed.unwrap().pop()
    })
    .await;
    let held = store.get(&workspace, &id).await.unwrap().unwrap();
    assert_eq!(held.status, Status::Analyzing);

    // Asking now joins the held job, and the answer comes once the lease has run out.
    let answer = ada.post(&analyze, &json!({})).await.ok();
    assert_eq!(answer["status"], "completed");
    let late = AnalysisError {
        code: "late".into(),
        message: "too late".into(),
        retryable: false,
    };
    let late = Outcome::Failed(late);
    let late = Arc::new(job.ended(late, clock.now()));
    let finished = store.finish(&claimed, late, &[]).await.unwrap();
    assert!(!finished, "the lease is lost");
}

#[tokio::test]
async fn an_analysis_outlives_its_issue() {
    let folder = tempfile::tempdir().unwrap();
    let event = json!({"message": "the cellar is flooded", "level": "error", "platform": "python"});
    let file = folder.path().join("one.json");
    std::fs::write(&file, event.to_string()).unwrap();
    let path = folder.path().to_str().unwrap();
    let service = Service::start(&[("EXPLAINER__SOURCES__FILES", path)]);
    let ada = service.client().with_workspace("ada").await;
    let id = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{id}/analyze");
    let first = ada.post(&path, &json!({})).await.ok();
    std::fs::remove_file(file).unwrap();
    assert_eq!(ada.post(&path, &json!({})).await.problem().0, 404);
    let kept = ada.get(&format!("/api/v1/issues/{id}")).await.ok();
    assert_eq!(kept["processed_issue"]["ai_analysis"], first["analysis"]);
}
