//! The command line.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::support::{
    Service,
    replay::{Replay, Reply},
};

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/samples");
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut samples: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|it| it != "md"))
        .collect();
    samples.sort();
    assert!(samples.len() >= 10);
    samples
}

fn run(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Service::command(folder.path())
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn every_sample_is_explained() {
    for sample in samples() {
        let output = run(&["explain", sample.to_str().unwrap()]);
        assert!(
            output.status.success(),
            "{}: {}",
            sample.display(),
            text(&output.stderr)
        );
        let markdown = text(&output.stdout);
        assert!(markdown.starts_with("# "), "{markdown}");
        assert!(markdown.to_lowercase().contains("heuristic"), "{markdown}");
        assert!(
            !markdown.contains('\u{1b}'),
            "no colour where there is no terminal"
        );

        let output = run(&["explain", "--format", "json", sample.to_str().unwrap()]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(
            json["summary"]
                .as_str()
                .is_some_and(|summary| !summary.is_empty()),
            "{json}"
        );
    }
}

#[test]
fn what_a_model_would_be_given_holds_no_secret() {
    for sample in samples() {
        let output = run(&["explain", "--evidence", sample.to_str().unwrap()]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let packed = text(&output.stdout);
        for secret in [
            "tok_test_",
            "4242 4242",
            "4242424242424242",
            "@example.org",
            "@example.com",
        ] {
            assert!(
                !packed.contains(secret),
                "{secret} of {} in {packed}",
                sample.display()
            );
        }
    }
}

#[test]
fn a_document_without_an_event_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("empty.json", ""),
        ("text.txt", "hello"),
        ("cut.json", "{\"exception\": {\"values\": ["),
        ("error.json", "{\"detail\": \"Invalid token\"}"),
        ("list.json", "[]"),
        ("number.json", "42"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let output = run(&["explain", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert_eq!(text(&output.stdout), "", "{name}");
        let told = text(&output.stderr);
        assert!(told.lines().count() == 1 && told.contains(name), "{told}");
    }
    assert_eq!(
        run(&["explain", "/nonexistent.json"]).status.code(),
        Some(2)
    );
    assert_eq!(
        run(&["explain", folder.path().to_str().unwrap()])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn an_event_can_come_on_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Service::command(folder.path())
        .args(["explain", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(b"{\"message\": \"the cellar is flooded\"}")
        .unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("the cellar is flooded"));
}

#[test]
fn the_demo_shows_the_main_job_and_keeps_serving() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Service::command(folder.path())
        .arg("demo")
        .env("API_PORT", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = String::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        told.push_str(&line);
        told.push('\n');
        if line.contains("Ctrl-C") {
            break;
        }
    }
    for part in ["# ", "critical", "/docs", "log in", "curl"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(
        !folder.path().join("data").exists(),
        "the demo keeps nothing here"
    );
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn mistakes_in_the_configuration_are_told_together() {
    let folder = tempfile::tempdir().unwrap();
    let output = Service::command(folder.path())
        .arg("check-config")
        .envs([("API_PORT", "many"), ("EXPLAINER__SERVER__HOTS", "x")])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("API_PORT") && told.contains("did you mean"),
        "{told}"
    );

    let secret = "a-secret-of-more-than-32-characters-length";
    let output = Service::command(folder.path())
        .arg("check-config")
        .envs([("SECRET_KEY", secret), ("MONGODB_URI", "")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(
        !shown.contains(secret) && shown.contains("***") && shown.contains("server.port"),
        "{shown}"
    );
}

#[test]
fn a_store_that_cannot_be_reached_is_said_so_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Service::command(folder.path());
    let uri = "mongodb://ada:hunter2@127.0.0.1:1/";
    let output = command
        .env("API_PORT", "0")
        .env("MONGODB_URI", uri)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("could not") && told.contains("; "), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn models_of_configured_servers_are_listed_and_fetched() {
    let ollama = Replay::start().await;
    let tags = json!({"models": [
        {"name": "llama3.1:latest", "modified_at": "2026-11-24T12:00:00Z", "size": 4_700_000_000_u64},
    ]});
    ollama.on("/api/tags", [Reply::json(200, &tags)]);
    let show = json!({"model_info": {"llama.context_length": 131_072}, "capabilities": ["tools"]});
    ollama.on("/api/show", [Reply::json(200, &show)]);
    let lines = [
        "{\"status\":\"pulling manifest\"}\n",
        "{\"status\":\"success\"}\n",
    ];
    ollama.on(
        "/api/pull",
        [Reply::new(200, "application/x-ndjson", &lines)],
    );
    let url = ollama.url();
    let run = async |arguments: &'static [&'static str]| {
        let url = url.clone();
        let run = move || {
            let folder = tempfile::tempdir().unwrap();
            let mut command = Service::command(folder.path());
            command.args(arguments).env("OLLAMA_BASE_URL", url);
            command.env("OLLAMA_MODEL", "llama3.1").output().unwrap()
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    };

    let listed = run(&["models"]).await;
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    let told = text(&listed.stdout);
    let line = told.lines().find(|line| line.contains("llama3.1:latest"));
    assert_eq!(
        line,
        Some("* llama3.1:latest  131072 tokens, 4.7 GB, tools"),
        "{told}"
    );
    assert!(told.contains("OPENAI_API_KEY"), "{told}");

    let pulled = run(&["models", "pull", "llama3.1"]).await;
    assert!(pulled.status.success(), "{}", text(&pulled.stderr));
    assert_eq!(text(&pulled.stdout), "`llama3.1` is there\n");

    drop(ollama);
    let failed = run(&["models"]).await;
    assert!(!failed.status.success());
    let told = text(&failed.stderr);
    assert!(
        told.contains("could not list the models of ollama"),
        "{told}"
    );
}
