//! Profiles of traced requests.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{
    Service,
    sentry::{Manner, Sentry},
};

#[tokio::test]
async fn a_profile_follows_the_schema_and_shows_this_program() {
    let sentry = Sentry::start(Manner::Status(200));
    let mut service = Service::start(&[
        ("APP_SENTRY_DSN", sentry.dsn()),
        ("APP_SENTRY_ENVIRONMENT", "staging"),
        ("APP_SENTRY_RELEASE", "explainer@9.9"),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "1"),
        ("APP_SENTRY_PROFILES_SAMPLE_RATE", "1"),
    ]);
    // Hashing passwords is work that is seen sooner or later, and so is what led to it.
    let seen = |what: &str| {
        let chunks = sentry.items("profile_chunk");
        let functions: BTreeSet<_> = chunks.iter().flat_map(checked).collect();
        functions.iter().any(|it| it.contains(what))
    };
    let mut number = 0;
    while !(seen("argon2") && seen("explainer")) {
        assert!(number < 200, "nothing was profiled: {}", service.log());
        service.client().registered(&format!("user-{number}")).await;
        number += 1;
    }
    assert!(service.terminate());
    for chunk in sentry.items("profile_chunk") {
        checked(&chunk);
    }

    // The trace and its profile find each other.
    let chunk = &sentry.items("profile_chunk")[0];
    let transactions = sentry.items("transaction");
    let linked = |it: &&Value| it["contexts"]["profile"]["profiler_id"] == chunk["profiler_id"];
    let transaction = transactions.iter().find(linked).unwrap();
    let thread = &transaction["contexts"]["trace"]["data"]["thread.id"];
    assert!(thread.as_str().unwrap().parse::<u64>().unwrap() > 0);
}

/// Holds a chunk against <https://develop.sentry.dev/sdk/telemetry/profiles/sample-format-v2/> and
/// gives back the functions in it.
fn checked(chunk: &Value) -> Vec<String> {
    let id = |field: &str| {
        let id = chunk[field].as_str().unwrap();
        assert!(
            id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit()),
            "{id}"
        );
    };
    id("profiler_id");
    id("chunk_id");
    assert_eq!(chunk["version"], "2");
    assert_eq!(chunk["platform"], "rust");
    assert_eq!(chunk["release"], "explainer@9.9");
    assert_eq!(chunk["environment"], "staging");
    let profile = &chunk["profile"];
    let list = |field: &str| profile[field].as_array().unwrap();
    let (samples, stacks, frames) = (list("samples"), list("stacks"), list("frames"));
    assert!(!samples.is_empty());
    let mut before = 0.0;
    for sample in samples {
        let time = sample["timestamp"].as_f64().unwrap();
        assert!(time >= before && time > 1.7e9, "{time} after {before}");
        before = time;
        let seen = usize::try_from(sample["stack_id"].as_u64().unwrap()).unwrap();
        assert!(seen < stacks.len(), "{sample}");
        let thread = sample["thread_id"].as_str().unwrap();
        assert!(
            profile["thread_metadata"][thread]["name"].is_string(),
            "{sample}"
        );
    }
    for index in stacks.iter().flat_map(|stack| stack.as_array().unwrap()) {
        assert!(index.as_u64().unwrap() < frames.len() as u64);
    }
    let function = |frame: &Value| {
        assert!(frame["in_app"].is_boolean(), "{frame}");
        frame["function"].as_str().unwrap().to_owned()
    };
    frames.iter().map(function).collect()
}

#[tokio::test]
async fn at_rate_0_nothing_is_profiled() {
    let sentry = Sentry::start(Manner::Status(200));
    let mut service = Service::start(&[
        ("APP_SENTRY_DSN", sentry.dsn()),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "1"),
    ]);
    service.client().registered("ada").await;
    service.client().registered("bob").await;
    assert!(service.terminate());
    assert!(!sentry.items("transaction").is_empty());
    assert_eq!(sentry.items("profile_chunk").len(), 0);
    assert!(!sentry.everything().contains("profiler_id"));
}
