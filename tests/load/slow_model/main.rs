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
    let model = model::start(Duration::from_secs_f64(options.seconds), |_| ()).await?;
    for round in 1..=options.rounds {
        let still = alone(&model, options.analyses).await?;
        let service = start(&model, &options).await?;
        let idle = service.server.memory("VmRSS:")?;
        let took = analyze_all(&service).await?;
        println!(
            "round {round}: {} analyses in {:.2} s, {:.2} times the model alone ({:.2} s); \
             {idle:.0} MiB idle, {:.0} MiB at most",
            options.analyses,
            took.as_secs_f64(),
            took.as_secs_f64() / still.as_secs_f64(),
            still.as_secs_f64(),
            service.server.memory("VmHWM:")?,
        );
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

/// How long it takes until the last of so many analyses, all asked for at once, is answered.
async fn analyze_all(service: &Service) -> Outcome<Duration> {
    let ids = service.issues().await?;
    let began = Instant::now();
    let asked = ids.iter().map(|id| async move {
        let answer = service
            .post(&format!("/issues/{id}/analyze"), &json!({}))
            .await?;
        match answer["status"].as_str() {
            Some("completed") => Ok(()),
            _ => Err(Box::<dyn std::error::Error>::from(answer.to_string())),
        }
    });
    try_join_all(asked).await?;
    Ok(began.elapsed())
}
