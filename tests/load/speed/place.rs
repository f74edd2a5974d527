//! The servers that are asked, and what they are asked.

use std::{
    env,
    fmt::Write as _,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Outcome, events::events, limit};

/// What is measured, in the order of [`Place::requests`], and over how many connections where
/// that is part of it.
pub(crate) const CASES: &[(&str, Option<usize>)] = &[
    ("health", None),
    ("auth/me", None),
    ("one stored analysis", None),
    ("list of 25", None),
    ("list of 25, filtered", None),
    ("login", None),
    ("analysis, 1 in flight", Some(1)),
    ("analysis, 64 in flight", Some(64)),
    ("analysis, 512 in flight", Some(512)),
];

/// How many analyses are under way at once, at most.
const AT_ONCE: &str = "512";

const USER: &str = r#"{"username":"load","password":"correct horse"}"#;

/// How the service is run.
pub(crate) struct Setup<'a> {
    pub program: &'a Path,
    /// Its core; any where `None`.
    pub core: Option<&'a str>,
    /// How many analyses are stored before it is asked.
    pub analyses: usize,
    /// The address of its model.
    pub model: &'a str,
    /// Where it stores, if that is not SQLite.
    pub mongodb: Option<&'a str>,
}

/// A running server; it ends when this is dropped.
pub(crate) struct Place {
    process: Child,
    pub address: SocketAddr,
    /// For each case the requests that are sent in turn.
    pub requests: Vec<Vec<Vec<u8>>>,
    _folder: Option<TempDir>,
}

impl Place {
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// The server that stands still.
    pub(crate) fn limit(core: Option<&str>) -> Outcome<Self> {
        let mut command = on(core, &env::current_exe()?);
        let (process, address) = start(command.arg("--limit"))?;
        let request = request("GET", "/limit", Some(&limit::token()?), "");
        Ok(Self {
            process,
            address,
            requests: vec![vec![request]],
            _folder: None,
        })
    }

    /// The service as it is set up, and with `more` variables.
    pub(crate) async fn service(setup: &Setup<'_>, more: &[(&str, String)]) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("events.jsonl"), events(setup.analyses))?;
        let mut command = on(setup.core, &std::path::absolute(setup.program)?);
        command
            .current_dir(folder.path())
            .env_clear()
            .env("API_PORT", "0")
            .env("EXPLAINER__LOG__FORMAT", "json")
            .env("EXPLAINER__SOURCES__FILES", "events.jsonl")
            .env("EXPLAINER__SERVER__REQUESTS_PER_MINUTE", "10000000")
            .env("EXPLAINER__ANALYSIS__WORKERS", AT_ONCE)
            .env("EXPLAINER__LLM__OPENAI__CONCURRENCY", AT_ONCE)
            .env("OPENAI_BASE_URL", setup.model)
            .env("OPENAI_MODEL", "quick")
            .envs(more.iter().map(|(name, value)| (name, value)));
        if let Some(uri) = setup.mongodb {
            static DATABASES: AtomicU32 = AtomicU32::new(0);
            let number = DATABASES.fetch_add(1, Ordering::Relaxed);
            let database = format!("explainer-load-{}-{number}", std::process::id());
            command
                .env("MONGODB_URI", uri)
                .env("DATABASE_NAME", database);
        }
        let (process, address) = start(&mut command)?;
        let mut place = Self {
            process,
            address,
            requests: Vec::new(),
            _folder: Some(folder),
        };
        place.requests = place.prepare(setup.analyses).await?;
        Ok(place)
    }

    /// An account, its workspace and all issues analysed; then the requests of each case.
    #[expect(
        clippy::disallowed_methods,
        reason = "it speaks to the service it started, as any client may"
    )]
    async fn prepare(&self, analyses: usize) -> Outcome<Vec<Vec<Vec<u8>>>> {
        let http = reqwest::Client::new();
        let url = |path: &str| format!("http://{}/api/v1{path}", self.address);
        let account: Value = serde_json::from_str(USER)?;
        let account = json!({
            "username": account["username"], "password": account["password"],
            "email": "load@example.com",
        });
        let sent = http.post(url("/auth/register")).json(&account).send();
        let registered: Value = sent.await?.error_for_status()?.json().await?;
        let token = registered["access_token"].as_str().ok_or("no token")?;
        let sent = http.post(url("/workspaces/")).bearer_auth(token);
        let sent = sent.json(&json!({"name": "Load"})).send();
        sent.await?.error_for_status()?;
        let (mut ids, mut again) = (Vec::new(), Vec::new());
        let mut cursor = String::new();
        while ids.len() < analyses {
            let page = http.get(url(&format!("/issues/?limit=100&cursor={cursor}")));
            let page: Value = page.bearer_auth(token).send().await?.json().await?;
            for issue in page["issues"].as_array().into_iter().flatten() {
                let id = issue["id"].as_str().unwrap_or_default();
                let analyze = http.post(url(&format!("/issues/{id}/analyze")));
                let analyzed = analyze.bearer_auth(token).send().await?;
                let analyzed: Value = analyzed.error_for_status()?.json().await?;
                ids.push(analyzed["id"].as_str().unwrap_or_default().to_owned());
                let path = format!("/api/v1/issues/{id}/analyze");
                again.push(request("POST", &path, Some(token), r#"{"force":true}"#));
            }
            match page["pagination"]["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        let get = |path: &str| request("GET", &format!("/api/v1{path}"), Some(token), "");
        let records = ids.iter().take(100);
        Ok(vec![
            vec![request("GET", "/health", None, "")],
            vec![get("/auth/me")],
            records
                .map(|id| get(&format!("/issues/processed/{id}")))
                .collect(),
            vec![get("/issues/processed/?limit=25")],
            vec![get("/issues/processed/?limit=25&status=completed")],
            vec![request("POST", "/api/v1/auth/login", None, USER)],
            again.clone(),
            again.clone(),
            again,
        ])
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program, on one core where there is one to give.
fn on(core: Option<&str>, program: &Path) -> Command {
    let Some(core) = core else {
        return Command::new(program);
    };
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

/// Starts a server and waits for the line of its log that says where it answers.
fn start(command: &mut Command) -> Outcome<(Child, SocketAddr)> {
    let mut process = command.stderr(Stdio::piped()).spawn()?;
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

fn request(method: &str, path: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    if let Some(token) = token {
        let _ = write!(text, "Authorization: Bearer {token}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(
            text,
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
    }
    let _ = write!(text, "\r\n{body}");
    text.into_bytes()
}
