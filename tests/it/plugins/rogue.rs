//! What a plugin may do wrong in a call, and what comes of it: an error that says so, within the
//! time-out; a next call that works or says why not; and neighbours that notice nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use explainer_core::{
    Error, ErrorKind,
    domain::{Issue, IssueQuery, Page},
    ports::IssueSource,
};
use explainer_plugin_host::{Isolation, Options, Plugin};
use futures::{StreamExt as _, stream};
use serde_json::json;

use super::support::{allowed, child, library, options, runtime};

/// How long a call may take here.
const LIMIT: Duration = Duration::from_secs(6);
/// How much later than that a caller may have its answer on a busy machine.
const SLACK: Duration = Duration::from_secs(8);
const SECRET: &str = "s3cr3t-t0k3n";

/// What a call comes to.
#[derive(Clone, Copy)]
enum Comes {
    /// An answer.
    Well,
    /// An error of one of these kinds, in whose message this is said.
    Wrong(&'static [ErrorKind], &'static str),
}
use Comes::{Well, Wrong};

/// One way to misbehave: what comes of it in a child, and in the host, where it does not end it.
struct Row {
    mode: &'static str,
    in_child: Comes,
    in_host: Option<Comes>,
}

const fn both(mode: &'static str, comes: Comes) -> Row {
    Row {
        mode,
        in_child: comes,
        in_host: Some(comes),
    }
}

const fn deadly(mode: &'static str, told: &'static str) -> Row {
    Row {
        mode,
        in_child: Wrong(&[ErrorKind::Unavailable], told),
        in_host: None,
    }
}

const SLOW: Comes = Wrong(&[ErrorKind::Timeout], "gave no answer within 6 s");
/// The second call of a stuck child may meet its end.
const STUCK: Comes = Wrong(&[ErrorKind::Timeout, ErrorKind::Unavailable], "");
const GARBAGE: Comes = Wrong(&[ErrorKind::Protocol], "could not");

const ROWS: &[Row] = &[
    both("nothing wrong", Well),
    both(
        "panic in create",
        Wrong(&[ErrorKind::Internal], "create panics"),
    ),
    both(
        "say nothing in create",
        Wrong(&[ErrorKind::Protocol], "neither an instance nor a reason"),
    ),
    both(
        "refuse",
        Wrong(&[ErrorKind::Unauthorized], "refuses the token"),
    ),
    both("block in create", SLOW),
    both(
        "panic in a call",
        Wrong(&[ErrorKind::Internal], "panicked: a call panics"),
    ),
    both("panic in a thread", Well),
    deadly("abort", "signal 6"),
    deadly("segfault", "signal 11"),
    deadly("overflow the stack", "signal"),
    deadly("exit", "exited with code 0"),
    deadly("eat memory", "signal 6"),
    both("never complete", SLOW),
    both("complete twice", Well),
    both("complete late", STUCK),
    both("complete after destroy", STUCK),
    both("complete forged ids", Well),
    both("garbage", GARBAGE),
    both("empty", GARBAGE),
    both("invalid utf-8", GARBAGE),
    both(
        "100 megabytes",
        Wrong(&[ErrorKind::Protocol], "104857600 bytes and the limit is"),
    ),
    both("deep json", GARBAGE),
    both("unknown status", Wrong(&[ErrorKind::Protocol], "who knows")),
    both(
        "negative status",
        Wrong(&[ErrorKind::Protocol], "did not say why"),
    ),
    both(
        "too many issues",
        Wrong(&[ErrorKind::Protocol], "lists 1000 issues"),
    ),
    both("added field", Well),
    both("block for ever", STUCK),
    both("block in call", STUCK),
    both("flood the log", Well),
    both("leak threads", Well),
    both("hang in destroy", Well),
    both(
        "ask the host",
        Wrong(&[ErrorKind::Unsupported], "no HTTP client"),
    ),
    both(
        "say nothing",
        Wrong(&[ErrorKind::Internal], "did not say why"),
    ),
    both(
        "tell the secret",
        Wrong(&[ErrorKind::Internal], "the secret is ***  X: 1"),
    ),
    Row {
        mode: "show the environment",
        in_child: Wrong(&[ErrorKind::Internal], "environment: []"),
        in_host: None,
    },
    Row {
        mode: "print",
        in_child: Well,
        in_host: None,
    },
];

fn impatient(isolation: &Isolation) -> Options {
    Options {
        call_timeout: LIMIT,
        ..options(isolation)
    }
}

async fn ask(source: &dyn IssueSource) -> Result<Page<Issue>, Error> {
    source.issues(&IssueQuery::default()).await
}

/// What is not as it should be in one call.
async fn wrong(source: &dyn IssueSource, comes: Comes) -> Option<String> {
    let start = Instant::now();
    let answer = ask(source).await;
    let took = start.elapsed();
    if took > LIMIT + SLACK {
        return Some(format!("it took {took:?}"));
    }
    match (comes, answer) {
        (Well, Ok(_)) => None,
        (Wrong(kinds, told), Err(error)) => {
            let message = error.message();
            let good = kinds.contains(&error.kind())
                && message.contains(told)
                && !message.contains(SECRET)
                && !message.contains(['\r', '\n']);
            (!good).then(|| format!("{error:?}"))
        }
        (_, answer) => Some(format!("{answer:?}")),
    }
}

/// Misbehaves twice beside a neighbour that must not notice.
async fn try_row(
    row: &'static Row,
    comes: Comes,
    bad: Arc<Plugin>,
    neighbour: Arc<Plugin>,
) -> Option<String> {
    let good = neighbour.source(&json!({"mode": "", "problems": ["KeyError: x"], "for": row.mode}));
    if let Err(error) = ask(&good).await {
        return Some(format!(
            "{}: the neighbour does not even begin: {error:?}",
            row.mode
        ));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let watching = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            ask(&good).await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ask(&good).await
    });
    let source = bad.source(&json!({"mode": row.mode, "token": SECRET}));
    let first = wrong(&source, comes).await;
    let second = wrong(&source, comes).await;
    stop.store(true, Ordering::Relaxed);
    let noticed = watching.await.unwrap().err();
    let told = [
        first.map(|why| format!("first call: {why}")),
        second.map(|why| format!("next call: {why}")),
        noticed.map(|error| format!("the neighbour noticed: {error:?}")),
    ];
    let told: Vec<_> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| format!("{}: {}", row.mode, told.join("; ")))
}

#[test]
fn in_a_child_nothing_a_plugin_does_reaches_its_neighbours() {
    runtime().block_on(async {
        let isolation = Isolation::Process(child());
        let plugin = Plugin::load(allowed(&library("rogue")), impatient(&isolation));
        // The neighbours are workspaces with the very same plugin.
        let plugin = plugin.await.unwrap();
        let rows = ROWS
            .iter()
            .map(|row| try_row(row, row.in_child, plugin.clone(), plugin.clone()));
        let told: Vec<_> = stream::iter(rows).buffer_unordered(6).collect().await;
        let told: Vec<_> = told.into_iter().flatten().collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
    });
}

#[test]
fn in_the_host_a_plugin_does_no_harm_but_to_itself() {
    runtime().block_on(async {
        let neighbour = Plugin::load(
            allowed(&library("template")),
            impatient(&Isolation::InProcess),
        );
        let neighbour = neighbour.await.unwrap();
        let rows = ROWS.iter().filter_map(|row| Some((row, row.in_host?)));
        let rows = rows.map(|(row, comes)| {
            let neighbour = neighbour.clone();
            async move {
                // A library each, since a stuck one is stuck for all its sources.
                let plugin =
                    Plugin::load(allowed(&library("rogue")), impatient(&Isolation::InProcess));
                try_row(row, comes, plugin.await.unwrap(), neighbour).await
            }
        });
        let told: Vec<_> = stream::iter(rows).buffer_unordered(6).collect().await;
        let told: Vec<_> = told.into_iter().flatten().collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
    });
}

#[test]
fn a_source_that_keeps_dying_is_opened_with_growing_pauses() {
    runtime().block_on(async {
        let isolation = Isolation::Process(child());
        let plugin = Plugin::load(allowed(&library("rogue")), impatient(&isolation));
        let plugin = plugin.await.unwrap();
        let source = plugin.source(&json!({"mode": "abort"}));
        let mut told = Vec::new();
        for _ in 0..4 {
            told.push(ask(&source).await.unwrap_err());
        }
        assert!(told[0].message().contains("signal 6"), "{told:?}");
        let paused = told
            .iter()
            .find(|it| it.message().contains("times in a row"));
        let wait = paused.and_then(Error::retry_after);
        assert!(
            wait.is_some_and(|wait| wait <= Duration::from_secs(30)),
            "{told:?}"
        );
        // A workspace with other settings is not made to wait.
        ask(&plugin.source(&json!({}))).await.unwrap();
    });
}

#[test]
fn a_thousand_calls_in_flight_need_few_threads() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    runtime().block_on(async {
        let plugin = Plugin::load(allowed(&library("rogue")), options(&Isolation::InProcess));
        let plugin = plugin.await.unwrap();
        let source = plugin.source(&json!({"delay_ms": 300}));
        let before = threads();
        let calls = futures::future::join_all((0..1000).map(|_| source.projects()));
        let watch = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            threads()
        };
        let (answers, during) = tokio::join!(calls, watch);
        assert!(answers.iter().all(Result::is_ok));
        // Other tests of this program start threads too, but not as many as calls.
        assert!(during <= before + 60, "{before} threads became {during}");
    });
}
