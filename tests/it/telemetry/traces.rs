//! Traces of requests and of the analyses they ask for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Client, Service, figures_of,
    replay::Replay,
    sentry::{Manner, Sentry},
    wire::Wire,
};

fn name(transaction: &Value) -> &str {
    transaction["transaction"].as_str().unwrap_or_default()
}

fn trace<'t>(transaction: &'t Value, field: &str) -> &'t str {
    transaction["contexts"]["trace"][field]
        .as_str()
        .unwrap_or_default()
}

fn traced(rate: &str) -> (Sentry, Service) {
    let sentry = Sentry::start(Manner::Status(200));
    let service = Service::start(&[
        ("APP_SENTRY_DSN", sentry.dsn()),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", rate),
    ]);
    (sentry, service)
}

/// Has the first issue analysed.
pub(super) async fn analyse(client: &Client) {
    let id = client.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{id}/analyze");
    client.post(&path, &json!({})).await.ok();
}

/// Whether a log record says that an analysis ended well.
fn is_end(item: &Value) -> bool {
    item["body"] == "analysis completed"
        && item["attributes"]["outcome"]["value"] == "completed"
        && item["attributes"]["milliseconds"]["value"].is_number()
}

#[tokio::test]
async fn one_analysis_is_one_trace_from_the_request_to_the_store() {
    let (sentry, service) = traced("1");
    let ada = service.client().with_workspace("ada").await;
    analyse(&ada).await;

    let request = "POST /api/v1/issues/{issue_id}/analyze";
    let request = sentry
        .wait_for("transaction", |it| name(it) == request)
        .await;
    let job = sentry
        .wait_for("transaction", |it| name(it) == "analysis")
        .await;
    assert_eq!(trace(&request, "op"), "http.server");
    assert_eq!(trace(&request, "status"), "ok");
    let data = &request["contexts"]["trace"]["data"];
    assert_eq!(data["http.response.status_code"], 200);
    assert_eq!(data["http.route"], "/api/v1/issues/{issue_id}/analyze");
    assert_eq!(request["user"]["username"], "ada");

    // The job is a part of the request's trace, asked for by the request.
    assert_eq!(trace(&job, "op"), "queue.process");
    assert_eq!(trace(&job, "trace_id"), trace(&request, "trace_id"));
    assert_eq!(trace(&job, "parent_span_id"), trace(&request, "span_id"));
    assert_eq!(job["user"]["id"], request["user"]["id"]);

    // Each call is a child of the request or of the job, in the same trace.
    let called = |of: &Value| -> Vec<(String, String)> {
        let spans = of["spans"].as_array().unwrap();
        let call = |span: &Value| {
            assert_eq!(span["parent_span_id"], trace(of, "span_id"), "{span}");
            assert_eq!(span["trace_id"], trace(of, "trace_id"), "{span}");
            // The worker may hear that its lease is over before it hears that it ended it itself.
            let cut = span["data"]["operation"] == "finish" && span["data"]["outcome"].is_null();
            assert!(cut || span["data"]["outcome"] == "ok", "{span}");
            assert!(cut || span["status"] == "ok", "{span}");
            let text = |field: &str| span[field].as_str().unwrap().to_owned();
            (text("op"), text("description"))
        };
        spans.iter().map(call).collect()
    };
    let has = |calls: &[(String, String)], op: &str, what: &str| {
        assert!(
            calls.contains(&(op.to_owned(), what.to_owned())),
            "{op} {what}: {calls:?}"
        );
    };
    let of_request = called(&request);
    has(&of_request, "db", "analyses_of_issues sqlite");
    has(&of_request, "source", "issue samples");
    has(&of_request, "db", "enqueue sqlite");
    let of_job = called(&job);
    has(&of_job, "source", "issue samples");
    has(&of_job, "source", "events samples");
    has(&of_job, "db", "finish sqlite");

    // How it ended is a log record of the same trace.
    let ended = |log: &Value| log["items"].as_array().unwrap().iter().any(is_end);
    let log = sentry.wait_for("log", ended).await;
    let ended = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| is_end(it))
        .unwrap();
    assert_eq!(ended["trace_id"], trace(&job, "trace_id"));
}

#[tokio::test]
async fn a_trace_that_comes_in_is_continued_as_its_caller_decided() {
    let (sentry, service) = traced("0.0001");
    let id = "771a43a4192642f0b136d5159a501700";
    let client = service.client();
    let asked = client.with(
        "baggage",
        "other=1,sentry-trace_id=771a43a4192642f0b136d5159a501700",
    );
    let not = asked.with(
        "sentry-trace",
        &format!("{}-0000000000000003-0", "8".repeat(32)),
    );
    not.get("/").await;
    let kept = asked.with("sentry-trace", &format!("{id}-00000000000000aa-1"));
    kept.get("/").await;
    client
        .with("sentry-trace", "no trace at all")
        .get("/")
        .await
        .ok();
    let transaction = sentry.wait_for("transaction", |_| true).await;
    assert_eq!(trace(&transaction, "trace_id"), id);
    assert_eq!(trace(&transaction, "parent_span_id"), "00000000000000aa");
    assert_eq!(name(&transaction), "GET /");
    assert!(!sentry.everything().contains(&"8".repeat(32)));
}

#[tokio::test]
async fn at_rate_1_every_request_is_traced_but_signs_of_life() {
    let (sentry, mut service) = traced("1");
    let client = service.client();
    for _ in 0..10 {
        client.get("/health").await.ok();
        client.get("/api/v1/health/").await.ok();
        client.raw(Method::OPTIONS, "/", "").await;
        client.get("/api/v1/auth/me").await;
    }
    client.get("/no/such/path").await;
    assert!(service.terminate());
    let transactions = sentry.items("transaction");
    let names: Vec<_> = transactions.iter().map(name).collect();
    assert_eq!(
        names
            .iter()
            .filter(|it| **it == "GET /api/v1/auth/me")
            .count(),
        10
    );
    assert_eq!(names.len(), 11, "{names:?}");
    assert!(names.contains(&"GET unknown"));
    assert_eq!(trace(&transactions[0], "status"), "unauthenticated");
}

#[tokio::test]
async fn at_rate_0_nothing_is_traced_whoever_asks() {
    let (sentry, mut service) = traced("0");
    let asks = service.client().with(
        "sentry-trace",
        &format!("{}-00000000000000aa-1", "7".repeat(32)),
    );
    for _ in 0..20 {
        asks.get("/").await.ok();
    }
    assert!(service.terminate());
    assert_eq!(sentry.items("transaction").len(), 0);
}

/// Of 400 requests at 0.25, 100 are expected; fewer than 60 or more than 140 come once in 200,000 runs.
#[tokio::test]
async fn at_rate_025_a_quarter_is_traced() {
    let (sentry, mut service) = traced("0.25");
    let client = service.client();
    for _ in 0..400 {
        client.get("/api/v1/auth/me").await;
    }
    assert!(service.terminate());
    let kept = sentry.items("transaction").len();
    assert!((60..=140).contains(&kept), "{kept} of 400");
    // From which Sentry works out how many there were.
    let told = sentry.everything();
    assert_eq!(told.matches(r#""sample_rate":"0.25""#).count(), kept);
}

#[tokio::test]
async fn a_model_that_is_asked_is_a_span_with_its_tokens() {
    let model = Replay::start().await;
    let (path, found) = Wire::Chat.description();
    model.on(path, [found]);
    let answer = Wire::Chat.answer(&["this is no specification"], "stop");
    model.on(Wire::Chat.path(), [answer]);
    let sentry = Sentry::start(Manner::Status(200));
    let service = Service::start(&[
        ("OPENAI_BASE_URL", &format!("{}/v1", model.url())),
        ("OPENAI_MODEL", "tiny"),
        ("OPENAI_API_KEY", "sk-test"),
        ("EXPLAINER__LLM__PRICES", "tiny 10 5 100"),
        ("EXPLAINER__LLM__OPENAI__LOCATION", "remote"),
        ("METRICS_ADDRESS", "127.0.0.1:0"),
        ("APP_SENTRY_DSN", sentry.dsn()),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "1"),
    ]);
    let ada = service.client().with_workspace("ada").await;
    analyse(&ada).await;
    let job = sentry
        .wait_for("transaction", |it| name(it) == "analysis")
        .await;
    let spans = job["spans"].as_array().unwrap();
    let asked = spans.iter().find(|span| span["op"] == "gen_ai.chat");
    let asked = asked.unwrap_or_else(|| panic!("{spans:?}"));
    assert_eq!(asked["description"], "chat tiny");
    assert_eq!(asked["parent_span_id"], trace(&job, "span_id"));
    let data = &asked["data"];
    assert_eq!(data["gen_ai.system"], "openai");
    assert_eq!(data["gen_ai.request.model"], "tiny");
    assert_eq!(data["gen_ai.usage.input_tokens"], 57);
    assert_eq!(data["gen_ai.usage.output_tokens"], 17);
    // Neither what was asked nor what was answered.
    assert!(!sentry.everything().contains("no specification"));

    let text = figures_of(&service).await.get("/metrics").await.text;
    for line in [
        r#"explainer_model_tokens_total{model="tiny",direction="input"} "#,
        r#"explainer_model_cost_dollars_total{model="openai/tiny"} 0.0"#,
        r#"explainer_calls_seconds_count{kind="model",system="openai",operation="chat",outcome="ok"} "#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
