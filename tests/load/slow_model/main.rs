//! How many analyses wait for a slow model at the same time: so many are asked for at once, of a
//! model that takes two seconds for each. `CONTRIBUTING.md` says how to run it.
//!
//! Beside it stands the model itself, asked the same number of questions at once by a client that
//! does nothing else: what the service adds to that is its own.

#![expect(clippy::print_stdout, reason = "a program for people to run")]
#![expect(
    clippy::disallowed_methods,
    reason = "the load speaks to 127.0.0.1 alone"
)]

#[path = "../events.rs"]
mod events;
#[path = "../model.rs"]
mod model;
#[path = "../service.rs"]
mod service;

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use clap::Parser;
use futures::future::try_join_all;
use reqwest::Client;
use serde_json::json;

use self::service::{Service, on_mongodb, with_model};

/// What can fail here is told to whoever started it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// How many issues one batch names: the most it may.
const BATCH: usize = 100;

/// Has many issues analysed at once by a slow model.
#[derive(Parser)]
struct Options {
    /// How many analyses are in flight
    #[arg(long, default_value_t = 512)]
    analyses: usize,
    /// How long the model takes for each answer, in seconds
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// The service to measure
    #[arg(long, default_value = "target/release/explainer")]
    service: PathBuf,
    /// The address of the MongoDB server to store on, instead of SQLite
    #[arg(long)]
    mongodb: Option<String>,
    /// How often that is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

#[tokio::main]
async fn main() -> Outcome {
    let options = Options::parse();
    let model = model::start(Duration::from_secs_f64(options.seconds), |_| ())?;
    for round in 1..=options.rounds {
        for asked in [Asked::ByClients, Asked::InBatches] {
            let still = alone(&model, options.analyses).await?;
            let service = start(&model, &options).await?;
            let idle = service.server.memory("VmRSS:")?;
            let took = asked.of(&service).await?;
            println!(
                "round {round}: {} analyses {} in {:.2} s, {:.2} times the model alone ({:.2} s); \
                 {idle:.1} MiB idle, {:.1} MiB at most",
                options.analyses,
                asked.name(),
                took.as_secs_f64(),
                took.as_secs_f64() / still.as_secs_f64(),
                still.as_secs_f64(),
                service.server.memory("VmHWM:")?,
            );
        }
    }
    Ok(())
}

/// A service over a source of as many issues.
async fn start(model: &str, options: &Options) -> Outcome<Service> {
    let mut more = with_model(model, options.analyses.min(1_024));
    more.extend(options.mongodb.iter().flat_map(|uri| on_mongodb(uri)));
    let program = Command::new(std::path::absolute(&options.service)?);
    Service::start(program, &events::events(options.analyses), &more).await
}

/// How long the model takes for so many questions at once.
async fn alone(model: &str, count: usize) -> Outcome<Duration> {
    let http = Client::new();
    let question = json!({"model": "slow", "messages": []});
    let began = Instant::now();
    let asked = (0..count).map(|_| async {
        let sent = http
            .post(format!("{model}/chat/completions"))
            .json(&question);
        sent.send().await?.error_for_status()?.bytes().await
    });
    try_join_all(asked).await?;
    Ok(began.elapsed())
}

/// How analyses are asked for.
#[derive(Clone, Copy)]
enum Asked {
    /// Each by a client that waits for its answer.
    ByClients,
    /// Many by one request, which is answered at once; as the poller and webhooks do, nobody waits.
    InBatches,
}

impl Asked {
    fn name(self) -> &'static str {
        match self {
            Self::ByClients => "that clients wait for",
            Self::InBatches => "asked for in batches",
        }
    }

    /// How long it takes until the last analysis of all issues has ended.
    async fn of(self, service: &Service) -> Outcome<Duration> {
        let ids = service.issues().await?;
        let began = Instant::now();
        match self {
            Self::ByClients => by_clients(service, &ids).await?,
            Self::InBatches => in_batches(service, &ids).await?,
        }
        Ok(began.elapsed())
    }
}

async fn by_clients(service: &Service, ids: &[String]) -> Outcome {
    let asked = ids.iter().map(|id| async move {
        let answer = service
            .post(&format!("/issues/{id}/analyze"), &json!({}))
            .await?;
        match answer["status"].as_str() {
            Some("completed") => Ok(()),
            _ => Err(Box::<dyn std::error::Error>::from(answer.to_string())),
        }
    });
    try_join_all(asked).await.map(drop)
}

async fn in_batches(service: &Service, ids: &[String]) -> Outcome {
    let asked = ids.chunks(BATCH).map(|ids| async move {
        let batch = json!({ "issue_ids": ids });
        let answer = service.post("/issues/analyze", &batch).await?;
        match answer["accepted"].as_array() {
            Some(accepted) if accepted.len() == ids.len() => Ok(()),
            _ => Err(Box::<dyn std::error::Error>::from(answer.to_string())),
        }
    });
    try_join_all(asked).await?;
    for status in ["pending", "analyzing"] {
        while any(service, status).await? {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    if any(service, "failed").await? {
        return Err("an analysis failed".into());
    }
    Ok(())
}

/// Whether any analysis has this status.
async fn any(service: &Service, status: &str) -> Outcome<bool> {
    let path = format!("/analyses?limit=1&status={status}");
    let page = service.get(&path).await?;
    let listed = page["analyses"].as_array().ok_or("no list")?;
    Ok(!listed.is_empty())
}
