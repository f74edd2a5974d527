//! `/issues`: a fresh workspace reads the samples.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::Service;

#[tokio::test]
async fn a_fresh_workspace_reads_the_samples() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let page = ada.get("/api/v1/issues/").await.ok();
    let issues = page["issues"].as_array().unwrap();
    assert!(issues.len() >= 10, "{}", issues.len());
    assert_eq!(page["processed_status"], json!({}));
    for issue in issues {
        for text in [
            "id",
            "title",
            "message",
            "level",
            "platform",
            "project_id",
            "project_name",
            "status",
        ] {
            assert!(issue[text].is_string(), "{text} of {issue}");
        }
        for number in ["count", "userCount", "user_count"] {
            assert!(issue[number].is_u64(), "{number} of {issue}");
        }
        for time in ["first_seen", "last_seen"] {
            assert!(
                issue[time].as_str().unwrap().ends_with('Z'),
                "{time} of {issue}"
            );
        }
        assert!(issue["count"].as_u64() >= Some(1));
        assert!(issue["tags"].is_object() && issue["metadata"].is_object());
        assert_eq!(
            issue["processing_status"],
            json!({"status": null, "has_analysis": false})
        );
        assert_eq!(issue["sample"], true);
    }
    assert!(issues.iter().any(|issue| issue["count"].as_u64() > Some(1)));
    assert!(
        issues
            .iter()
            .any(|issue| !issue["tags"].as_object().unwrap().is_empty())
    );
}

#[tokio::test]
async fn pages_lead_through_every_issue_and_back() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let all: BTreeSet<_> = ada.issue_ids().await.into_iter().collect();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    let mut previous = None;
    for _ in 0..=all.len() {
        let path = format!("/api/v1/issues/?limit=4&cursor={cursor}");
        let page = ada.get(&path).await.ok();
        let pagination = &page["pagination"];
        let ids = page["issues"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["id"].as_str().unwrap().to_owned());
        let ids: Vec<_> = ids.collect();
        assert!(ids.len() <= 4);
        if let Some(former) = previous.replace(ids.clone()) {
            let back = pagination["prev_cursor"].as_str().unwrap();
            let page = ada
                .get(&format!("/api/v1/issues/?limit=4&cursor={back}"))
                .await
                .ok();
            assert_eq!(page["issues"][0]["id"], former[0].as_str());
        }
        seen.extend(ids);
        assert_eq!(
            pagination["has_next"],
            pagination["next_cursor"].is_string()
        );
        let Some(next) = pagination["next_cursor"].as_str() else {
            break;
        };
        next.clone_into(&mut cursor);
    }
    assert_eq!(seen.len(), all.len());
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), all);
}

#[tokio::test]
async fn a_list_can_be_narrowed() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let fatal = ada.get("/api/v1/issues/?query=level%3Afatal").await.ok();
    let fatal = fatal["issues"].as_array().unwrap();
    assert!(!fatal.is_empty() && fatal.iter().all(|issue| issue["level"] == "fatal"));
    let none = ada.get("/api/v1/issues/?query=is%3Aresolved").await.ok();
    assert_eq!(none["issues"], json!([]));
    let projects = ada.get("/api/v1/issues/projects").await.ok();
    let projects = projects.as_array().unwrap();
    assert!(!projects.is_empty());
    for project in projects {
        for by in ["id", "slug"] {
            let path = format!(
                "/api/v1/issues/?limit=100&project_id={}",
                project[by].as_str().unwrap()
            );
            let page = ada.get(&path).await.ok();
            let issues = page["issues"].as_array().unwrap();
            assert!(
                !issues.is_empty()
                    && issues
                        .iter()
                        .all(|issue| issue["project_id"] == project["id"])
            );
        }
    }
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=many", "limit"),
    ] {
        let answer = ada.get(&format!("/api/v1/issues/?{query}")).await;
        assert_eq!(answer.problem().0, 422, "{query}");
        assert_eq!(answer.json()["errors"][0]["field"], field);
    }
    let answer = ada.get("/api/v1/issues/?cursor=nonsense").await;
    assert_eq!(answer.problem().0, 400);
}

#[tokio::test]
async fn an_unknown_issue_is_not_found() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    for id in [
        "nope",
        "0",
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        "a%20b",
        &"x".repeat(5000),
    ] {
        let expected = (
            404,
            "issue_not_found".to_owned(),
            "Issue not found".to_owned(),
        );
        assert_eq!(
            ada.get(&format!("/api/v1/issues/{id}")).await.problem(),
            expected,
            "{id}"
        );
        let path = format!("/api/v1/issues/{id}/analyze");
        assert_eq!(
            ada.post(&path, &json!({})).await.problem(),
            expected,
            "{id}"
        );
    }
}

#[tokio::test]
async fn an_issue_nobody_asked_about_is_as_its_source_has_it() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let id = ada.issue_ids().await.remove(0);
    let view = ada.get(&format!("/api/v1/issues/{id}")).await.ok();
    assert_eq!(view["sentry_issue"]["id"], id.as_str());
    assert!(view.get("processed_issue").is_none());
}

#[tokio::test]
async fn without_samples_a_source_must_be_configured() {
    let service = Service::start(&[("SAMPLES", "off")]);
    let ada = service.client().with_workspace("ada").await;
    let (status, code, detail) = ada.get("/api/v1/issues/").await.problem();
    assert_eq!((status, &*code), (400, "source_not_configured"));
    assert_eq!(
        detail,
        "Sentry API token not configured in workspace. Please update workspace settings."
    );
}

#[tokio::test]
async fn a_folder_of_events_can_be_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let event = json!({
        "event_id": "0123456789abcdef0123456789abcdef", "platform": "python", "level": "error",
        "timestamp": "2026-05-01T10:00:00Z",
        "exception": {"values": [{"type": "KeyError", "value": "'sku'", "stacktrace": {"frames": [
            {"filename": "shop/cart.py", "function": "add", "lineno": 12, "in_app": true},
        ]}}]},
    });
    std::fs::write(folder.path().join("one.json"), event.to_string()).unwrap();
    std::fs::write(folder.path().join("broken.json"), "{").unwrap();
    let path = folder.path().to_str().unwrap();
    let service = Service::start(&[("EXPLAINER__SOURCES__FILES", path)]);
    let ada = service.client().with_workspace("ada").await;
    let page = ada.get("/api/v1/issues/").await.ok();
    assert_eq!(page["issues"].as_array().unwrap().len(), 1);
    assert_eq!(page["issues"][0]["title"], "KeyError: 'sku'");
    assert!(page["issues"][0].get("sample").is_none());
    assert!(
        service.log().contains("broken.json"),
        "the log names the broken file"
    );
}

#[tokio::test]
async fn issues_are_told_apart_by_environment_and_period() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let count = async |query: &str| {
        let page = ada.get(&format!("/api/v1/issues/?limit=100{query}")).await;
        page.ok()["issues"].as_array().unwrap().len()
    };
    let all = count("").await;
    // All samples are of one environment.
    assert_eq!(count("&environment=production").await, all);
    assert_eq!(count("&environment=nowhere").await, 0);
    assert_eq!(count("&environment=&period=").await, all);
    assert_eq!(count("&period=9999w").await, all);
    assert_eq!(count("&period=1h").await, 0, "samples are old");
    for bad in ["1m", "0h", "24", "-1d", "1h%0a", "99999d"] {
        let bad = ada.get(&format!("/api/v1/issues/?period={bad}")).await;
        assert_eq!(bad.problem().0, 422, "{}", bad.text);
    }
}
