//! `/issues/processed`.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::Service;

#[tokio::test]
async fn analyses_are_listed_newest_first_and_cut() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let mut asked = ada.issue_ids().await;
    for id in &asked {
        ada.raw(Method::POST, &format!("/api/v1/issues/{id}/analyze"), "")
            .await
            .ok();
    }
    asked.reverse();
    let ids = async |query: &str| -> Vec<String> {
        let list = ada
            .get(&format!("/api/v1/issues/processed/?{query}"))
            .await
            .ok();
        let ids = list
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["sentry_issue_id"].as_str().unwrap().to_owned());
        ids.collect()
    };
    assert_eq!(ids("limit=100").await, asked);
    assert_eq!(ids("limit=3&skip=2").await, asked[2..5]);
    assert_eq!(ids("skip=100").await, Vec::<String>::new());
    assert_eq!(ids("limit=100&status=completed").await, asked);
    assert_eq!(ids("status=failed").await, Vec::<String>::new());
    for bad in ["limit=0", "limit=101", "skip=-1", "status=lost"] {
        let answer = ada.get(&format!("/api/v1/issues/processed/?{bad}")).await;
        assert_eq!(answer.problem().0, 422, "{bad}");
    }
}

#[tokio::test]
async fn one_is_read_and_removed() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let bob = service.client().with_workspace("bob").await;
    let issue = ada.issue_ids().await.remove(0);
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    let id = ada.raw(Method::POST, &analyze, "").await.ok()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/v1/issues/processed/{id}");
    let record = ada.get(&path).await.ok();
    let me = ada.get("/api/v1/auth/me").await.ok();
    assert_eq!(record["created_by"], me["id"]);
    assert_eq!(record["workspace_id"], me["workspace_id"]);
    assert_eq!(record["status"], "completed");

    let missing = (
        404,
        "analysis_not_found".to_owned(),
        "Processed issue not found".to_owned(),
    );
    assert_eq!(bob.get(&path).await.problem(), missing, "not Bob's");
    assert_eq!(bob.delete(&path).await.problem(), missing, "not Bob's");
    for other in ["nope", "a%2Fb", "%7B%7D"] {
        assert_eq!(
            ada.get(&format!("/api/v1/issues/processed/{other}"))
                .await
                .problem(),
            missing
        );
    }

    let gone = ada.delete(&path).await;
    assert_eq!((gone.status, &*gone.text), (StatusCode::NO_CONTENT, ""));
    assert_eq!(ada.get(&path).await.problem(), missing);
    assert_eq!(ada.delete(&path).await.problem(), missing);
    let view = ada.get(&format!("/api/v1/issues/{issue}")).await.ok();
    assert_eq!(
        view["sentry_issue"]["processing_status"],
        json!({"status": null, "has_analysis": false})
    );
    let again = ada.raw(Method::POST, &analyze, "").await.ok();
    assert_eq!(again["status"], "completed");
}
