//! `/analyses/{id}/events`: looking on, also at what another replica does.

use std::{sync::Arc, time::Duration};

use explainer_adapters::{storage::sqlite::SqliteStore, system::SystemClock};
use explainer_core::{
    domain::{Analysis, AnalysisError, Lease, Outcome, Progress, Stage},
    ports::{Analyses, Clock},
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Service, Stream, in_a_file, until};

/// Another replica of the service, as the store sees it, that works on one analysis.
pub(super) struct Replica {
    store: SqliteStore,
    clock: SystemClock,
    job: Analysis,
    lease: Lease,
}

impl Replica {
    /// Has an issue analysed and takes the job before the service does.
    pub(super) async fn working(service: &Service, client: &Client) -> Self {
        let store = SqliteStore::open(service.folder().join("data/explainer.db")).unwrap();
        let clock = SystemClock::default();
        let issue = client.issue_ids().await.remove(0);
        let analyze = format!("/api/v1/issues/{issue}/analyze");
        let (lease, job) = until("the other replica has the job", async || {
            let asking = client.with("prefer", "respond-async");
            asking.post(&analyze, &json!({"force": true})).await;
            let token = format!("replica-{}", clock.now().as_nanosecond());
            let claimed = store.claim(&token, 1, clock.now(), Duration::from_secs(60));
            claimed.await.unwrap().pop()
        })
        .await;
        Self {
            store,
            clock,
            job,
            lease,
        }
    }

    pub(super) fn path(&self) -> String {
        format!("/api/v1/analyses/{}", self.job.id)
    }

    async fn report(&self, stage: Stage, tokens: u32) {
        let progress = Progress {
            stage,
            model: Some("a model".to_owned()),
            tokens,
        };
        assert!(self.store.report(&self.lease, &progress).await.unwrap());
    }

    async fn fail(&self) {
        let error = AnalysisError {
            code: "model_unavailable".into(),
            message: "could not ask".into(),
            retryable: true,
        };
        let failed = Outcome::Failed(error);
        let failed = Arc::new(self.job.ended(failed, self.clock.now()));
        assert!(self.store.finish(&self.lease, failed, &[]).await.unwrap());
    }
}

async fn next(stream: &mut Stream) -> (String, Value) {
    let event = stream.next().await.expect("the stream ended");
    (event.name, serde_json::from_str(&event.data).unwrap())
}

#[tokio::test]
async fn what_another_replica_does_is_seen_as_it_comes() {
    if !in_a_file("what another replica does is seen as it comes") {
        return;
    }
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let replica = Replica::working(&service, &ada).await;
    let mut stream = ada.stream(&format!("{}/events", replica.path())).await;
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert_eq!(stream.header("etag"), "");
    let (name, first) = next(&mut stream).await;
    assert_eq!(
        (&*name, &first["status"]),
        ("progress", &json!("analyzing"))
    );

    replica.report(Stage::Asking, 17).await;
    let (name, told) = next(&mut stream).await;
    assert_eq!(name, "progress");
    assert_eq!(
        (
            &told["stage"],
            &told["model"],
            &told["tokens"],
            &told["attempt"]
        ),
        (&json!("asking"), &json!("a model"), &json!(17), &json!(1))
    );
    let record = ada.get(&replica.path()).await.ok();
    let progress = json!({"stage": "asking", "model": "a model", "tokens": 17});
    assert_eq!(record["progress"], progress);
    let document = ada.get(&format!("{}.md", replica.path())).await;
    if record["result"].is_null() {
        assert_eq!(document.problem().1, "no_result");
    }

    replica.fail().await;
    let (name, last) = next(&mut stream).await;
    assert_eq!((&*name, &last["status"]), ("end", &json!("failed")));
    assert_eq!(last["error"]["code"], "model_unavailable");
    assert!(stream.next().await.is_none(), "it goes on");
}

#[tokio::test]
async fn one_that_has_ended_is_told_at_once_whatever_was_seen_before() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let issue = ada.issue_ids().await.remove(0);
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    let id = ada.post(&analyze, &json!({})).await.ok()["id"].clone();
    let path = format!("/api/v1/analyses/{}/events", id.as_str().unwrap());
    for seen in ["", "17", "\"><script>"] {
        let mut stream = ada.with("last-event-id", seen).stream(&path).await;
        let (name, last) = next(&mut stream).await;
        assert_eq!((&*name, &last["status"]), ("end", &json!("completed")));
        assert!(stream.next().await.is_none());
    }
}

#[tokio::test]
async fn removing_a_running_one_stops_it_and_tells_those_who_look_on_and_wait() {
    if !in_a_file("removing a running one stops it and tells those who look on and wait") {
        return;
    }
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let replica = Replica::working(&service, &ada).await;
    let mut stream = ada.stream(&format!("{}/events", replica.path())).await;
    next(&mut stream).await;
    let record = ada.get(&replica.path()).await.ok();
    let issue = record["issue"]["id"].as_str().unwrap();
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    let waiting = ada.raw(Method::POST, &analyze, "");
    let removing = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        ada.delete(&replica.path()).await
    };
    let (waited, removed) = futures::future::join(waiting, removing).await;
    assert_eq!(removed.status.as_u16(), 204);
    assert_eq!(waited.problem().1, "analysis_not_found");
    let (name, last) = next(&mut stream).await;
    assert_eq!((&*name, &last["status"]), ("end", &json!("deleted")));
    assert!(stream.next().await.is_none());
    let renewed = replica.store.renew(&replica.lease, replica.clock.now());
    assert!(!renewed.await.unwrap(), "the work goes on");
    let found = replica
        .store
        .get(&replica.job.workspace_id, &replica.job.id)
        .await;
    assert!(found.unwrap().is_none());
}

#[tokio::test]
async fn a_service_that_stops_sends_home_who_looks_on_or_waits() {
    if !in_a_file("a service that stops sends home who looks on or waits") {
        return;
    }
    let mut service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let replica = Replica::working(&service, &ada).await;
    let mut stream = ada.stream(&format!("{}/events", replica.path())).await;
    next(&mut stream).await;
    let record = ada.get(&replica.path()).await.ok();
    let issue = record["issue"]["id"].as_str().unwrap().to_owned();
    let waiting = tokio::spawn(async move {
        let analyze = format!("/api/v1/issues/{issue}/analyze");
        ada.raw(Method::POST, &analyze, "").await
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begin = std::time::Instant::now();
    assert!(service.terminate());
    assert!(
        begin.elapsed() < Duration::from_secs(8),
        "it waited for them"
    );
    assert!(stream.next().await.is_none());
    let answer = waiting.await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["status"]),
        (202, &json!("analyzing"))
    );
}

#[tokio::test]
async fn those_who_are_gone_or_do_not_read_hold_nothing() {
    if !in_a_file("those who are gone or do not read hold nothing") {
        return;
    }
    let service = Service::start(&[("EXPLAINER__SERVER__CONCURRENT_REQUESTS", "2")]);
    let ada = service.client().with_workspace("ada").await;
    let replica = Replica::working(&service, &ada).await;
    let path = format!("{}/events", replica.path());
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(ada.stream(&path).await);
        drop(ada.stream(&path).await);
    }
    replica.report(Stage::Writing, 3).await;
    let mut reads = ada.stream(&path).await;
    assert_eq!(next(&mut reads).await.1["stage"], "writing");
    replica.fail().await;
    assert_eq!(next(&mut reads).await.0, "end");
    ada.get("/api/v1/issues/").await.ok();
}
