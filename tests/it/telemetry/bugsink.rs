//! What is told arrives at a real Bugsink. It is installed from `PyPI` by `tests/bugsink.sh`; where
//! that cannot be, the test says why and ends.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Client, Service};

/// The server; it is ended when this is dropped.
struct Bugsink {
    process: Child,
    _folder: TempDir,
    facts: BTreeMap<String, String>,
}

impl Bugsink {
    /// Starts one, or says why there is none.
    async fn start() -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/bugsink.sh"))
            .arg(folder.path())
            .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("bugsink"))
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("tests/bugsink.sh does not start: {error}"))?;
        // The first time it is installed, which takes a while.
        for _ in 0..3000 {
            if let Ok(facts) = std::fs::read_to_string(folder.path().join("ready")) {
                let fact = |line: &str| {
                    let (name, value) = line.split_once('=')?;
                    Some((name.to_owned(), value.to_owned()))
                };
                return Ok(Self {
                    process,
                    facts: facts.lines().filter_map(fact).collect(),
                    _folder: folder,
                });
            }
            if process.try_wait().unwrap().is_some() {
                let ended = process.wait_with_output().unwrap();
                let told = String::from_utf8_lossy(&ended.stderr).into_owned();
                assert_eq!(ended.status.code(), Some(69), "{told}");
                return Err(told);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        let _ = process.kill();
        panic!("Bugsink did not answer within five minutes: {log}");
    }

    fn fact(&self, name: &str) -> &str {
        &self.facts[name]
    }

    /// The events of the project that `fit`, as soon as there are so many.
    async fn events(&self, count: usize, fit: impl Fn(&Value) -> bool) -> Vec<Value> {
        let api = Client::new(&format!("{}/api/canonical/0", self.fact("BUGSINK_URL")));
        let api = api.bearer(self.fact("BUGSINK_TOKEN"));
        let issues = format!("/issues/?project={}", self.fact("BUGSINK_PROJECT"));
        let look = async || {
            let mut found = Vec::new();
            for issue in results(&api.get(&issues).await.ok()) {
                let id = issue["id"].as_str().unwrap();
                let events = api.get(&format!("/events/?issue={id}")).await.ok();
                for event in results(&events) {
                    let id = event["id"].as_str().unwrap();
                    let event = api.get(&format!("/events/{id}/")).await.ok();
                    found.push(event["data"].clone());
                }
            }
            found.retain(&fit);
            (found.len() >= count).then_some(found)
        };
        // It takes them in one after the other, each time with all that is asked here meanwhile.
        for _ in 0..120 {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("gave up after a minute: Bugsink has not taken the events in");
    }
}

impl Drop for Bugsink {
    fn drop(&mut self) {
        // Asked, it ends its workers as well; killed, it would leave them.
        let id = self.process.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = self.process.wait();
    }
}

fn results(page: &Value) -> Vec<Value> {
    page["results"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn errors_messages_and_test_events_arrive_at_a_real_bugsink() {
    let bugsink = match Bugsink::start().await {
        Ok(bugsink) => bugsink,
        Err(why) => {
            println!("skipped: errors_messages_and_test_events_arrive_at_a_real_bugsink: {why}");
            return;
        }
    };
    let service = Service::start(&[
        ("DEBUG", "true"),
        ("APP_SENTRY_DSN", bugsink.fact("BUGSINK_DSN")),
        ("APP_SENTRY_ENVIRONMENT", "staging"),
        ("APP_SENTRY_RELEASE", "explainer@9.9"),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "1"),
    ]);
    let ada = service.client().with_workspace("ada").await;
    let bob = service.client().with_workspace("bob").await;

    // Two at once: each error names its own user.
    let path = "/api/v1/debug/test-error";
    let none = json!({});
    let (by_ada, by_bob) = tokio::join!(ada.post(path, &none), bob.post(path, &none));
    for (name, client, answer) in [("ada", &ada, by_ada), ("bob", &bob, by_bob)] {
        let id = answer.ok()["event_id"].as_str().unwrap().to_owned();
        let is_it = |event: &Value| event["event_id"].as_str().unwrap_or("").replace('-', "") == id;
        let event = bugsink.events(1, is_it).await.remove(0);
        let me = client.get("/api/v1/auth/me").await.ok();
        assert_eq!(event["user"]["username"], name);
        assert_eq!(event["user"]["id"], me["id"]);
        assert_eq!(event["contexts"]["workspace"]["id"], me["workspace_id"]);
        assert_eq!(event["release"], "explainer@9.9");
        assert_eq!(event["environment"], "staging");
        let raised = event["exception"]["values"]
            .as_array()
            .unwrap()
            .last()
            .unwrap();
        assert_eq!(raised["type"], "UnreadablePrice");
        assert!(raised["stacktrace"]["frames"].as_array().unwrap().len() > 10);
    }

    ada.post("/api/v1/debug/test-message", &none).await.ok();
    let is_message = |event: &Value| event["message"] == "A test message of the Issue Explainer";
    bugsink.events(1, is_message).await;

    let asked = json!({"event_type": "random", "count": 5});
    let sent = ada
        .post("/api/v1/sentry/generate-random-event", &asked)
        .await
        .ok();
    assert_eq!(sent["total_generated"], 5);
    bugsink
        .events(5, |event| event["tags"]["test_event"] == "true")
        .await;
}
