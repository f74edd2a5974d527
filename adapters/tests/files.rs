//! Event documents as a source of issues: folders, files and documents built into the program.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

use std::{fs, future::Future, path::Path, time::Duration};

use explainer_adapters::sources::files::FilesSource;
use explainer_core::{
    ErrorKind,
    domain::{Issue, IssueQuery},
    ports::IssueSource,
    testkit::conformance::{issue_source::CASES, run},
};
use tempfile::TempDir;

/// An event as an SDK sends it.
fn event(id: u32, kind: &str, second: u32) -> String {
    format!(
        r#"{{"event_id": "{id:032x}", "timestamp": "2026-02-01T10:00:{second:02}Z", "platform": "python",
            "level": "fatal", "tags": {{"region": "eu west"}}, "user": {{"id": {id}}},
            "exception": [{{"type": "{kind}", "value": "order {id} is lost", "stacktrace": {{"frames": [
                {{"function": "settle", "filename": "orders/{kind}.py", "lineno": 7, "in_app": true}}]}}}}]}}"#
    )
}

/// An event as the Web API answers it, of a project of its own.
const API_EVENT: &str = r#"{
    "id": "77", "eventID": "77", "groupID": "4711", "projectID": "12", "dateCreated": "2026-02-01T11:00:00Z",
    "title": "TimeoutError: no answer", "platform": "node", "tags": [{"key": "level", "value": "warning"}],
    "entries": [{"type": "exception", "data": {"values": [{"type": "TimeoutError", "value": "no answer",
        "stacktrace": {"frames": [{"function": "fetch", "filename": "src/bank.ts", "lineNo": 3, "inApp": true}]}}]}}]
}"#;

/// A folder with five issues in four kinds of documents, and a broken one.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a.json", &event(1, "KeyError", 1));
    write(
        "b.json",
        &format!(
            "[{}, {}]",
            event(2, "KeyError", 2),
            event(3, "ValueError", 3)
        ),
    );
    write("broken.json", r#"{"exception": "#);
    write("not-an-event.json", r#"{"detail": "Invalid token"}"#);
    write("notes.txt", &event(9, "NoDocument", 9));
    let envelope = format!(
        "{{\"sent_at\": \"2026-02-01T10:00:00Z\"}}\n{{\"type\": \"event\"}}\n{}\n{{\"type\": \"session\"}}\n{{}}\n",
        event(4, "OSError", 4).replace('\n', " ")
    );
    write("c.envelope", &envelope);
    fs::create_dir_all(folder.path().join("more/deeper")).unwrap();
    write("more/deeper/d.json", API_EVENT);
    let lines = [event(5, "TypeError", 5), event(6, "TypeError", 6)];
    write(
        "e.jsonl",
        &lines.map(|line| line.replace('\n', " ")).join("\n"),
    );
    folder
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn list(source: &FilesSource, query: &IssueQuery) -> Vec<Issue> {
    block_on(source.issues(query)).unwrap().items
}

fn search(source: &FilesSource, query: &str) -> Vec<String> {
    let query = IssueQuery {
        query: query.to_owned(),
        ..IssueQuery::default()
    };
    let kind = |issue: Issue| issue.title.split(':').next().unwrap().to_owned();
    list(source, &query).into_iter().map(kind).collect()
}

#[test]
fn a_folder_is_an_issue_source() {
    let folder = folder();
    let report = run("files, a folder", CASES, |case| {
        block_on((case.run)(&FilesSource::open(folder.path())))
    });
    assert_eq!(report.skipped, []);
}

#[test]
fn a_file_is_an_issue_source() {
    let folder = folder();
    let file = folder.path().join("b.json");
    let report = run("files, a file", CASES, |case| {
        block_on((case.run)(&FilesSource::open(&file)))
    });
    assert_eq!(report.skipped, []);
}

#[test]
fn built_in_documents_are_an_issue_source() {
    let (one, two) = (event(1, "KeyError", 1), event(2, "ValueError", 2));
    let documents = [
        ("one", one.as_bytes()),
        ("two", two.as_bytes()),
        ("three", API_EVENT.as_bytes()),
        ("broken", b"{".as_slice()),
    ];
    let report = run("files, built in", CASES, |case| {
        block_on((case.run)(
            &FilesSource::of_documents("samples", &documents).as_samples(),
        ))
    });
    assert_eq!(report.skipped, []);

    let plain = FilesSource::of_documents("samples", &documents);
    let marked = plain.clone().as_samples();
    assert!(
        list(&plain, &IssueQuery::default())
            .iter()
            .all(|issue| !issue.sample)
    );
    assert!(
        list(&marked, &IssueQuery::default())
            .iter()
            .all(|issue| issue.sample)
    );
}

#[test]
fn events_of_the_same_problem_are_one_issue() {
    let folder = folder();
    let source = FilesSource::open(folder.path());
    assert_eq!(
        search(&source, ""),
        [
            "TimeoutError",
            "TypeError",
            "OSError",
            "ValueError",
            "KeyError"
        ]
    );
    let issues = list(&source, &IssueQuery::default());
    let twice = &issues[4];
    assert_eq!((twice.count, twice.user_count), (2, 2));
    assert_eq!(twice.title, "KeyError: order 2 is lost");
    assert_eq!(
        twice.culprit.as_deref(),
        Some("orders/KeyError.py in settle")
    );
    let events = block_on(source.events(&twice.id, 10)).unwrap();
    assert!(events[0].timestamp > events[1].timestamp);

    // The same event in another file is the same event.
    fs::copy(
        folder.path().join("a.json"),
        folder.path().join("copy.json"),
    )
    .unwrap();
    assert_eq!(list(&source, &IssueQuery::default())[4].count, 2);
    // And the id is the same for whoever reads the same documents.
    let again = FilesSource::open(folder.path());
    let again: Vec<_> = list(&again, &IssueQuery::default())
        .into_iter()
        .map(|it| it.id)
        .collect();
    assert_eq!(
        again,
        issues
            .iter()
            .map(|issue| issue.id.clone())
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_search_finds_by_state_level_tag_and_text() {
    let folder = folder();
    let source = FilesSource::open(folder.path());
    assert_eq!(search(&source, "is:resolved"), [""; 0]);
    assert_eq!(
        search(&source, "is:unresolved level:warning"),
        ["TimeoutError"]
    );
    assert_eq!(search(&source, "!level:warning \"order 4\""), ["OSError"]);
    assert_eq!(
        search(&source, "region:\"eu west\" typeerror"),
        ["TypeError"]
    );
    assert_eq!(search(&source, "!region:\"eu west\""), ["TimeoutError"]);
}

#[test]
fn an_issue_belongs_to_the_project_its_event_names_or_else_to_the_folder() {
    let folder = folder();
    let home = folder.path().join("My Shop");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("a.json"), event(1, "KeyError", 1)).unwrap();
    fs::write(home.join("d.json"), API_EVENT).unwrap();
    let projects = block_on(FilesSource::open(&home).projects()).unwrap();
    let projects: Vec<_> = projects
        .iter()
        .map(|it| (it.id.as_str(), it.name.as_str()))
        .collect();
    assert_eq!(projects, [("12", "12"), ("my-shop", "My Shop")]);
}

#[test]
fn files_that_come_change_and_go_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let source = FilesSource::open(folder.path());
    assert_eq!(search(&source, ""), [""; 0]);
    let file = folder.path().join("a.json");
    fs::write(&file, event(1, "KeyError", 1)).unwrap();
    assert_eq!(search(&source, ""), ["KeyError"]);
    fs::write(&file, event(1, "OverflowError", 1)).unwrap();
    assert_eq!(search(&source, ""), ["OverflowError"]);
    fs::remove_file(&file).unwrap();
    assert_eq!(search(&source, ""), [""; 0]);
}

#[test]
fn a_folder_that_is_not_there_is_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let source = FilesSource::open(folder.path().join("nowhere"));
    let error = block_on(source.check()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("nowhere"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_inside_the_folder_and_not_out_of_it() {
    use std::os::unix::fs::symlink;

    let outside = folder();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let link = |target: &Path, name: &str| symlink(target, home.join(name)).unwrap();
    link(&outside.path().join("a.json"), "out.json");
    link(outside.path(), "folder-out");
    link(home, "round");
    link(Path::new("/dev/zero"), "endless.json");
    fs::create_dir(home.join("..data")).unwrap();
    fs::write(home.join("..data/d.json"), API_EVENT).unwrap();
    link(&home.join("..data/d.json"), "d.json");
    assert_eq!(search(&FilesSource::open(home), ""), ["TimeoutError"]);
}

#[test]
fn issues_are_told_apart_by_environment_and_by_when_they_were_seen() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, environment: &str, time: &str| {
        let event = event(1, name, 1)
            .replace("2026-02-01T10:00:01Z", time)
            .replace(
                "\"python\"",
                &format!("\"python\", \"environment\": \"{environment}\""),
            );
        fs::write(folder.path().join(format!("{name}.json")), event).unwrap();
    };
    write("KeyError", "production", "2020-01-01T00:00:00Z");
    write("ValueError", "staging", "2999-01-01T00:00:00Z");
    let source = FilesSource::open(folder.path());
    let found = |environment: Option<&str>, hours: Option<u64>| {
        let query = IssueQuery {
            environment: environment.map(str::to_owned),
            period: hours.map(|hours| Duration::from_secs(3600 * hours)),
            ..IssueQuery::default()
        };
        let titles = list(&source, &query).into_iter().map(|issue| issue.title);
        titles
            .map(|it| it.split(':').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(None, None), ["ValueError", "KeyError"]);
    assert_eq!(found(Some("production"), None), ["KeyError"]);
    assert_eq!(found(Some("Production"), None), [""; 0]);
    assert_eq!(found(None, Some(24)), ["ValueError"]);
    assert_eq!(
        found(None, Some(24 * 366 * 100)),
        ["ValueError", "KeyError"]
    );
    assert_eq!(found(Some("production"), Some(24)), [""; 0]);
}
