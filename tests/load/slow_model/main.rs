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

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use clap::Parser;
use futures::future::try_join_all;
use reqwest::Client;
use serde_json::{Value, json};

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
        let service = Service::start(&model, &options, round).await?;
        let idle = service.memory("VmRSS")?;
        let took = service.analyze_all(options.analyses).await?;
        println!(
            "round {round}: {} analyses in {:.2} s, {:.2} times the model alone ({:.2} s); \
             {idle:.0} MiB idle, {:.0} MiB at most",
            options.analyses,
            took.as_secs_f64(),
            took.as_secs_f64() / still.as_secs_f64(),
            still.as_secs_f64(),
            service.memory("VmHWM")?,
        );
    }
    Ok(())
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

/// A service over a source of as many issues; it ends when this is dropped.
struct Service {
    process: Child,
    url: String,
    token: String,
    http: Client,
    _folder: tempfile::TempDir,
}

impl Service {
    async fn start(model: &str, options: &Options, round: usize) -> Outcome<Self> {
        let issues = options.analyses;
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("events.jsonl"), events::events(issues))?;
        let at_once = issues.min(1_024).to_string();
        let mut command = Command::new(std::path::absolute(&options.service)?);
        command
            .current_dir(folder.path())
            .env_clear()
            .env("API_PORT", "0")
            .env("EXPLAINER__LOG__FORMAT", "json")
            .env("EXPLAINER__SOURCES__FILES", "events.jsonl")
            .env("EXPLAINER__ANALYSIS__WORKERS", &at_once)
            .env("EXPLAINER__LLM__OPENAI__CONCURRENCY", &at_once)
            .env("OPENAI_BASE_URL", model)
            .env("OPENAI_MODEL", "slow")
            .stderr(Stdio::piped());
        if let Some(uri) = &options.mongodb {
            let database = format!("explainer-load-{}-{round}", std::process::id());
            command
                .env("MONGODB_URI", uri)
                .env("DATABASE_NAME", database);
        }
        let mut process = command.spawn()?;
        let log = process.stderr.take().ok_or("no log")?;
        let mut lines = BufReader::new(log).lines();
        let url = loop {
            let line = lines
                .next()
                .ok_or("the service ended before it answered")??;
            let line: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(address) = line["address"].as_str() {
                break format!("http://{address}/api/v1");
            }
        };
        // What it logs later is read, so that it never waits for room in the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let mut service = Self {
            process,
            url,
            token: String::new(),
            http: Client::new(),
            _folder: folder,
        };
        let account = json!({
            "username": "load", "email": "load@example.com", "password": "correct horse",
        });
        let registered = service.post("/auth/register", &account).await?;
        service.token = registered["access_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        service
            .post("/workspaces/", &json!({"name": "Load"}))
            .await?;
        Ok(service)
    }

    async fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        let sent = self.http.post(format!("{}{path}", self.url));
        let sent = sent.bearer_auth(&self.token).json(body).send().await?;
        Ok(sent.error_for_status()?.json().await?)
    }

    async fn issues(&self, count: usize) -> Outcome<Vec<String>> {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        while ids.len() < count {
            let path = format!("{}/issues/?limit=100&cursor={cursor}", self.url);
            let page = self.http.get(path).bearer_auth(&self.token).send().await?;
            let page: Value = page.error_for_status()?.json().await?;
            let listed = page["issues"].as_array().into_iter().flatten();
            ids.extend(listed.filter_map(|issue| Some(issue["id"].as_str()?.to_owned())));
            match page["pagination"]["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        Ok(ids)
    }

    /// How long it takes until the last of so many analyses, all asked for at once, is answered.
    async fn analyze_all(&self, count: usize) -> Outcome<Duration> {
        let ids = self.issues(count).await?;
        let began = Instant::now();
        let asked = ids.iter().map(|id| async move {
            let answer = self
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

    /// A figure of its memory, in MiB.
    fn memory(&self, figure: &str) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(figure));
        let kib = line.and_then(|line| line.trim_matches([':', ' ', '\t']).split(' ').next());
        let kib: f64 = kib.ok_or("no such figure")?.trim().parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
