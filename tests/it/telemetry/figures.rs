//! Figures for a Prometheus.

use serde_json::json;

use crate::{
    plugins::support::{allowed, library},
    support::{Service, figures_of, until},
};

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

#[tokio::test]
async fn a_plugin_that_dies_and_a_model_that_is_left_alone_are_counted() {
    let entry = allowed(&library("rogue")).to_string();
    let service = Service::start(&[
        ("METRICS_ADDRESS", "127.0.0.1:0"),
        ("EXPLAINER__PLUGINS__ALLOW", &entry),
        ("OLLAMA_BASE_URL", "http://127.0.0.1:1"),
        ("OLLAMA_MODEL", "tiny"),
        ("EXPLAINER__LLM__BREAKER_FAILURES", "1"),
    ]);
    let at = figures_of(&service).await;
    let ada = service.client().with_workspace("ada").await;
    let id = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{id}/analyze");
    let asking = ada.with("prefer", "respond-async");
    asking.post(&path, &json!({})).await;
    until("the model is left alone", async || {
        let text = at.get("/metrics").await.text;
        text.lines()
            .any(|line| line.starts_with("explainer_model_breaker_open{") && line.ends_with(" 1"))
            .then_some(())
    })
    .await;

    let source = json!({"source": {"kind": "rogue", "settings": {"mode": "abort"}}});
    ada.put("/api/v1/workspaces/current", &source).await.ok();
    // The first does not start it again, and each after it does.
    for restarts in 0..3 {
        until("the pause is over", async || {
            let (status, _, detail) = ada.get("/api/v1/issues/").await.problem();
            assert_eq!(status, 502, "{detail}");
            detail.contains("signal 6").then_some(())
        })
        .await;
        let text = at.get("/metrics").await.text;
        let line = format!("explainer_plugin_restarts_total{{kind=\"rogue\"}} {restarts}\n");
        assert_eq!(text.contains(&line), restarts > 0, "{line}{text}");
    }
}
