//! A store whose process is killed at any moment holds everything it had acknowledged.
#![cfg(all(unix, feature = "storage-sqlite"))]
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

use std::{
    collections::BTreeSet,
    env,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use explainer_adapters::storage::sqlite::SqliteStore;
use explainer_core::{
    domain::{Analysis, AnalysisFilter, Issue, NewAnalysis, Timestamp, WorkspaceId},
    ports::Analyses,
};
use futures::{StreamExt, stream};

/// Tell the test below which store to write to, and how its ids begin.
const STORE: &str = "EXPLAINER_CRASH_STORE";
const IDS: &str = "EXPLAINER_CRASH_IDS";

/// Every acknowledgement begins so; libtest writes to the same stream.
const ACK: &str = "acknowledged ";

#[test]
fn every_acknowledged_job_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.db");
    let mut acknowledged = BTreeSet::new();
    for round in 0..3 {
        // Two processes at a time, each killed while the other goes on.
        std::thread::scope(|scope| {
            let writers = ["a", "b"].map(|writer| {
                let after = 20 + RandomState::new().hash_one(writer) % 400;
                let ids = format!("{writer}{round}");
                let store = &store;
                scope.spawn(move || enqueue_and_kill(store, &ids, after))
            });
            for writer in writers {
                acknowledged.extend(writer.join().unwrap());
            }
        });
        let stored = stored(&store);
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "lost in round {round}: {lost:?}");
    }
    let claimed = claim_all(&store);
    assert!(
        claimed.is_superset(&acknowledged),
        "a job cannot be claimed"
    );
}

/// Starts a writer, kills it after so many acknowledgements, and gives back all it had made.
fn enqueue_and_kill(store: &Path, ids: &str, after: u64) -> Vec<String> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "enqueue_until_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(STORE, store)
        .env(IDS, ids)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut acknowledged = Vec::new();
    // What it wrote before the kill is still read after it; half a last line has no full stop.
    for line in output.lines() {
        let line = line.unwrap();
        let id = line
            .strip_prefix(ACK)
            .and_then(|rest| rest.strip_suffix('.'));
        acknowledged.extend(id.map(str::to_owned));
        if u64::try_from(acknowledged.len()).unwrap() == after {
            child.kill().unwrap();
        }
    }
    let status = child.wait().unwrap();
    assert_eq!(
        status.code(),
        None,
        "it was to be killed and ended by itself"
    );
    acknowledged
}

#[tokio::main(flavor = "current_thread")]
async fn stored(store: &Path) -> BTreeSet<String> {
    let store = SqliteStore::open(store).unwrap();
    let mut found = BTreeSet::new();
    let mut filter = AnalysisFilter {
        limit: 100,
        ..AnalysisFilter::default()
    };
    loop {
        let page = store.list(&workspace(), &filter).await.unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(page.into_iter().map(id_of));
        filter.skip += filter.limit;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn claim_all(store: &Path) -> BTreeSet<String> {
    let store = SqliteStore::open(store).unwrap();
    let lease = Duration::from_secs(60);
    let mut claimed = BTreeSet::new();
    while let Some((_, job)) = store.claim("worker", 1, at(), lease).await.unwrap().pop() {
        claimed.insert(id_of(job));
    }
    claimed
}

#[tokio::test]
#[ignore = "is run, and killed, by the test above"]
async fn enqueue_until_killed() {
    let store = SqliteStore::open(env::var_os(STORE).unwrap()).unwrap();
    let ids = env::var(IDS).unwrap();
    let enqueue = |number: u32| store.enqueue(request(&format!("{ids}-{number}")));
    let mut stored = stream::iter(0..).map(enqueue).buffer_unordered(32);
    let mut output = std::io::stdout();
    while let Some(outcome) = stored.next().await {
        match outcome {
            Ok(analysis) => writeln!(output, "\n{ACK}{}.", id_of(analysis)).unwrap(),
            // The other process held the file for too long: nothing was promised.
            Err(error) => assert!(error.kind().is_transient(), "{error:?}"),
        }
    }
}

fn request(id: &str) -> NewAnalysis {
    NewAnalysis {
        id: id.parse().unwrap(),
        workspace_id: workspace(),
        issue: Issue {
            id: id.to_owned(),
            title: "it broke ".repeat(500),
            ..Issue::default()
        },
        former: None,
        event: None,
        force: false,
        requested_by: "user".parse().unwrap(),
        trace: None,
        at: at(),
    }
}

fn id_of(analysis: Analysis) -> String {
    analysis.id.into()
}

fn workspace() -> WorkspaceId {
    "workspace".parse().unwrap()
}

fn at() -> Timestamp {
    Timestamp::UNIX_EPOCH
}
