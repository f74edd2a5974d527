//! The servers that are asked, and what they are asked.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use explainer_plugin_host::{Allowed, digest_of};
use serde_json::json;

use crate::{
    Outcome,
    events::events,
    hook, limit,
    load::{Requests, in_turn, request},
    service::{PASSWORD, Server, Service, USER, Variable, on_mongodb, with_model},
};

/// What is measured, in the order of [`Place::requests`], and over how many connections where
/// that is part of it.
pub(crate) const CASES: &[(&str, Option<usize>)] = &[
    ("health", None),
    ("auth/me", None),
    ("one stored analysis", None),
    ("list of 25", None),
    ("list of 25, filtered", None),
    ("auth/me, made anew", None),
    ("one stored analysis, made anew", None),
    ("list of 25, made anew", None),
    ("issues of a plugin", None),
    ("webhook", None),
    ("login", None),
    ("analysis, 1 in flight", Some(1)),
    ("analysis, 64 in flight", Some(64)),
    ("analysis, 512 in flight", Some(512)),
    ("first analysis, 64 in flight", Some(64)),
    ("first analysis, 512 in flight", Some(512)),
];

/// How many workspaces there are in which no issue was analysed before: once all of theirs are, they are
/// analysed again.
const EMPTY: usize = 100;

/// How many analyses are under way at once, at most.
const AT_ONCE: usize = 512;

/// How the service is run.
pub(crate) struct Setup<'a> {
    pub program: &'a Path,
    /// Its core; any where `None`.
    pub core: Option<&'a str>,
    /// How many analyses are stored before it is asked.
    pub analyses: usize,
    /// The library of the plugin that it has.
    pub plugin: &'a Path,
    /// The address of its model.
    pub model: &'a str,
    /// Where it stores, if that is not SQLite.
    pub mongodb: Option<&'a str>,
}

/// A running server, and what it is asked.
pub(crate) struct Place {
    pub server: Server,
    /// The requests of each case.
    pub requests: Vec<Requests>,
}

impl Place {
    /// The server that stands still.
    pub(crate) fn limit(core: Option<&str>) -> Outcome<Self> {
        let mut command = on(core, &env::current_exe()?);
        command.arg("--limit");
        let token = format!("Bearer {}", limit::token()?);
        let request = request("GET", "/limit", &[("Authorization", &token)], "");
        Ok(Self {
            server: Server::start(command, tempfile::tempdir()?)?,
            requests: vec![in_turn(vec![request])],
        })
    }

    /// The service as it is set up, and with `more` variables.
    pub(crate) async fn service(setup: &Setup<'_>, more: &[Variable]) -> Outcome<Self> {
        let mut variables = with_model(setup.model, AT_ONCE);
        variables.extend(setup.mongodb.into_iter().flat_map(on_mongodb));
        let allowed = Allowed {
            digest: digest_of(setup.plugin)?,
            path: setup.plugin.to_owned(),
        };
        variables.push(("EXPLAINER__PLUGINS__ALLOW", allowed.to_string()));
        variables.extend_from_slice(more);
        let command = on(setup.core, &std::path::absolute(setup.program)?);
        let service = Service::start(command, &events(setup.analyses), &variables).await?;
        Ok(Self {
            requests: prepare(&service).await?,
            server: service.server,
        })
    }
}

/// The library of the plugin template, which cargo builds beside this program.
pub(crate) fn plugin() -> Outcome<PathBuf> {
    let program = env::current_exe()?;
    let built = program.parent().and_then(Path::parent).ok_or("no folder")?;
    let library = built.join("deps/libexplainer_plugin_template.so");
    if library.exists() {
        return Ok(library);
    }
    Err(format!("cargo built no {}", library.display()).into())
}

/// All issues analysed, and two workspaces more; then the requests of each case.
async fn prepare(service: &Service) -> Outcome<Vec<Requests>> {
    let token = format!("Bearer {}", service.token);
    let token = ("Authorization", &*token);
    let get = |path: &str| request("GET", &format!("/api/v1{path}"), &[token], "");
    // Each has an address of its own, so that none is an answer that was kept.
    let anew = |path: &str| -> Requests {
        let (path, token) = (format!("/api/v1{path}"), service.token.clone());
        Arc::new(move |number| {
            let token = format!("Bearer {token}");
            let token = ("Authorization", &*token);
            request("GET", &format!("{path}n={number}"), &[token], "")
        })
    };
    let (mut records, mut record, mut again) = (Vec::new(), String::new(), Vec::new());
    let mut analyze = Vec::new();
    for id in service.issues().await? {
        let path = format!("/issues/{id}/analyze");
        let analyzed = service.post(&path, &json!({})).await?;
        let id = analyzed["id"].as_str().unwrap_or_default();
        record = format!("/issues/processed/{id}");
        records.push(get(&record));
        let path = format!("/api/v1{path}");
        again.push(request("POST", &path, &[token], r#"{"force":true}"#));
        analyze.push(path);
    }
    records.truncate(100);
    let problems: Vec<String> = (1..=25).map(|it| format!("KeyError: 'sku-{it}'")).collect();
    let source = json!({"kind": "template", "settings": {"problems": problems}});
    let plugged = service
        .another_workspace(&json!({"source": source}))
        .await?;
    let hooked = service.another_workspace(&hook::settings()).await?;
    let mut empty = Vec::new();
    for _ in 0..EMPTY {
        empty.push(service.another_workspace(&json!({"name": "Empty"})).await?);
    }
    service
        .post(
            &format!("/workspaces/{}/switch", service.workspace),
            &json!({}),
        )
        .await?;
    let plugged = [token, ("X-Workspace-Id", &*plugged)];
    let login = json!({"username": USER, "password": PASSWORD}).to_string();
    let again = in_turn(again);
    let first = in_each(empty, analyze, &service.token);
    Ok(vec![
        in_turn(vec![request("GET", "/health", &[], "")]),
        in_turn(vec![get("/auth/me")]),
        in_turn(records),
        in_turn(vec![get("/issues/processed/?limit=25")]),
        in_turn(vec![get("/issues/processed/?limit=25&status=completed")]),
        anew("/auth/me?"),
        anew(&format!("{record}?")),
        anew("/issues/processed/?limit=25&"),
        in_turn(vec![request(
            "GET",
            "/api/v1/issues/?limit=25",
            &plugged,
            "",
        )]),
        hook::deliveries(&hooked),
        in_turn(vec![request("POST", "/api/v1/auth/login", &[], &login)]),
        again.clone(),
        again.clone(),
        again,
        first.clone(),
        first,
    ])
}

/// Asks for each issue in each of the workspaces, whoever asks.
fn in_each(workspaces: Vec<String>, analyze: Vec<String>, token: &str) -> Requests {
    let (asked, token) = (AtomicUsize::new(0), format!("Bearer {token}"));
    Arc::new(move |_| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        let workspace = &*workspaces[number / analyze.len() % workspaces.len()];
        let headers = [("Authorization", &*token), ("X-Workspace-Id", workspace)];
        let path = &analyze[number % analyze.len()];
        request("POST", path, &headers, r#"{"force":true}"#)
    })
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
