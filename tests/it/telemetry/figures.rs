//! Figures for a Prometheus.

use serde_json::json;

use super::figures_of;
use crate::support::Service;

#[tokio::test]
async fn figures_tell_of_requests_calls_analyses_and_the_queue() {
    let mut service = Service::start(&[("METRICS_ADDRESS", "127.0.0.1:0")]);
    let at = figures_of(&service).await;
    let ada = service.client().with_workspace("ada").await;
    let id = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{id}/analyze");
    ada.post(&path, &json!({})).await.ok();
    ada.post(&path, &json!({})).await.ok();
    ada.get("/no/such/path").await;

    let answer = at.get("/metrics").await;
    assert!(
        answer
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    let text = answer.text;
    assert!(text.ends_with("# EOF\n"));
    for line in [
        r#"explainer_http_requests_seconds_count{method="POST",route="/api/v1/issues/{issue_id}/analyze",status="200"} 2"#,
        r#"explainer_http_requests_seconds_count{method="GET",route="unknown",status="404"} 1"#,
        r#"explainer_calls_seconds_count{kind="source",system="samples",operation="events",outcome="ok"} 2"#,
        r#"explainer_calls_seconds_count{kind="store",system="sqlite",operation="finish",outcome="ok"} 2"#,
        r#"explainer_analyses_total{outcome="completed",model=""} 2"#,
        "explainer_analyses_reused_total 1",
        "explainer_queue_jobs 0",
        "explainer_queue_age_seconds 0.0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains(&id), "a path in a label");
    // Nothing but the figures is served there, and they are served nowhere else.
    assert_eq!(at.get("/health").await.status.as_u16(), 404);
    assert_eq!(service.client().get("/metrics").await.problem().0, 404);
    assert!(service.terminate());
}

#[tokio::test]
async fn without_an_address_there_are_none() {
    let service = Service::start(&[]);
    service.client().get("/health").await.ok();
    assert!(!service.log().contains("figures"), "{}", service.log());
}
