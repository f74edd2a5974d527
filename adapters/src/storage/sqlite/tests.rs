//! What is SQLite's own and no other store's: plans, transactions, files, versions.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{Arc, mpsc},
    time::Duration,
};

use explainer_core::{
    ErrorKind,
    domain::{Analysis, AnalysisFilter, Priority, Status},
    ports::{Analyses, Kind},
    testkit::samples::{at, completed, ended, id, request},
};
use futures::future::join_all;
use rusqlite::Connection;
use serde_json::json;

use super::{
    SqliteStore, analyses, archive, audit, credentials, database::Database, deliveries,
    fault::Fault, idempotency, invitations, ledger, outbox, queue, revoked_tokens, statement::Sql,
    users, vitals, watches, workspaces, writer,
};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/storage/sqlite");

/// Statements that walk without an index and are bounded all the same, each with the reason.
const BOUNDED: &[(&str, &str)] = &[(
    "SELECT 1 FROM users LIMIT 1",
    "asks whether there is any user and stops at the first",
)];

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path).unwrap();
    let connection = Connection::open(&path).unwrap();
    for Sql(sql) in all_statements() {
        for step in plan(&connection, sql) {
            let by_index = step.starts_with("SEARCH ");
            let bounded = BOUNDED.iter().any(|(statement, _)| sql == *statement);
            assert!(by_index || bounded, "{sql}\nhas the step: {step}");
        }
    }
    drop(store);
}

fn all_statements() -> Vec<Sql> {
    let of_files = [
        analyses::STATEMENTS,
        audit::STATEMENTS,
        credentials::STATEMENTS,
        invitations::STATEMENTS,
        deliveries::STATEMENTS,
        ledger::STATEMENTS,
        outbox::STATEMENTS,
        idempotency::STATEMENTS,
        queue::STATEMENTS,
        revoked_tokens::STATEMENTS,
        vitals::STATEMENTS,
        users::STATEMENTS,
        watches::STATEMENTS,
        workspaces::STATEMENTS,
        writer::STATEMENTS,
    ];
    let declaring = sources().filter(|(_, text)| text.contains("\nstatements! {"));
    assert_eq!(declaring.count(), of_files.len(), "a file is missing here");
    let shelves = Kind::ALL.iter().map(|&kind| archive::shelf(kind));
    let of_shelves = shelves.flat_map(|shelf| shelf.statements());
    of_files.concat().into_iter().chain(of_shelves).collect()
}

#[test]
fn every_table_is_carried_to_another_store_or_left_behind_for_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(SqliteStore::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .unwrap();
    let tables = tables.query_map([], |row| row.get(0)).unwrap();
    let left_behind = archive::LEFT_BEHIND.iter().map(|(table, _)| *table);
    let shelves = Kind::ALL.iter().map(|&kind| archive::shelf(kind));
    let sql: String = shelves.map(|shelf| shelf.statements()[0].0).collect();
    for table in tables {
        let table: String = table.unwrap();
        let carried = sql.contains(&format!(" FROM {table} "));
        assert!(
            carried || left_behind.clone().any(|it| it == table),
            "{table}"
        );
    }
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explain = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let steps = explain.raw_query().mapped(|row| row.get("detail"));
    steps.collect::<Result<_, _>>().unwrap()
}

#[test]
fn statements_run_through_the_one_door() {
    for (name, text) in sources() {
        let may = ["statement.rs", "migrations.rs", "tests.rs"].contains(&name.as_str());
        let does = [".prepare(", ".prepare_cached(", ".execute(", ".query_row("]
            .iter()
            .any(|call| text.contains(call));
        assert!(may || !does, "{name} runs SQL that no test looks at");
    }
}

fn sources() -> impl Iterator<Item = (String, String)> {
    fs::read_dir(SOURCE)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            let is_source = Path::new(&name).extension().is_some_and(|end| end == "rs");
            is_source.then(|| (name, fs::read_to_string(entry.path()).unwrap()))
        })
}

type Work = fn(&Connection) -> Result<(), Fault>;

/// Runs these pieces of work as one transaction, and tells how each was answered.
async fn share_a_transaction(database: &Database, works: Vec<Work>) -> Vec<bool> {
    let (open, gate) = mpsc::channel::<()>();
    let blocked = {
        let database = database.clone();
        tokio::spawn(async move {
            // Holds the writer up before its transaction looks for more work.
            let wait = move |_: &Connection| {
                gate.recv_timeout(Duration::from_secs(30)).unwrap();
                Ok(())
            };
            database.write("wait", wait).await
        })
    };
    let mut answers = Vec::new();
    for work in works {
        let database = database.clone();
        answers.push(tokio::spawn(async move {
            database.write("work", work).await.is_ok()
        }));
        tokio::task::yield_now().await;
    }
    open.send(()).unwrap();
    let _ = blocked.await.unwrap();
    let mut outcomes = Vec::new();
    for answer in answers {
        outcomes.push(answer.await.unwrap());
    }
    outcomes
}

fn remember(connection: &Connection, token: &str) -> Result<(), Fault> {
    let add = Sql("INSERT INTO revoked_tokens (token, expires_at) VALUES (?1, 1)");
    add.run(connection, [token]).map(drop)
}

async fn remembered(database: &Database) -> Vec<String> {
    let read = |connection: &Connection| {
        let mut all = connection.prepare("SELECT token FROM revoked_tokens ORDER BY token")?;
        let tokens = all.query_map([], |row| row.get(0))?;
        Ok(tokens.collect::<Result<Vec<String>, _>>()?)
    };
    database.read("remembered", read).await.unwrap()
}

#[tokio::test]
async fn a_write_that_fails_undoes_itself_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("store.db")).unwrap();
    let works: Vec<Work> = vec![
        |connection| remember(connection, "a"),
        |connection| {
            remember(connection, "b")?;
            Err(Fault::refused(ErrorKind::Conflict, "no"))
        },
        |connection| remember(connection, "c"),
    ];
    let answers = share_a_transaction(&database, works).await;
    assert_eq!(answers, [true, false, true]);
    assert_eq!(remembered(&database).await, ["a", "c"]);
}

#[tokio::test]
async fn nothing_is_answered_as_done_when_its_transaction_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("store.db")).unwrap();
    let works: Vec<Work> = vec![
        |connection| remember(connection, "a"),
        // What SQLite does by itself where the disk fails.
        |connection| Ok(connection.execute_batch("ROLLBACK")?),
        |connection| remember(connection, "c"),
    ];
    let answers = share_a_transaction(&database, works).await;
    assert_eq!(answers, [false, false, true]);
    assert_eq!(remembered(&database).await, ["c"]);
}

#[test]
fn an_existing_store_opens_again_and_its_files_are_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some/file:store.db?mode=ro");
    let first = SqliteStore::open(&path).unwrap();
    SqliteStore::open(&path).unwrap();
    #[cfg(unix)]
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    drop(first);
}

#[test]
fn many_that_open_a_new_store_at_once_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| SqliteStore::open(&path).unwrap());
        }
    });
}

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let job = Analysis::requested(request("1", 0));
    let done = ended(&job, completed(&job, "The Total is missing"), 1);
    let mut doc = serde_json::to_value(&*done).unwrap();
    doc.as_object_mut().unwrap().remove("progress");
    let first = Connection::open(&path).unwrap();
    first
        .execute_batch(include_str!("migrations/0001_tables.sql"))
        .unwrap();
    let insert = "INSERT INTO analyses (id, workspace_id, issue_id, status, created_at, doc)
                  VALUES (?1, 'ws', '1', 'completed', ?2, ?3)";
    let row = (
        done.id.as_str(),
        done.created_at.as_millisecond(),
        doc.to_string(),
    );
    first.execute(insert, row).unwrap();
    first.pragma_update(None, "user_version", 1).unwrap();
    drop(first);

    let store = SqliteStore::open(&path).unwrap();
    let filter = AnalysisFilter {
        status: Some(Status::Completed),
        priority: Some(Priority::Medium),
        project: Some("shop".to_owned()),
        model: Some("heuristic".to_owned()),
        text: Some("the total".to_owned()),
        limit: 10,
        ..AnalysisFilter::default()
    };
    let listed = store.list(&id("ws"), &filter).await.unwrap();
    assert_eq!(listed, [Arc::unwrap_or_clone(done)]);
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE users (x); PRAGMA user_version = 77")
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("version 77"), "{error}");
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_file_of_another_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x)")
        .unwrap();
    let garbage = folder.path().join("garbage.db");
    fs::write(&garbage, "no database ".repeat(1000)).unwrap();
    for path in [foreign, garbage] {
        let before = fs::read(&path).unwrap();
        let error = SqliteStore::open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
        assert!(fs::read(&path).unwrap() == before, "{}", path.display());
    }
}

#[test]
fn a_place_that_cannot_be_used_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let nowhere = Path::new("").to_owned();
    for path in [folder.path().to_owned(), file.join("store.db"), nowhere] {
        let error = SqliteStore::open(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_that_share_a_file_hand_out_each_job_once() {
    const JOBS: usize = 60;
    let folder = tempfile::tempdir().unwrap();
    let open = |_| SqliteStore::open(folder.path().join("store.db")).unwrap();
    let stores: Vec<SqliteStore> = (0..3).map(open).collect();
    let one_of = |turn: usize| stores[turn % stores.len()].clone();

    let requests = (0..JOBS * 2).map(|turn| {
        let store = one_of(turn);
        tokio::spawn(async move { store.enqueue(request(&(turn / 2).to_string(), 0)).await })
    });
    let asked = join_all(requests).await.into_iter();
    let asked: BTreeSet<_> = asked.map(|asked| asked.unwrap().unwrap().id).collect();
    assert_eq!(asked.len(), JOBS);

    let runs = (0..JOBS).map(|turn| {
        let store = one_of(turn);
        tokio::spawn(async move {
            let (lease, lent) = (turn.to_string(), Duration::from_secs(60));
            let (lease, job) = store.claim(&lease, 1, at(1), lent).await.unwrap().remove(0);
            let done = ended(&job, completed(&job, "done"), 2);
            assert!(store.finish(&lease, done.clone(), &[]).await.unwrap());
            done
        })
    });
    let done = join_all(runs).await.into_iter().map(|done| done.unwrap());
    let done: BTreeSet<_> = done.map(|done| (done.id.clone(), done.attempt)).collect();
    assert_eq!(done, asked.into_iter().map(|id| (id, 1)).collect());
}

#[tokio::test]
async fn what_could_not_be_read_again_does_not_get_in_the_way_of_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
    let mut deep = request("deep", 0);
    let nested = (0..126).fold(json!(1), |inner, _| json!([inner]));
    deep.issue.metadata.insert("nested".to_owned(), nested);
    let error = store.enqueue(deep).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");

    store.enqueue(request("plain", 1)).await.unwrap();
    let lent = Duration::from_secs(60);
    let (_, job) = store
        .claim("token", 1, at(2), lent)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(job.issue.id, "plain");
}
