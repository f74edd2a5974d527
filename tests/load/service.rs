//! A service that a load program starts for itself, and the account that it asks with.

#![expect(dead_code, reason = "no program uses all of it")]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Outcome;

pub(crate) const USER: &str = "load";
pub(crate) const PASSWORD: &str = "correct horse";

/// A variable of a service's environment.
pub(crate) type Variable = (&'static str, String);

/// Have a service ask this model, for so many analyses at once.
pub(crate) fn with_model(url: &str, at_once: usize) -> Vec<Variable> {
    vec![
        ("EXPLAINER__ANALYSIS__WORKERS", at_once.to_string()),
        ("EXPLAINER__LLM__OPENAI__CONCURRENCY", at_once.to_string()),
        ("OPENAI_BASE_URL", url.to_owned()),
        ("OPENAI_MODEL", "load".to_owned()),
    ]
}

/// Have a service store in a database of its own.
pub(crate) fn on_mongodb(uri: &str) -> [Variable; 2] {
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let database = format!("explainer-load-{}-{number}", std::process::id());
    [("MONGODB_URI", uri.to_owned()), ("DATABASE_NAME", database)]
}

/// A running server; it ends when this is dropped.
pub(crate) struct Server {
    command: Command,
    pub process: Child,
    pub address: SocketAddr,
    /// Where it works, and what it keeps.
    pub folder: TempDir,
}

impl Server {
    pub(crate) fn start(mut command: Command, folder: TempDir) -> Outcome<Self> {
        command.current_dir(folder.path()).stderr(Stdio::piped());
        let (process, address) = run(&mut command)?;
        Ok(Self {
            command,
            process,
            address,
            folder,
        })
    }

    /// Ends it without a chance to tidy up.
    pub(crate) fn stop(&mut self) -> Outcome {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it anew, at another address.
    pub(crate) fn restart(&mut self) -> Outcome {
        self.stop()?;
        (self.process, self.address) = run(&mut self.command)?;
        Ok(())
    }

    /// A figure of its memory as Linux calls it, in MiB.
    pub(crate) fn memory(&self, figure: &str) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(figure));
        let kib = line.map(|line| line.trim_matches(|letter: char| !letter.is_ascii_digit()));
        let kib: f64 = kib.ok_or("no such figure")?.parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// Starts a server and waits for the line of its log that says where it answers.
fn run(command: &mut Command) -> Outcome<(Child, SocketAddr)> {
    let mut process = command.spawn()?;
    let log = process.stderr.take().ok_or("no log")?;
    let mut lines = BufReader::new(log).lines();
    for line in lines.by_ref() {
        let line: Value = serde_json::from_str(&line?).unwrap_or_default();
        if let Some(address) = line["address"].as_str() {
            let address = address.parse()?;
            // What it logs later is read, so that it never waits for room in the pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((process, address));
        }
    }
    Err("a server ended before it answered".into())
}

/// A service with an account and a workspace.
pub(crate) struct Service {
    pub server: Server,
    pub token: String,
    pub workspace: String,
    http: Client,
}

impl Service {
    /// Starts what `command` runs, over a source of these events, with `more` variables.
    #[expect(
        clippy::disallowed_methods,
        reason = "it speaks to the service it started, as any client may"
    )]
    pub(crate) async fn start(
        mut command: Command,
        events: &str,
        more: &[Variable],
    ) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("events.jsonl"), events)?;
        command
            .env_clear()
            .env("API_PORT", "0")
            .env("EXPLAINER__LOG__FORMAT", "json")
            .env("EXPLAINER__SOURCES__FILES", "events.jsonl")
            .env("EXPLAINER__SERVER__REQUESTS_PER_MINUTE", "10000000")
            .envs(more.iter().map(|(name, value)| (name, value)));
        let mut service = Self {
            server: Server::start(command, folder)?,
            token: String::new(),
            workspace: String::new(),
            http: Client::new(),
        };
        let account = json!({"username": USER, "password": PASSWORD, "email": "load@example.com"});
        let registered = service.post("/auth/register", &account).await?;
        service.token = text(&registered["access_token"])?;
        let made = service
            .post("/workspaces/", &json!({"name": "Load"}))
            .await?;
        service.workspace = text(&made["workspace"]["id"])?;
        Ok(service)
    }

    pub(crate) async fn get(&self, path: &str) -> Outcome<Value> {
        self.answer(self.http.get(self.url(path))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        self.answer(self.http.post(self.url(path)).json(body)).await
    }

    /// Another workspace with these settings, which is the current one then; its id.
    pub(crate) async fn another_workspace(&self, settings: &Value) -> Outcome<String> {
        let made = self.post("/workspaces/", &json!({"name": "More"})).await?;
        let url = self.url("/workspaces/current");
        self.answer(self.http.put(url).json(settings)).await?;
        text(&made["workspace"]["id"])
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/api/v1{path}", self.server.address)
    }

    async fn answer(&self, request: RequestBuilder) -> Outcome<Value> {
        let answer = request.bearer_auth(&self.token).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// The ids of its issues.
    pub(crate) async fn issues(&self) -> Outcome<Vec<String>> {
        let mut ids = Vec::new();
        let mut next = Some(String::new());
        while let Some(cursor) = next {
            let path = format!("/issues/?limit=100&cursor={cursor}");
            let page = self.get(&path).await?;
            for issue in page["issues"].as_array().into_iter().flatten() {
                ids.push(text(&issue["id"])?);
            }
            next = page["pagination"]["next_cursor"]
                .as_str()
                .map(str::to_owned);
        }
        Ok(ids)
    }
}

fn text(value: &Value) -> Outcome<String> {
    Ok(value.as_str().ok_or("no text in an answer")?.to_owned())
}
