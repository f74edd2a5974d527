//! `/analyses`: finding, reading, removing, and asking for many at once.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, Service, until};

/// Has every issue analysed, and gives back the list of the analyses.
async fn all_analysed(client: &Client) -> Vec<Value> {
    let batch = json!({"issue_ids": client.issue_ids().await});
    let answer = client.post("/api/v1/issues/analyze", &batch).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let asked = answer.json()["accepted"].as_array().unwrap().len();
    until("all are analysed", async || {
        let list = "/api/v1/analyses?status=completed&limit=100";
        let page = client.get(list).await.ok();
        let found = page["analyses"].as_array().unwrap().clone();
        (found.len() == asked).then_some(found)
    })
    .await
}

fn ids(page: &Value) -> Vec<&str> {
    let analyses = page["analyses"].as_array().unwrap().iter();
    analyses.map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_by_link_and_by_cursor() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let all = all_analysed(&ada).await;
    let mut next = Some("/api/v1/analyses?limit=4&status=completed".to_owned());
    let mut found = Vec::new();
    while let Some(path) = next {
        let answer = ada.get(&path).await;
        let page = answer.ok();
        assert!(ids(&page).len() <= 4);
        found.extend(page["analyses"].as_array().unwrap().clone());
        let link = answer.header("link");
        next = link.strip_prefix('<').map(|link| {
            let (path, rest) = link.split_once('>').unwrap();
            assert_eq!(rest, "; rel=\"next\"");
            let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
            assert!(path.ends_with(&format!("&cursor={cursor}")), "{path}");
            path.to_owned()
        });
        assert_eq!(page["pagination"]["has_next"], next.is_some());
    }
    assert_eq!(found, all);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let all = all_analysed(&ada).await;
    let list = async |query: &str| {
        let path = format!("/api/v1/analyses?limit=100&{query}");
        let page = ada.get(&path).await.ok();
        page["analyses"].as_array().unwrap().clone()
    };
    for (name, field) in [("priority", "priority"), ("project", "project_id")] {
        let value = all[0][field].as_str().unwrap();
        let expected: Vec<_> = all
            .iter()
            .filter(|it| it[field] == value)
            .cloned()
            .collect();
        assert!(!expected.is_empty() && expected.len() < all.len(), "{name}");
        assert_eq!(list(&format!("{name}={value}")).await, expected, "{name}");
    }
    assert_eq!(list("model=heuristic").await, all);
    assert_eq!(list("model=gpt").await.len(), 0);
    assert_eq!(list("status=failed").await.len(), 0);
    let title = all[0]["title"].as_str().unwrap();
    let words = title.split(' ').next().unwrap().to_uppercase();
    let found = list(&format!("text={words}")).await;
    assert!(
        found.contains(&all[0]) && found.len() < all.len(),
        "{words}: {found:?}"
    );
    assert_eq!(list("text=.*").await.len(), 0);

    let bob = service.client().with_workspace("bob").await;
    let theirs = bob.get("/api/v1/analyses").await.ok();
    assert_eq!(ids(&theirs), Vec::<&str>::new());
}

#[tokio::test]
async fn a_list_that_cannot_be_is_refused() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    all_analysed(&ada).await;
    let page = ada.get("/api/v1/analyses?limit=2").await.ok();
    let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
    for bad in [
        "limit=0",
        "limit=101",
        "status=lost",
        "priority=urgent",
        "project=",
        "cursor=1",
        "cursor=%00",
        &format!("cursor={cursor}0"),
        &format!("cursor=2{}", &cursor[1..]),
        &format!("cursor={cursor}&status=completed"),
        &format!("text={}", "x".repeat(201)),
    ] {
        let answer = ada.get(&format!("/api/v1/analyses?{bad}")).await;
        assert_eq!(answer.problem().0, 422, "{bad}");
    }
    let bob = service.client().with_workspace("bob").await;
    let answer = bob.get(&format!("/api/v1/analyses?cursor={cursor}")).await;
    let (status, _, detail) = answer.problem();
    assert_eq!(status, 422);
    assert!(detail.starts_with("cursor: is not one that"), "{detail}");
}

#[tokio::test]
async fn one_is_read_as_a_record_a_document_and_a_page() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let issue = ada.issue_ids().await.remove(0);
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    let analysed = ada.post(&analyze, &json!({})).await.ok();
    let path = format!("/api/v1/analyses/{}", analysed["id"].as_str().unwrap());
    let record = ada.get(&path).await.ok();
    assert_eq!(record["result"], analysed["analysis"]);
    assert_eq!(record["issue"]["id"], issue.as_str());
    assert_eq!(
        (&record["status"], &record["attempt"]),
        (&json!("completed"), &json!(1))
    );
    assert_eq!(
        (&record["progress"], &record["error"]),
        (&json!(null), &json!(null))
    );

    let document = ada.get(&format!("{path}.md")).await;
    assert_eq!(
        document.header("content-type"),
        "text/markdown; charset=utf-8"
    );
    assert!(document.text.starts_with("# "), "{}", document.text);
    let page = ada.get(&format!("{path}.html")).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"));
    assert!(page.text.starts_with("<!doctype html>") && page.text.contains("<h2>Summary</h2>"));

    let bob = service.client().with_workspace("bob").await;
    for path in [
        path.clone(),
        format!("{path}.md"),
        format!("{path}/revisions"),
        format!("{path}/events"),
    ] {
        let (status, code, _) = bob.get(&path).await.problem();
        assert_eq!((status, &*code), (404, "analysis_not_found"), "{path}");
    }
    assert_eq!(ada.get(&format!("{path}.pdf")).await.problem().0, 404);

    let gone = ada.delete(&path).await;
    assert_eq!((gone.status, &*gone.text), (StatusCode::NO_CONTENT, ""));
    assert_eq!(ada.get(&path).await.problem().0, 404);
    assert_eq!(ada.delete(&path).await.problem().0, 404);
}

#[tokio::test]
async fn text_of_an_event_is_text_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>";
    let event =
        json!({"message": hostile, "level": "error", "platform": "python", "culprit": hostile});
    std::fs::write(folder.path().join("one.json"), event.to_string()).unwrap();
    let files = folder.path().to_str().unwrap();
    let service = Service::start(&[("EXPLAINER__SOURCES__FILES", files)]);
    let ada = service.client().with_workspace("ada").await;
    let analysis = all_analysed(&ada).await.remove(0);
    let path = format!("/api/v1/analyses/{}", analysis["id"].as_str().unwrap());
    let page = ada.get(&format!("{path}.html")).await.text;
    assert!(page.contains("alert(1)"), "{page}");
    for markup in ["<script", "<img", "href=\"javascript"] {
        assert!(!page.contains(markup), "{markup} in {page}");
    }
}

#[tokio::test]
async fn results_of_former_runs_stay_readable() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let issue = ada.issue_ids().await.remove(0);
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    let mut last = json!(null);
    for _ in 0..3 {
        last = ada.post(&analyze, &json!({"force": true})).await.ok();
    }
    let path = format!("/api/v1/analyses/{}", last["id"].as_str().unwrap());
    let revisions = ada.get(&format!("{path}/revisions")).await.ok();
    let revisions = revisions.as_array().unwrap();
    let numbers: Vec<_> = revisions.iter().map(|it| it["revision"].as_u64()).collect();
    assert_eq!(numbers, [Some(3), Some(2), Some(1)]);
    assert_eq!(revisions[0]["result"], last["analysis"]);
    for revision in revisions {
        assert_eq!(revision["result"]["updated_at"], revision["finished_at"]);
    }
    let service = service.kill_and_restart();
    let again = ada
        .at(service.url())
        .get(&format!("{path}/revisions"))
        .await
        .ok();
    assert_eq!(again.as_array().unwrap(), revisions);
}

#[tokio::test]
async fn of_a_batch_each_issue_is_asked_for_once_and_the_unknown_are_named() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let known = ada.issue_ids().await;
    let batch = json!({"issue_ids": [known[0], "unknown", known[1], known[0]]});
    let answer = ada.post("/api/v1/issues/analyze", &batch).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    let body = answer.json();
    let accepted = body["accepted"].as_array().unwrap();
    let issues: Vec<_> = accepted
        .iter()
        .map(|it| it["issue_id"].as_str().unwrap())
        .collect();
    assert_eq!(issues, [&known[0], &known[1]]);
    assert_eq!(body["refused"][0]["issue_id"], "unknown");
    assert_eq!(body["refused"][0]["error"]["code"], "issue_not_found");
    assert_eq!(body["refused"].as_array().unwrap().len(), 1);
    for one in accepted {
        let location = one["location"].as_str().unwrap();
        until("it is completed", async || {
            let record = ada.get(location).await.ok();
            (record["status"] == "completed").then_some(())
        })
        .await;
    }
    for bad in [
        json!({}),
        json!({"issue_ids": []}),
        json!({"issue_ids": [1]}),
    ] {
        let answer = ada.post("/api/v1/issues/analyze", &bad).await;
        assert_eq!(answer.problem().0, 422, "{bad}");
    }
    let none = service.client().registered("bob").await;
    let answer = none.post("/api/v1/issues/analyze", &batch).await;
    assert_eq!(answer.problem().1, "no_workspace");
}

#[tokio::test]
async fn a_batch_that_the_source_refuses_as_a_whole_is_a_problem() {
    let service = Service::start(&[("SAMPLES", "off")]);
    let ada = service.client().with_workspace("ada").await;
    let batch = json!({"issue_ids": ["1", "2"]});
    let answer = ada.post("/api/v1/issues/analyze", &batch).await;
    assert_eq!(answer.problem().1, "source_not_configured");
}
