//! The Bugsink source against a real Bugsink into which the Python SDK reported real errors.

use std::{
    collections::HashMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use explainer::{
    bootstrap::plugins,
    config::{Config, Inputs},
};
use explainer_core::{ErrorKind, domain::IssueQuery, ports::IssueSource};
use explainer_plugin_host::{Isolation, Options, Plugin};
use serde_json::json;

use super::{
    conformance::holds,
    support::{allowed, child, library, runtime},
};
use crate::support::Service;

/// A running Bugsink, stopped when this is dropped.
struct Bugsink {
    script: Child,
    url: String,
    token: String,
}

impl Bugsink {
    /// Starts one; `None` where it cannot be installed, which is said.
    fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("bugsink/start.sh");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bugsink");
        let ready = folder.join("ready");
        let _ = fs::remove_file(&ready);
        let mut script = Command::new(script)
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        loop {
            if let Ok(text) = fs::read_to_string(&ready) {
                let values: HashMap<_, _> =
                    text.lines().filter_map(|it| it.split_once('=')).collect();
                return Some(Self {
                    script,
                    url: values["BUGSINK_URL"].to_owned(),
                    token: values["BUGSINK_TOKEN"].to_owned(),
                });
            }
            if let Some(status) = script.try_wait().unwrap() {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                let installed = folder.join("venv/complete").exists();
                assert!(
                    !installed,
                    "Bugsink is installed and does not start ({status}): {log}"
                );
                let last = log.lines().last().unwrap_or("there is no log");
                let _ = writeln!(
                    io::stdout(),
                    "skipped: the Bugsink source against a real server, because PyPI's bugsink cannot be installed: {last}"
                );
                return None;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Bugsink {
    fn drop(&mut self) {
        // The script ends what it started when it is asked to end.
        let _ = Command::new("kill")
            .arg(self.script.id().to_string())
            .status();
        let _ = self.script.wait();
    }
}

/// As a service that lets its users name addresses in private networks.
fn options(isolation: &Isolation) -> Options {
    let private = ("EXPLAINER__OUTBOUND__PRIVATE_NETWORKS", "true");
    let loaded = Config::load(&Inputs {
        config_file: None,
        working_dir: env!("CARGO_TARGET_TMPDIR").into(),
        environment: vec![(private.0.to_owned(), private.1.to_owned())],
    });
    Options {
        isolation: isolation.clone(),
        ..plugins::options(&loaded.unwrap().config).unwrap()
    }
}

#[test]
fn a_real_bugsink_is_an_issue_source() {
    let Some(server) = Bugsink::start() else {
        return;
    };
    let settings = json!({"url": server.url, "token": server.token});
    holds("bugsink", &library("bugsink"), &settings, options);
    runtime().block_on(async {
        reads_what_the_sdk_sent(&server).await;
        tells_what_is_wrong(&server).await;
        serves_a_workspace(&server).await;
    });
}

async fn open(settings: &serde_json::Value) -> impl IssueSource {
    let options = options(&Isolation::Process(child()));
    let plugin = Plugin::load(allowed(&library("bugsink")), options)
        .await
        .unwrap();
    plugin.source(settings)
}

async fn reads_what_the_sdk_sent(server: &Bugsink) {
    let source = open(&json!({"url": format!("{}/", server.url), "token": server.token})).await;
    let projects = source.projects().await.unwrap();
    let mut slugs: Vec<_> = projects.iter().map(|it| it.slug.as_str()).collect();
    slugs.sort_unstable();
    assert_eq!(slugs, ["billing", "shop-front"], "{projects:?}");

    let everything = source.issues(&IssueQuery::default()).await.unwrap().items;
    assert_eq!(everything.len(), 5, "{everything:?}");
    let query = |text: &str, project: Option<&str>| IssueQuery {
        query: text.to_owned(),
        project: project.map(str::to_owned),
        ..IssueQuery::default()
    };
    let billing = source
        .issues(&query("ZeroDivisionError", Some("billing")))
        .await
        .unwrap()
        .items;
    let [issue] = &billing[..] else {
        panic!("{billing:?}")
    };
    assert_eq!(issue.title, "ZeroDivisionError: division by zero");
    assert!(
        issue
            .short_id
            .as_deref()
            .is_some_and(|it| it.starts_with("BILLING-")),
        "{issue:?}"
    );
    assert!(
        source
            .issues(&query("is:resolved", None))
            .await
            .unwrap()
            .items
            .is_empty()
    );

    let key_error = everything
        .iter()
        .find(|it| it.title.contains("sku-1"))
        .unwrap();
    assert_eq!(key_error.count, 2);
    let events = source.events(&key_error.id, 10).await.unwrap();
    assert_eq!(events.len(), 2);
    let exception = &events[0].exceptions[0];
    assert_eq!(exception.kind.as_deref(), Some("KeyError"));
    let frame = exception.frames.last().unwrap();
    assert_eq!(frame.function.as_deref(), Some("lookup"), "{frame:?}");
    assert!(
        frame.locals.iter().any(|(name, _)| name == "cart"),
        "{frame:?}"
    );
    assert_eq!(events[0].release.as_deref(), Some("shop@1.4.2"));
    assert_eq!(events[0].environment.as_deref(), Some("staging"));

    source
        .comment(&key_error.id, "explained: the cart was empty")
        .await
        .unwrap();
    let unknown = source
        .comment("00000000-0000-0000-0000-000000000000", "x")
        .await
        .unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound, "{unknown:?}");
}

async fn tells_what_is_wrong(server: &Bugsink) {
    let wrong_token = open(&json!({"url": server.url, "token": "0123456789abcdef0123"})).await;
    let error = wrong_token.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error:?}");
    assert!(!error.message().contains("0123456789abcdef"), "{error:?}");

    let nobody = open(&json!({"url": "http://127.0.0.1:1", "token": server.token})).await;
    let error = nobody.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");

    // Not where a user may send the service.
    let metadata = open(&json!({"url": "http://169.254.169.254", "token": server.token})).await;
    let error = metadata.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
}

async fn serves_a_workspace(server: &Bugsink) {
    let entry = allowed(&library("bugsink")).to_string();
    let service = Service::start(&[
        ("EXPLAINER__PLUGINS__ALLOW", &entry),
        ("EXPLAINER__OUTBOUND__PRIVATE_NETWORKS", "true"),
    ]);
    let client = service.client().with_workspace("ada").await;
    let settings = json!({"url": server.url, "token": server.token});
    let source = json!({"source": {"kind": "bugsink", "settings": settings}});
    client.put("/api/v1/workspaces/current", &source).await.ok();
    let workspace = client.get("/api/v1/workspaces/current").await.ok();
    assert_eq!(workspace["source"]["settings"]["token"], "***");
    let page = client.get("/api/v1/issues/?query=sku-1").await.ok();
    let id = page["issues"][0]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{page}"))
        .to_owned();
    let path = format!("/api/v1/issues/{id}/analyze");
    let analyzed = client.post(&path, &json!({})).await.ok();
    let summary = analyzed["analysis"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("KeyError"), "{analyzed}");
}
