//! More than one process over one MongoDB, and MongoDB going away and coming back.

use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use explainer_adapters::system::SystemClock;
use explainer_core::{
    domain::{AnalysisError, ExposeSecret, Outcome},
    ports::{Analyses, Clock},
};
use mongodb::{Client as Driver, bson::doc};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    Answer, Client, Service,
    mongod::{Mongod, Place, Topology, server},
    until,
};

const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const PASSWORD: &str = "hush-hush-4711";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_outlives_a_mongodb_that_stands_alone() {
    outlive(Topology::Standalone, Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_outlives_a_mongodb_replica_set() {
    outlive(Topology::ReplicaSet, Duration::from_secs(30)).await;
}

/// While MongoDB is away, for as long as `away` at least, the service says so in time and stays up;
/// once it is back the work goes on, and what was accepted is done. Nothing it says or logs shows
/// the password.
async fn outlive(topology: Topology, away: Duration) {
    let mut mongod = Mongod::start(topology);
    let uri = with_login(&mongod).await;
    let service = Service::start(&[
        ("MONGODB_URI", &uri),
        ("RUST_LOG", "trace"),
        ("EXPLAINER__ANALYSIS__LEASE_SECONDS", "2"),
    ]);
    let ada = service.client().with_workspace("ada").await;
    let issues = ada.issue_ids().await;
    let ready = ada.get("/health/ready").await.ok();
    assert_eq!(ready["status"], "ready", "{ready}");

    let mut locations = Vec::new();
    for issue in &issues {
        locations.push(ask(&ada, issue).await.header("location").to_owned());
    }
    mongod.kill();
    let (mut said, since, mut round) = (String::new(), Instant::now(), 0);
    while round < 2 || since.elapsed() < away {
        round += 1;
        for path in ["/api/v1/issues/processed/", "/api/v1/auth/me"] {
            said += &unavailable(&format!("{path} in round {round}"), ada.get(path)).await;
        }
        let ready = ada.get("/api/v1/health/ready").await;
        assert_eq!(ready.problem().1, "not_ready");
        let (store, queue) = (check(&ready.json(), "store"), check(&ready.json(), "queue"));
        assert_eq!((&store["ok"], &queue["ok"]), (&json!(false), &json!(false)));
        assert!(store["latency_ms"].as_f64().unwrap() < 3000.0, "{store}");
        said += &ready.text;
        ada.get("/health").await.ok();
    }
    said += &unavailable("asking for an analysis", ask(&ada, &issues[0])).await;

    mongod.run();
    until_within(Duration::from_secs(60), "reads go well again", async || {
        let answer = ada.get("/api/v1/issues/processed/").await;
        (answer.status == StatusCode::OK).then_some(())
    })
    .await;
    for location in locations {
        until_within(Duration::from_secs(30), "the work goes on", async || {
            let record = ada.get(&location).await.ok();
            (record["status"] == "completed").then_some(())
        })
        .await;
    }
    let ready = ada.get("/health/ready").await.ok();
    assert_eq!(check(&ready, "queue")["waiting"], 0, "{ready}");
    for told in [said, service.log()] {
        let shown = told.lines().find(|line| line.contains(PASSWORD));
        assert_eq!(shown, None);
    }
}

/// A login that the server knows; it is checked although the server would let anybody in.
async fn with_login(mongod: &Mongod) -> String {
    let driver = Driver::with_uri_str(mongod.uri()).await.unwrap();
    let login = doc! { "createUser": "ada", "pwd": PASSWORD, "roles": ["root"] };
    driver.database("admin").run_command(login).await.unwrap();
    let login = format!("mongodb://ada:{PASSWORD}@");
    mongod.uri().replace("mongodb://", &login)
}

async fn ask(client: &Client, issue: &str) -> Answer {
    let path = format!("/api/v1/issues/{issue}/analyze");
    let asking = client.with("prefer", "respond-async");
    asking.post(&path, &json!({"force": true})).await
}

/// Checks that the answer is a 503 in time; gives back what it said.
async fn unavailable(what: &str, asking: impl Future<Output = Answer>) -> String {
    let begin = Instant::now();
    let answer = asking.await;
    let (status, ..) = answer.problem();
    assert_eq!(status, 503, "{what}: {}", answer.text);
    assert!(!answer.header("retry-after").is_empty(), "{what}");
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(3), "{what} took {took:?}");
    answer.text
}

fn check(ready: &Value, name: &str) -> Value {
    let checks = ready["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap().clone()
}

async fn until_within<F: Future<Output = Option<()>>>(
    limit: Duration,
    what: &str,
    mut condition: impl FnMut() -> F,
) {
    let begin = Instant::now();
    while condition().await.is_none() {
        assert!(begin.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_replicas_that_start_at_once_share_one_database() {
    const REPLICAS: usize = 10;
    let place = Place::on(&server(Topology::ReplicaSet)).await;
    let variables = variables(&place);
    let replicas: Vec<Service> = std::thread::scope(|scope| {
        let starts = (0..REPLICAS).map(|_| scope.spawn(|| Service::start(&variables)));
        let starts: Vec<_> = starts.collect();
        starts.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let clients = replicas.iter().enumerate().map(async |(number, replica)| {
        replica.client().registered(&format!("user-{number}")).await
    });
    let clients = futures::future::join_all(clients).await;
    let mut admins = 0;
    for (number, client) in clients.iter().enumerate() {
        // Each one's token is good at its neighbour.
        let neighbour = client.at(replicas[(number + 1) % REPLICAS].url());
        let me = neighbour.get("/api/v1/auth/me").await.ok();
        assert_eq!(me["username"], format!("user-{number}"));
        admins += usize::from(me["role"] == "admin");
    }
    assert_eq!(admins, 1, "one of them was the first");
    drop(replicas);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_call_hears_at_once_what_another_replica_ends() {
    let place = Place::on(&server(Topology::ReplicaSet)).await;
    // Its only worker waits for a model that never answers, so that another replica can have a job.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let model = format!("http://{}/v1", silent.local_addr().unwrap());
    let busy = [
        ("OPENAI_BASE_URL", &*model),
        ("OPENAI_MODEL", "silent"),
        ("EXPLAINER__ANALYSIS__WORKERS", "1"),
    ];
    let service = Service::start(&[&variables(&place)[..], &busy].concat());
    let ada = service.client().with_workspace("ada").await;
    let [held, issue] = ada.issue_ids().await[..2].to_vec().try_into().unwrap();
    let held = ask(&ada, &held).await.json()["id"].clone();
    let held = format!("/api/v1/issues/processed/{}", held.as_str().unwrap());
    until("the worker is busy", async || {
        (ada.get(&held).await.ok()["status"] == "analyzing").then_some(())
    })
    .await;

    // Another replica, as the database sees it.
    ask(&ada, &issue).await;
    let (other, clock) = (place.open().await, SystemClock::default());
    let minute = Duration::from_secs(60);
    let claimed = other.claim("the other", 1, clock.now(), minute).await;
    let (lease, job) = claimed.unwrap().remove(0);
    let path = format!("/api/v1/issues/{issue}/analyze");
    let waiting = tokio::spawn({
        let ada = ada.clone();
        async move { ada.post(&path, &json!({})).await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ended = Instant::now();
    let reason = AnalysisError {
        code: "told_by_another".to_owned(),
        message: "the other replica ended it".to_owned(),
        retryable: false,
    };
    let failed = Arc::new(job.ended(Outcome::Failed(reason), clock.now()));
    assert!(other.finish(&lease, failed, &[]).await.unwrap());
    let answer = waiting.await.unwrap().ok();
    assert_eq!(answer["error"]["code"], "told_by_another", "{answer}");
    // Looking at the store alone, it would take up to five seconds.
    let took = ended.elapsed();
    assert!(took < Duration::from_secs(2), "heard after {took:?}");
    drop(service);
    place.drop().await;
}

fn variables(place: &Place) -> [(&'static str, &str); 3] {
    let uri = place.config.uri.expose_secret();
    [
        ("MONGODB_URI", uri),
        ("DATABASE_NAME", place.database.name()),
        ("SECRET_KEY", KEY),
    ]
}
