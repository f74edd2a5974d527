//! Answers that are given again while nothing has changed: never to somebody else, and never once
//! something has.

use explainer_adapters::storage::sqlite::SqliteStore;
use explainer_core::ports::Analyses;
use serde_json::json;

use crate::support::{Client, Service, figures_of, in_a_file, until};

/// How often accounts were read so far, as the figures tell.
async fn reads(figures: &Client) -> u64 {
    let text = figures.get("/metrics").await.text;
    let of = |line: &&str| line.contains(r#"operation="get_user""#) && line.contains("_count");
    let counts = text
        .lines()
        .filter(of)
        .filter_map(|line| line.rsplit(' ').next());
    counts.map(|count| count.parse::<u64>().unwrap()).sum()
}

#[tokio::test]
async fn an_answer_is_not_made_anew_while_nothing_has_changed() {
    let service = Service::start(&[("METRICS_ADDRESS", "127.0.0.1:0")]);
    let figures = figures_of(&service).await;
    let ada = service.client().with_workspace("ada").await;
    until("two answers are made at once", async || {
        let before = reads(&figures).await;
        let first = ada.get("/api/v1/auth/me").await;
        let again = ada.get("/api/v1/auth/me").await;
        assert_eq!(first.text, again.text);
        assert_eq!(first.header("etag"), again.header("etag"));
        assert_ne!(first.header("x-request-id"), again.header("x-request-id"));
        (reads(&figures).await == before + 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_given_to_whoever_asked_for_it_alone() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let bob = service.client().with_workspace("bob").await;
    let first = ada.get("/api/v1/workspaces/current").await.ok()["id"].clone();
    let made = ada
        .post("/api/v1/workspaces/", &json!({"name": "Second"}))
        .await;
    let second = made.ok()["workspace"]["id"].clone();
    let issue = ada.issue_ids().await.remove(0);
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    ada.post(&analyze, &json!({})).await.ok();
    let list = "/api/v1/issues/processed/";
    for _ in 0..3 {
        assert_eq!(ada.get("/api/v1/auth/me").await.ok()["username"], "ada");
        assert_eq!(bob.get("/api/v1/auth/me").await.ok()["username"], "bob");
        assert_eq!(
            service.client().get("/api/v1/auth/me").await.problem().0,
            401
        );
        for (workspace, count) in [(&first, 0), (&second, 1)] {
            let there = ada.with("x-workspace-id", workspace.as_str().unwrap());
            assert_eq!(there.get(list).await.ok().as_array().unwrap().len(), count);
        }
        assert_eq!(bob.get(list).await.ok(), json!([]));
    }
}

#[tokio::test]
async fn what_is_changed_is_seen_at_once() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let list = "/api/v1/issues/processed/";
    for (count, issue) in ada.issue_ids().await.iter().take(3).enumerate() {
        assert_eq!(ada.get(list).await.ok().as_array().unwrap().len(), count);
        let analyze = format!("/api/v1/issues/{issue}/analyze");
        ada.post(&analyze, &json!({})).await.ok();
    }
    ada.get("/api/v1/auth/me").await.ok();
    ada.post("/api/v1/auth/logout", &json!({})).await.ok();
    assert_eq!(ada.get("/api/v1/auth/me").await.problem().0, 401);
}

#[tokio::test]
async fn what_another_process_changes_is_seen_soon() {
    if !in_a_file("what another process changes is seen soon") {
        return;
    }
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let issue = ada.issue_ids().await.remove(0);
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    let id = ada.post(&analyze, &json!({})).await.ok()["id"].clone();
    let workspace = ada.get("/api/v1/workspaces/current").await.ok()["id"].clone();
    let path = format!("/api/v1/analyses/{}", id.as_str().unwrap());
    ada.get(&path).await.ok();
    let other = SqliteStore::open(service.folder().join("data/explainer.db")).unwrap();
    let workspace = workspace.as_str().unwrap().parse().unwrap();
    let id = id.as_str().unwrap().parse().unwrap();
    assert!(other.delete(&workspace, &id).await.unwrap());
    until("the deletion is seen", async || {
        (ada.get(&path).await.status == 404).then_some(())
    })
    .await;
}
