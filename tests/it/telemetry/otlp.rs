//! Traces in OpenTelemetry's form, by configuration.

use std::{fs, net::TcpListener, process::Output, time::Instant};

use reqwest::Method;
use serde_json::json;

use super::{
    patience::{LONGEST_FAREWELL, resident},
    traces::analyse,
};
use crate::support::{
    Service,
    otlp::{Collector, Span},
    replay::Replay,
    sentry::{Manner, Sentry},
    wire::Wire,
};

const ANALYZE: &str = "POST /api/v1/issues/{issue_id}/analyze";
const KEY: &str = "Basic c2VjcmV0LWtleS1vZi10aGUtY29sbGVjdG9y";
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const CONSUMER: i32 = 5;

fn traced(collector: &Collector, more: &[(&str, &str)]) -> Service {
    let endpoint = collector.endpoint();
    let own = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint)];
    Service::start(&[&own, more].concat())
}

#[tokio::test]
async fn one_analysis_is_one_trace_from_the_request_to_the_store() {
    let model = Replay::start().await;
    let (path, found) = Wire::Chat.description();
    model.on(path, [found]);
    let answer = Wire::Chat.answer(&["this is no specification"], "stop");
    model.on(Wire::Chat.path(), [answer]);
    let (collector, sentry) = (
        Collector::start(Manner::Status(200)),
        Sentry::start(Manner::Status(200)),
    );
    // A Sentry beside it keeps a trace of its own, which must not be taken for this one.
    let mut service = traced(
        &collector,
        &[
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "authorization=Basic%20c2VjcmV0LWtleS1vZi10aGUtY29sbGVjdG9y,x-scope=ours",
            ),
            ("OTEL_SERVICE_NAME", "explainer-of-ours"),
            ("APP_SENTRY_ENVIRONMENT", "staging"),
            ("APP_SENTRY_RELEASE", "9.9"),
            ("APP_SENTRY_DSN", sentry.dsn()),
            ("APP_SENTRY_TRACES_SAMPLE_RATE", "1"),
            ("OPENAI_BASE_URL", &format!("{}/v1", model.url())),
            ("OPENAI_MODEL", "tiny"),
            ("OPENAI_API_KEY", "sk-test"),
            ("EXPLAINER__LLM__ALLOW_HEURISTICS", "true"),
        ],
    );
    let ada = service.client().with_workspace("ada").await;
    let user = ada.get("/api/v1/auth/me").await.ok();
    let id = "771a43a4192642f0b136d5159a501700";
    analyse(&ada.with("traceparent", &format!("00-{id}-00000000000000aa-01"))).await;
    // What is still to be told is told before it ends.
    assert!(service.terminate());

    let request = collector.span(ANALYZE);
    assert_eq!((request.kind, request.failed), (SERVER, false));
    assert_eq!(
        (&*request.trace, &*request.parent),
        (id, "00000000000000aa")
    );
    assert_eq!(request.fields["http.request.method"], "POST");
    assert_eq!(
        request.fields["http.route"],
        "/api/v1/issues/{issue_id}/analyze"
    );
    assert_eq!(request.fields["http.response.status_code"], "200");
    assert_eq!(request.fields["user.id"], user["id"].as_str().unwrap());
    let job = collector.span("analysis");
    assert_eq!((job.kind, job.failed), (CONSUMER, false));
    assert_eq!((&job.trace, &job.parent), (&request.trace, &request.id));
    assert_eq!(job.fields["user.id"], request.fields["user.id"]);
    assert_eq!(job.fields["workspace.id"], request.fields["workspace.id"]);
    let ended = |it: &std::collections::BTreeMap<String, String>| it.get("outcome").cloned();
    let ended: Vec<_> = job.events.iter().filter_map(ended).collect();
    assert_eq!(ended, ["completed"]);

    let spans = collector.spans();
    let calls = |of: &Span| -> Vec<Span> {
        let below = spans
            .iter()
            .filter(|it| it.parent == of.id && it.kind == CLIENT);
        below
            .inspect(|it| assert_eq!(it.trace, of.trace))
            .cloned()
            .collect()
    };
    let has = |calls: &[Span], kind: &str, name: &str| {
        let found = calls
            .iter()
            .find(|it| it.fields["kind"] == kind && it.name == name);
        let found = found.unwrap_or_else(|| panic!("{kind} {name}: {calls:?}"));
        assert!(!found.failed, "{found:?}");
        found.clone()
    };
    let of_request = calls(&request);
    has(&of_request, "store", "analyses_of_issues sqlite");
    has(&of_request, "source", "issue samples");
    has(&of_request, "store", "enqueue sqlite");
    let of_job = calls(&job);
    has(&of_job, "store", "neighbours sqlite");
    has(&of_job, "source", "events samples");
    has(&of_job, "store", "finish sqlite");
    let asked = has(&of_job, "model", "chat tiny").fields;
    assert_eq!(asked["gen_ai.system"], "openai");
    assert_eq!(asked["gen_ai.request.model"], "tiny");
    assert_eq!(asked["gen_ai.usage.input_tokens"], "57");
    assert_eq!(asked["gen_ai.usage.output_tokens"], "17");

    for span in &spans {
        assert_eq!(span.resource["service.name"], "explainer-of-ours");
        assert_eq!(span.resource["service.version"], "9.9");
        assert_eq!(span.resource["deployment.environment.name"], "staging");
    }
    let everything = collector.everything();
    assert!(everything.starts_with("POST /v1/traces "), "{everything}");
    assert!(everything.contains(&format!("authorization: {KEY}")));
    assert!(everything.contains("x-scope: ours"));
    // Neither what was asked nor what was answered.
    assert!(!everything.contains("no specification"));
    assert!(!service.log().contains(KEY));
    // Sentry's trace of the job goes on as well.
    let name = |name: &'static str| move |it: &serde_json::Value| it["transaction"] == name;
    let request = sentry.wait_for("transaction", name(ANALYZE)).await;
    let job = sentry.wait_for("transaction", name("analysis")).await;
    let trace = |of: &serde_json::Value| of["contexts"]["trace"]["trace_id"].clone();
    assert_eq!(trace(&job), trace(&request));
}

#[tokio::test]
async fn a_caller_that_decided_is_heeded_and_others_are_sampled() {
    let collector = Collector::start(Manner::Status(200));
    let mut service = traced(
        &collector,
        &[("EXPLAINER__TELEMETRY__OTLP__SAMPLE_RATE", "0.25")],
    );
    let client = service.client();
    let (yes, no) = ("a".repeat(32), "b".repeat(32));
    let with = |text: &str| client.with("traceparent", text);
    for _ in 0..5 {
        with(&format!("00-{yes}-00000000000000aa-01"))
            .get("/")
            .await
            .ok();
        with(&format!("00-{no}-00000000000000aa-00"))
            .get("/")
            .await
            .ok();
    }
    for _ in 0..400 {
        with("no trace at all").get("/api/v1/auth/me").await;
        client.get("/health").await.ok();
        client.raw(Method::OPTIONS, "/", "").await;
    }
    assert!(service.terminate());
    let spans = collector.spans();
    assert_eq!(spans.iter().filter(|it| it.trace == yes).count(), 5);
    assert_eq!(spans.iter().filter(|it| it.trace == no).count(), 0);
    // Of 400, 100 are expected; fewer than 60 or more than 140 come once in 200,000 runs.
    let others = spans
        .iter()
        .filter(|it| it.trace != yes && it.kind == SERVER);
    let names: Vec<_> = others.map(|it| &*it.name).collect();
    assert!((60..=140).contains(&names.len()), "{} of 400", names.len());
    assert!(
        names.iter().all(|it| *it == "GET /api/v1/auth/me"),
        "{names:?}"
    );
}

#[tokio::test]
async fn what_is_off_sends_nothing() {
    let collector = Collector::start(Manner::Status(200));
    let off = traced(
        &collector,
        &[("EXPLAINER__TELEMETRY__OTLP__SAMPLE_RATE", "0")],
    );
    let nowhere = Service::start(&[("OTEL_SERVICE_NAME", "explainer-of-ours")]);
    for mut service in [off, nowhere] {
        let client = service.client();
        let asks = client.with(
            "traceparent",
            &format!("00-{}-00000000000000aa-01", "7".repeat(32)),
        );
        for _ in 0..20 {
            asks.get("/").await.ok();
        }
        assert!(service.terminate());
    }
    assert_eq!(collector.everything(), "");
}

#[tokio::test]
async fn secrets_and_customers_words_are_in_no_trace() {
    const PASSWORD: &str = "Tr0ub4dor-and-3";
    const API_TOKEN: &str = "sntrys_eyJpYXQiOjE3MDAwMDAwMDB9_abcdefghijklmnop";
    const WORDS: &str = "the purple zeppelin";
    let (collector, model) = (Collector::start(Manner::Status(200)), Replay::start().await);
    let events = tempfile::tempdir().unwrap();
    let event = json!({
        "event_id": "1", "timestamp": 1_770_000_001, "message": WORDS,
        "exception": [{"type": "KeyError", "value": "no seat for <wilhelmina@customer.example>"}],
    });
    fs::write(events.path().join("events.jsonl"), event.to_string()).unwrap();
    // A model whose name is a secret, and an error of it that holds one.
    let (path, found) = Wire::Chat.description();
    model.on(path, [found]);
    let secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789";
    let mut service = traced(
        &collector,
        &[
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of-the-collector"),
            ("OPENAI_BASE_URL", &format!("{}/v1", model.url())),
            ("OPENAI_MODEL", secret),
            ("OPENAI_API_KEY", "sk-test"),
            ("EXPLAINER__SOURCES__FILES", events.path().to_str().unwrap()),
        ],
    );
    let client = service.client();
    let account = json!({"username": "ada", "email": "ada@private.example", "password": PASSWORD});
    let session = client.post("/api/v1/auth/register", &account).await.ok();
    let token = session["access_token"].as_str().unwrap();
    let ada = client.bearer(token);
    ada.post("/api/v1/workspaces/", &json!({"name": "Ours"}))
        .await
        .ok();
    let id = ada.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{id}/analyze");
    ada.post(&path, &json!({})).await;
    let settings = json!({"sentry_organization": "acme", "sentry_api_token": API_TOKEN});
    ada.put("/api/v1/workspaces/current", &settings).await.ok();
    ada.get(&format!("/api/v1/issues/?cursor={PASSWORD}")).await;
    assert!(service.terminate());

    let job = collector.span("analysis");
    assert!(job.failed, "{job:?}");
    assert!(
        collector
            .spans()
            .iter()
            .any(|it| it.fields.get("kind").is_some_and(|it| it == "model"))
    );
    // What goes along in the headers goes to the collector alone.
    let sent = format!("{:?}", collector.spans());
    for seed in [
        PASSWORD,
        API_TOKEN,
        WORDS,
        secret,
        token,
        "of-the-collector",
        "ada@private.example",
        "wilhelmina@customer.example",
    ] {
        assert!(!sent.contains(seed), "{seed} was told: {sent}");
    }
}

/// A service that sends to `endpoint`, once it was asked for `count` pages.
async fn asked(endpoint: &str, count: usize) -> Service {
    let service = Service::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("RUST_LOG", "info,explainer::access=off"),
    ]);
    ask(&service, count).await;
    service
}

async fn ask(service: &Service, count: usize) {
    let client = service.client();
    for _ in 0..count / 50 {
        futures::future::join_all((0..50).map(|_| async { client.get("/").await.ok() })).await;
    }
}

fn stops_in_time(mut service: Service) {
    let began = Instant::now();
    assert!(service.terminate());
    let took = began.elapsed();
    assert!(took < LONGEST_FAREWELL, "it took {took:?} to stop");
    // It is told, but not for each batch.
    let log = service.log();
    let told = log.matches("traces are lost from now on").count();
    assert!(told <= 1, "{log}");
}

#[tokio::test]
async fn one_that_is_down_holds_nobody_up() {
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    stops_in_time(asked(&endpoint, 2_000).await);
}

#[tokio::test]
async fn one_that_refuses_holds_nobody_up() {
    let collector = Collector::start(Manner::Status(503));
    stops_in_time(asked(&collector.endpoint(), 2_000).await);
    assert!(!collector.spans().is_empty());
}

/// What waits is bounded: after the queue is full, ten thousand spans more keep nothing.
#[tokio::test]
async fn one_that_is_silent_holds_nobody_up_and_nothing_is_kept_for_it() {
    let collector = Collector::start(Manner::Silent);
    let service = asked(&collector.endpoint(), 4_000).await;
    let before = resident(service.id());
    ask(&service, 10_000).await;
    let after = resident(service.id());
    stops_in_time(service);
    let Some((before, after)) = before.zip(after) else {
        println!("skipped: memory is read from /proc, and there is none");
        return;
    };
    // A kept span has about 1 KiB: ten thousand would be 10 MiB.
    let grown = after.saturating_sub(before);
    assert!(
        grown < 6 * 1024,
        "{grown} KiB more than after 4000 requests"
    );
}

fn check_config(variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Service::command(folder.path());
    command.arg("check-config").envs(variables.iter().copied());
    command.output().unwrap()
}

#[test]
fn the_configuration_is_checked_and_its_headers_are_not_shown() {
    let good = check_config(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=0123456789"),
    ]);
    assert!(good.status.success());
    let shown = String::from_utf8(good.stdout).unwrap();
    let line = |key: &str| {
        let found = shown.lines().find(|line| line.starts_with(key));
        found.unwrap_or_else(|| panic!("{key}: {shown}"))
    };
    assert!(line("telemetry.otlp.endpoint").contains("http://127.0.0.1:4318"));
    assert!(line("telemetry.otlp.headers").contains("***"));
    assert!(!shown.contains("0123456789"));

    let bad = check_config(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "0123456789"),
        ("EXPLAINER__TELEMETRY__OTLP__SAMPLE_RATE", "2"),
    ]);
    assert!(!bad.status.success());
    let told = String::from_utf8(bad.stderr).unwrap();
    for key in ["endpoint", "headers", "sample_rate"] {
        let lines = told
            .lines()
            .filter(|it| it.contains(&format!("telemetry.otlp.{key}")));
        assert_eq!(lines.count(), 1, "{key}: {told}");
    }
    assert!(!told.contains("0123456789"), "{told}");
}
