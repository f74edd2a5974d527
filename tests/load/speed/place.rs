//! The servers that are asked, and what they are asked.

use std::{env, path::Path, process::Command};

use serde_json::json;

use crate::{
    Outcome,
    events::events,
    limit,
    load::request,
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
    ("login", None),
    ("analysis, 1 in flight", Some(1)),
    ("analysis, 64 in flight", Some(64)),
    ("analysis, 512 in flight", Some(512)),
];

/// How many analyses are under way at once, at most.
const AT_ONCE: usize = 512;

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

/// A running server, and what it is asked.
pub(crate) struct Place {
    pub server: Server,
    /// For each case the requests that are sent in turn.
    pub requests: Vec<Vec<Vec<u8>>>,
}

impl Place {
    /// The server that stands still.
    pub(crate) fn limit(core: Option<&str>) -> Outcome<Self> {
        let mut command = on(core, &env::current_exe()?);
        command.arg("--limit");
        let request = request("GET", "/limit", Some(&limit::token()?), "");
        Ok(Self {
            server: Server::start(command, tempfile::tempdir()?)?,
            requests: vec![vec![request]],
        })
    }

    /// The service as it is set up, and with `more` variables.
    pub(crate) async fn service(setup: &Setup<'_>, more: &[Variable]) -> Outcome<Self> {
        let mut variables = with_model(setup.model, AT_ONCE);
        variables.extend(setup.mongodb.into_iter().flat_map(on_mongodb));
        variables.extend_from_slice(more);
        let command = on(setup.core, &std::path::absolute(setup.program)?);
        let service = Service::start(command, &events(setup.analyses), &variables).await?;
        Ok(Self {
            requests: prepare(&service).await?,
            server: service.server,
        })
    }
}

/// All issues analysed; then the requests of each case.
async fn prepare(service: &Service) -> Outcome<Vec<Vec<Vec<u8>>>> {
    let token = Some(&*service.token);
    let get = |path: &str| request("GET", &format!("/api/v1{path}"), token, "");
    let (mut records, mut again) = (Vec::new(), Vec::new());
    for id in service.issues().await? {
        let path = format!("/issues/{id}/analyze");
        let analyzed = service.post(&path, &json!({})).await?;
        let id = analyzed["id"].as_str().unwrap_or_default();
        records.push(get(&format!("/issues/processed/{id}")));
        let path = format!("/api/v1{path}");
        again.push(request("POST", &path, token, r#"{"force":true}"#));
    }
    records.truncate(100);
    let login = json!({"username": USER, "password": PASSWORD}).to_string();
    Ok(vec![
        vec![request("GET", "/health", None, "")],
        vec![get("/auth/me")],
        records,
        vec![get("/issues/processed/?limit=25")],
        vec![get("/issues/processed/?limit=25&status=completed")],
        vec![request("POST", "/api/v1/auth/login", None, &login)],
        again.clone(),
        again.clone(),
        again,
    ])
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
