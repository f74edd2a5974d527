//! What is MongoDB's own and no other store's: indexes, plans, servers that die, documents of
//! other versions. The suites of the ports run in `conformance.rs`.
#![cfg(feature = "storage-mongodb")]
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use explainer_adapters::storage::mongodb::{MongoConfig, MongoStore};
use explainer_core::{
    Error, ErrorKind,
    domain::{Analysis, AnalysisFilter, Lease, Outcome, Priority, SecretString, Status},
    ports::{Analyses, RevokedTokens, Users, Vitals, Workspaces},
    testkit::{
        conformance::{self, Case, Verdict},
        samples::{at, completed, dispatch, ended, failure, id, request, user, workspace},
    },
};
use futures::{TryStreamExt, future::join_all};
use mongodb::{
    Collection, Database,
    bson::{Bson, DateTime, Document, doc},
};
use serde_json::json;
use support::mongod::{Mongod, Place, Server, Topology, server, servers};

const LEASE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_that_open_a_new_store_at_once_make_its_indexes_once() {
    for server in servers() {
        let place = Place::on(&server).await;
        let opened = join_all((0..10).map(|_| MongoStore::open(&place.config))).await;
        for store in opened {
            store.unwrap().ping().await.unwrap();
        }
        let mut made = BTreeMap::new();
        for collection in [
            "users",
            "workspaces",
            "analyses",
            "former_results",
            "idempotency_keys",
            "revoked_tokens",
            "sessions",
            "access_tokens",
            "invitations",
            "audit",
            "model_calls",
            "deliveries",
            "outbox",
        ] {
            let names = collection_of(&place, collection).list_index_names().await;
            made.insert(collection, names.unwrap().into_iter().collect());
        }
        let expected = [
            ("users", vec!["_id_", "email", "first", "username"]),
            (
                "analyses",
                vec!["_id_", "due", "listed", "of_issue", "told"],
            ),
            ("former_results", vec!["_id_", "of_analysis"]),
            ("idempotency_keys", vec!["_id_", "expiry"]),
            ("workspaces", vec!["_id_", "automatic", "of_member"]),
            ("deliveries", vec!["_id_", "expiry"]),
            ("outbox", vec!["_id_", "due", "expiry", "of_workspace"]),
            ("revoked_tokens", vec!["_id_", "expiry"]),
            ("sessions", vec!["_id_", "expiry", "of_user"]),
            (
                "invitations",
                vec!["_id_", "code", "expiry", "of_workspace"],
            ),
            ("audit", vec!["_id_", "expiry"]),
            ("access_tokens", vec!["_id_", "expiry", "of_user", "secret"]),
            (
                "model_calls",
                vec!["_id_", "by_day", "by_key", "of_analysis"],
            ),
        ];
        let expected = expected.map(|(collection, names)| {
            let names: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
            (collection, names)
        });
        assert_eq!(made, BTreeMap::from(expected), "{}", server.name);
        place.drop().await;
    }
}

#[tokio::test]
async fn a_database_in_which_our_indexes_cannot_be_made_is_refused() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let twins = [
        doc! { "username_key": "ada" },
        doc! { "username_key": "ada" },
    ];
    let users = collection_of(&place, "users");
    users.insert_many(twins).await.unwrap();
    let error = MongoStore::open(&place.config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
    assert!(error.message().contains("index username"), "{error}");

    users.delete_many(doc! {}).await.unwrap();
    let foreign = doc! {
        "createIndexes": "users",
        "indexes": [{ "name": "username", "key": { "nick": 1 } }],
    };
    place.database.run_command(foreign).await.unwrap();
    let error = MongoStore::open(&place.config).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
    place.drop().await;
}

/// Runs every case of every suite while the server writes down what it was asked and how it went
/// about it: no query of the adapter can be missing here.
#[test]
fn every_query_finds_its_documents_by_an_index() {
    let server = server(Topology::Standalone);
    let mut seen = BTreeSet::new();
    let mut run = Plans {
        server: &server,
        seen: &mut seen,
    };
    run.of(conformance::users::CASES, |store| store);
    run.of(conformance::workspaces::CASES, |store| store);
    run.of(conformance::analyses::CASES, |store| store);
    run.of(conformance::idempotency::CASES, |store| store);
    run.of(conformance::revoked_tokens::CASES, |store| store);
    run.of(conformance::sessions::CASES, |store| store);
    run.of(conformance::audit::CASES, |store| store);
    run.of(conformance::invitations::CASES, |store| store);
    run.of(conformance::access_tokens::CASES, |store| store);
    run.of(conformance::vitals::CASES, |store| store);
    run.of(conformance::archive::EXPORT_CASES, |store| store);
    run.of(conformance::archive::IMPORT_CASES, |store| store);
    run.of(conformance::deliveries::CASES, |store| store);
    run.of(conformance::watches::CASES, |store| store);
    run.of(conformance::outbox::CASES, |store| store);
    let expected = [
        ("access_tokens", "command"),
        ("access_tokens", "query"),
        ("access_tokens", "remove"),
        ("analyses", "command"),
        ("analyses", "query"),
        ("analyses", "remove"),
        ("analyses", "update"),
        ("audit", "query"),
        ("audit", "remove"),
        ("invitations", "command"),
        ("invitations", "query"),
        ("invitations", "remove"),
        ("deliveries", "query"),
        ("deliveries", "remove"),
        ("deliveries", "update"),
        ("former_results", "command"),
        ("former_results", "query"),
        ("former_results", "remove"),
        ("idempotency_keys", "query"),
        ("idempotency_keys", "remove"),
        ("idempotency_keys", "update"),
        ("model_calls", "command"),
        ("model_calls", "query"),
        ("model_calls", "update"),
        ("outbox", "command"),
        ("outbox", "query"),
        ("outbox", "remove"),
        ("outbox", "update"),
        ("revoked_tokens", "command"),
        ("revoked_tokens", "query"),
        ("revoked_tokens", "remove"),
        ("revoked_tokens", "update"),
        ("sessions", "command"),
        ("sessions", "query"),
        ("sessions", "remove"),
        ("users", "command"),
        ("users", "query"),
        ("users", "update"),
        ("watches", "command"),
        ("watches", "query"),
        ("watches", "update"),
        ("workspaces", "command"),
        ("workspaces", "query"),
        ("workspaces", "update"),
    ];
    let expected = expected.map(|(collection, kind)| (collection.to_owned(), kind.to_owned()));
    assert_eq!(seen, BTreeSet::from(expected));
}

struct Plans<'a> {
    server: &'a Arc<Server>,
    /// The collections, and what was done to them by a plan.
    seen: &'a mut BTreeSet<(String, String)>,
}

impl Plans<'_> {
    #[tokio::main(worker_threads = 2)]
    async fn of<P: ?Sized>(&mut self, cases: &[Case<P>], as_port: fn(&MongoStore) -> &P) {
        for case in cases {
            let place = Place::on(self.server).await;
            let store = place.open().await;
            let profile = doc! { "profile": 2, "slowms": 0, "sampleRate": 1.0 };
            place.database.run_command(profile).await.unwrap();
            let verdict: Verdict = (case.run)(as_port(&store)).await;
            assert_eq!(verdict, Ok(()), "{}", case.words);
            place
                .database
                .run_command(doc! { "profile": 0 })
                .await
                .unwrap();
            for done in all(&place, "system.profile").await {
                self.seen.extend(planned(&place.database, &done));
            }
            place.drop().await;
        }
    }
}

/// The collection and the kind of one operation that was planned, if it finds by an index.
fn planned(database: &Database, done: &Document) -> Option<(String, String)> {
    let plan = done.get_str("planSummary").ok()?;
    let namespace = done.get_str("ns").unwrap();
    let prefix = format!("{}.", database.name());
    let collection = namespace.strip_prefix(&prefix).unwrap();
    assert!(
        ["IXSCAN", "IDHACK", "COUNT_SCAN", "EOF"]
            .iter()
            .any(|by| plan.starts_with(by)),
        "{plan}: {done}"
    );
    assert!(!done.get_bool("hasSortStage").unwrap_or(false), "{done}");
    Some((
        collection.to_owned(),
        done.get_str("op").unwrap().to_owned(),
    ))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_server_died_fails_fast_and_recovers_by_itself() {
    for topology in [Topology::Standalone, Topology::ReplicaSet] {
        let mut mongod = Mongod::start(topology);
        let place = Place::at(&mongod.uri()).await;
        let store = place.open().await;
        let jobs = (0..50).map(|job| store.enqueue(request(&job.to_string(), 0)));
        for asked in join_all(jobs).await {
            asked.unwrap();
        }
        mongod.kill();

        for _ in 0..2 {
            let begin = Instant::now();
            let error = get(&store, "1").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
            assert!(begin.elapsed() < Duration::from_secs(3), "{error:?}");
        }
        let error = MongoStore::open(&place.config).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");

        mongod.run();
        let begin = Instant::now();
        while get(&store, "1").await.is_err() {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "it does not recover"
            );
        }
        // What was answered before the kill is there, and work goes on.
        let all = AnalysisFilter {
            limit: 100,
            ..AnalysisFilter::default()
        };
        let stored = store.list(&id("ws"), &all).await.unwrap();
        assert_eq!(stored.len(), 50, "{topology:?}");
        assert!(claim(&store, 1).await.unwrap().is_some());
    }
}

/// What a server does to its clients when it hands over to another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_did_not_take_or_did_not_confirm_is_written_once() {
    let mongod = Mongod::start(Topology::Standalone);
    // One that hands over tells so; this one only says it did, and is to be asked again soon.
    let place = Place::at(&format!("{}?heartbeatFrequencyMS=500", mongod.uri())).await;
    let store = place.open().await;
    let admin = place.database.client().database("admin");
    let not_primary = doc! { "errorCode": 10_107 };
    let broken_off = doc! { "closeConnection": true };
    let unconfirmed =
        doc! { "writeConcernError": { "code": 91, "errmsg": "shutdown in progress" } };
    for (number, fault) in [not_primary, broken_off, unconfirmed].iter().enumerate() {
        let fails = |command: &'static str| {
            let mut data = fault.clone();
            data.insert("failCommands", [command]);
            let fail =
                doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": data };
            admin.run_command(fail).into_future()
        };
        let issues = ["a", "b"].map(|issue| format!("{issue}{number}"));
        fails("insert").await.unwrap();
        let asked = issues
            .each_ref()
            .map(|issue| store.enqueue(request(issue, 0)));
        for (asked, issue) in join_all(asked).await.into_iter().zip(&issues) {
            let asked = asked.unwrap();
            assert_eq!((&asked.issue.id, asked.revision), (issue, 1), "{fault}");
        }
        let claimed = store.claim(&number.to_string(), 2, at(1), LEASE).await;
        let claimed = claimed.unwrap();
        assert_eq!(claimed.len(), 2, "{fault}");
        let done: Vec<_> = claimed
            .iter()
            .map(|(_, job)| ended(job, completed(job, "done"), 2))
            .collect();
        fails("update").await.unwrap();
        let ends = || {
            let all = claimed.iter().zip(&done);
            all.map(|((lease, _), done)| store.finish(lease, done.clone(), &[]))
        };
        for held in join_all(ends()).await {
            assert!(held.unwrap(), "{fault}");
        }
        for held in join_all(ends()).await {
            assert!(
                !held.unwrap(),
                "another end of an analysis that has ended: {fault}"
            );
        }
        for issue in &issues {
            let stored = get(&store, issue).await.unwrap().unwrap();
            assert_eq!((stored.status, stored.revision), (Status::Completed, 1));
        }
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_in_time_is_a_timeout() {
    let mongod = Mongod::start(Topology::Standalone);
    let place = Place::at(&mongod.uri()).await;
    place.open().await;
    let impatient = MongoConfig {
        write_timeout: Duration::from_millis(500),
        ..place.config.clone()
    };
    let store = MongoStore::open(&impatient).await.unwrap();
    let admin = place.database.client().database("admin");
    let stop_writing = doc! { "fsync": 1, "lock": true };
    admin.run_command(stop_writing).await.unwrap();
    let error = store.enqueue(request("1", 0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    admin.run_command(doc! { "fsyncUnlock": 1 }).await.unwrap();
    store.enqueue(request("1", 0)).await.unwrap();
}

#[tokio::test]
async fn what_a_connection_string_gets_wrong_is_said_without_its_secrets() {
    let server = server(Topology::Standalone);
    let mut parts = server.uri.split(['/', '?', '@']);
    let host = parts.rfind(|part| part.contains(':')).unwrap();
    for (uri, kind) in [
        (
            format!("mongodb://ada:hush-hush@{host}/"),
            ErrorKind::Unauthorized,
        ),
        (
            format!("mongodb://ada:hush-hush@{host}:x/"),
            ErrorKind::Invalid,
        ),
        (
            format!("mongodb://ada:hush-hush:@{host}/"),
            ErrorKind::Invalid,
        ),
        (
            format!("mongodb://ada:%hush-hush@{host}/"),
            ErrorKind::Invalid,
        ),
        (
            format!("mongodb://{host}/?authSource=hush-hush&w=-1"),
            ErrorKind::Invalid,
        ),
        (
            format!("mongodb://{host}/?replicaSet=hush-hush&directConnection=maybe"),
            ErrorKind::Invalid,
        ),
        ("hush-hush".to_owned(), ErrorKind::Invalid),
        (String::new(), ErrorKind::Invalid),
        (
            "mongodb://ada:hush-hush@127.0.0.1:1/".to_owned(),
            ErrorKind::Unavailable,
        ),
    ] {
        let config = MongoConfig::new(SecretString::from(uri.clone()), "store");
        let error = MongoStore::open(&config).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{uri}: {error:?}");
        let said = format!("{config:?} {error} {error:?}");
        assert!(
            !said.contains("hush") && !said.contains("ada:"),
            "{uri}: {said}"
        );
    }
}

#[tokio::test]
async fn a_store_shows_no_secret() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let shown = format!("{:?}", place.open().await);
    assert_eq!(
        shown,
        format!("MongoStore {{ database: {:?}, .. }}", place.database.name())
    );
    place.drop().await;
}

#[tokio::test]
async fn fields_of_a_newer_version_survive_every_change() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    let ada = Users::insert(&store, user("ada")).await.unwrap();
    let ws = workspace("ws", "ada");
    Workspaces::insert(&store, &ws).await.unwrap();
    store.enqueue(request("1", 0)).await.unwrap();
    let later = doc! { "$set": { "later": 1 } };
    let in_groups = doc! { "$set": { "settings.later": 1, "sentry.later": 1 } };
    for (collection, update) in [
        ("users", &later),
        ("workspaces", &later),
        ("workspaces", &in_groups),
        ("analyses", &later),
    ] {
        let collection = collection_of(&place, collection);
        let updated = collection.update_many(doc! {}, update.clone()).await;
        assert_eq!(updated.unwrap().modified_count, 1);
    }

    Users::update(&store, ada.clone(), ada.updated_at)
        .await
        .unwrap();
    Workspaces::update(&store, ws.clone(), ws.updated_at)
        .await
        .unwrap();
    let (lease, _) = claim(&store, 1).await.unwrap().unwrap();
    assert!(store.renew(&lease, at(90)).await.unwrap());
    assert!(
        store
            .retry_at(&lease, at(2), failure(), at(2))
            .await
            .unwrap()
    );
    let (lease, job) = claim(&store, 3).await.unwrap().unwrap();
    let done = ended(&job, completed(&job, "done"), 4);
    assert!(store.finish(&lease, done, &[]).await.unwrap());
    store.enqueue(request("1", 5)).await.unwrap();

    for collection in ["users", "workspaces", "analyses"] {
        let stored = all(&place, collection).await.remove(0);
        assert_eq!(stored.get("later"), Some(&Bson::Int32(1)), "{stored}");
        assert_eq!(stored.get("schema"), Some(&Bson::Int32(1)), "{stored}");
    }
    let stored = all(&place, "workspaces").await.remove(0);
    for group in ["settings", "sentry"] {
        let group = stored.get_document(group).unwrap();
        assert_eq!(group.get("later"), Some(&Bson::Int32(1)), "{stored}");
    }
    place.drop().await;
}

#[tokio::test]
async fn a_document_that_means_something_else_now_is_not_guessed_at() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    Users::insert(&store, user("ada")).await.unwrap();
    let newer = doc! { "$set": { "schema": 2 } };
    let users = collection_of(&place, "users");
    users.update_many(doc! {}, newer).await.unwrap();
    let error = store.find_login("ada").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");

    // Nor does it stand in the way of others in the queue.
    store.enqueue(request("1", 0)).await.unwrap();
    let jobs = collection_of(&place, "analyses");
    let newer = doc! { "$set": { "schema": 2 } };
    jobs.update_many(doc! {}, newer).await.unwrap();
    store.enqueue(request("2", 1)).await.unwrap();
    let (_, job) = claim(&store, 2).await.unwrap().unwrap();
    assert_eq!(job.issue.id, "2");
    assert!(claim(&store, 3).await.unwrap().is_none());
    place.drop().await;
}

#[tokio::test]
async fn times_are_dates_and_a_revoked_token_is_kept_longer_than_a_clock_is_wrong() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    store.enqueue(request("1", 0)).await.unwrap();
    store.revoke(&id("token"), at(60), at(0)).await.unwrap();
    let date = |seconds| Bson::DateTime(DateTime::from_millis(at(seconds).as_millisecond()));
    let job = all(&place, "analyses").await.remove(0);
    for field in ["created_at", "updated_at", "due_at"] {
        assert_eq!(job.get(field), Some(&date(0)), "{field}");
    }
    let token = all(&place, "revoked_tokens").await.remove(0);
    assert_eq!(token.get("expires_at"), Some(&date(60)));
    let tokens = collection_of(&place, "revoked_tokens");
    let indexes: Vec<_> = tokens
        .list_indexes()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let kept = indexes
        .into_iter()
        .find_map(|index| index.options?.expire_after);
    assert_eq!(kept, Some(Duration::from_secs(86_400)));
    place.drop().await;
}

#[tokio::test]
async fn what_does_not_fit_or_could_not_be_read_again_is_refused_and_blocks_nothing() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    let mut deep = request("deep", 0);
    let nested = (0..127).fold(json!(1), |inner, _| json!([inner]));
    deep.issue.metadata.insert("nested".to_owned(), nested);
    let mut large = request("large", 0);
    large.issue.message = "x".repeat(16 << 20);
    for refused in [deep, large] {
        let error = store.enqueue(refused).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
    }
    let mut full = request("full", 9);
    full.issue.message = "x".repeat(15_000_000);
    store.enqueue(full).await.unwrap();
    store.enqueue(request("1", 1)).await.unwrap();
    let (lease, job) = claim(&store, 2).await.unwrap().unwrap();
    let large = completed(&job, &"x".repeat(16 << 20));
    let error = store
        .finish(&lease, ended(&job, large, 3), &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
    let failed = Outcome::Failed(failure());
    assert!(
        store
            .finish(&lease, ended(&job, failed, 3), &[])
            .await
            .unwrap()
    );
    place.drop().await;
}

#[tokio::test]
async fn a_document_that_cannot_be_read_does_not_block_the_queue() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    let broken = doc! { "_id": "broken", "workspace_id": "ws", "issue_id": "0", "due_at": DateTime::from_millis(0) };
    collection_of(&place, "analyses")
        .insert_one(broken)
        .await
        .unwrap();
    store.enqueue(request("1", 0)).await.unwrap();
    let error = claim(&store, 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error:?}");
    let (_, job) = claim(&store, 2).await.unwrap().unwrap();
    assert_eq!(job.issue.id, "1");

    // The lease of both has run out: together they are due after a third.
    store.enqueue(request("2", 0)).await.unwrap();
    let claimed = store.claim("many", 9, at(99), LEASE).await.unwrap();
    let issues: Vec<_> = claimed.iter().map(|(_, job)| &*job.issue.id).collect();
    assert_eq!(issues, ["2", "1"]);
    place.drop().await;
}

#[tokio::test]
async fn a_job_whose_worker_died_while_taking_it_is_handed_out_again() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    store.enqueue(request("1", 0)).await.unwrap();
    // All that the first of a claim's two commands does.
    let until = DateTime::from_millis(at(60).as_millisecond());
    let hold = doc! { "$set": { "lease": "of the dead", "due_at": until } };
    collection_of(&place, "analyses")
        .update_many(doc! {}, hold)
        .await
        .unwrap();
    assert_eq!(
        get(&store, "1").await.unwrap().unwrap().status,
        Status::Pending
    );
    assert!(claim(&store, 59).await.unwrap().is_none());
    let (_, job) = claim(&store, 60).await.unwrap().unwrap();
    assert_eq!((job.status, job.attempt), (Status::Analyzing, 1));
    place.drop().await;
}

#[tokio::test]
async fn a_result_that_was_put_aside_by_one_who_died_is_there_once() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    store.enqueue(request("1", 0)).await.unwrap();
    let (lease, job) = claim(&store, 1).await.unwrap().unwrap();
    let done = ended(&job, completed(&job, "the first"), 2);
    assert!(store.finish(&lease, done, &[]).await.unwrap());
    let ended = all(&place, "analyses").await.remove(0);
    store.enqueue(request("1", 3)).await.unwrap();
    // All that remains when the process dies before the second of the two commands.
    let by_id = doc! { "_id": ended.get_str("_id").unwrap() };
    let analyses = collection_of(&place, "analyses");
    analyses.replace_one(by_id, ended).await.unwrap();

    let again = store.enqueue(request("1", 4)).await.unwrap();
    assert_eq!((again.revision, again.status), (2, Status::Pending));
    let former = store.former_results(&id("ws"), &again.id).await.unwrap();
    let former: Vec<_> = former.iter().map(|it| it.revision).collect();
    assert_eq!(former, [1]);
    place.drop().await;
}

#[tokio::test]
async fn a_page_of_rare_ones_reads_the_index_and_no_documents_but_its_own() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    for issue in 0..200 {
        store.enqueue(request(&issue.to_string(), 0)).await.unwrap();
    }
    let (lease, job) = claim(&store, 1).await.unwrap().unwrap();
    let done = ended(&job, completed(&job, "a needle among others"), 2);
    assert!(store.finish(&lease, done, &[]).await.unwrap());
    let filters = [
        AnalysisFilter {
            status: Some(Status::Completed),
            ..AnalysisFilter::default()
        },
        AnalysisFilter {
            priority: Some(Priority::Medium),
            model: Some("heuristic".to_owned()),
            ..AnalysisFilter::default()
        },
        AnalysisFilter {
            text: Some("needle".to_owned()),
            project: Some("shop".to_owned()),
            ..AnalysisFilter::default()
        },
    ];
    let profile = doc! { "profile": 2, "slowms": 0, "sampleRate": 1.0 };
    place.database.run_command(profile).await.unwrap();
    for filter in &filters {
        let filter = AnalysisFilter {
            limit: 10,
            ..filter.clone()
        };
        let found = store.list(&id("ws"), &filter).await.unwrap();
        assert_eq!(found.len(), 1, "{filter:?}");
    }
    let done = all(&place, "system.profile").await.into_iter();
    let read: Vec<_> = done
        .filter(|done| done.get_str("op").ok() == Some("query"))
        .filter(|done| done.get_str("ns").is_ok_and(|ns| ns.ends_with(".analyses")))
        .map(|done| done.get_i32("docsExamined").unwrap())
        .collect();
    assert_eq!(read, [1, 1, 1]);
    place.drop().await;
}

#[tokio::test]
async fn what_somebody_typed_does_not_change_which_name_is_taken() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    let mut ada = user("ada");
    ada.username = "ada index: email dup key: {".to_owned();
    Users::insert(&store, ada.clone()).await.unwrap();
    ada.id = id("another");
    ada.email = "another@example.org".to_owned();
    let error = Users::insert(&store, ada).await.unwrap_err();
    assert!(error.message().starts_with("username"), "{error:?}");
    place.drop().await;
}

/// Replicas that share a database: each worker has a store of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_finish_each_job_exactly_once() {
    const WORKERS: usize = 8;
    const JOBS: usize = 100;
    for server in servers() {
        let place = Place::on(&server).await;
        let stores = join_all((0..WORKERS).map(|_| place.open())).await;
        // Every replica asks for every job.
        for store in &stores {
            let jobs = (0..JOBS).map(|job| store.enqueue(request(&job.to_string(), 0)));
            join_all(jobs)
                .await
                .into_iter()
                .for_each(|asked| drop(asked.unwrap()));
        }
        let workers = stores.into_iter().enumerate().map(|(number, store)| {
            tokio::spawn(async move { work_until_empty(&store, number).await })
        });
        let finished = join_all(workers).await.into_iter();
        let finished: Vec<Arc<Analysis>> = finished.flat_map(|worker| worker.unwrap()).collect();
        let ids: BTreeSet<_> = finished.iter().map(|job| &job.id).collect();
        assert_eq!((finished.len(), ids.len()), (JOBS, JOBS), "{}", server.name);
        assert!(
            finished
                .iter()
                .all(|job| (job.revision, job.attempt) == (1, 1))
        );

        let completed = AnalysisFilter {
            status: Some(Status::Completed),
            limit: 100,
            ..AnalysisFilter::default()
        };
        let listed = place
            .open()
            .await
            .list(&id("ws"), &completed)
            .await
            .unwrap();
        assert_eq!(listed.len(), JOBS);
        place.drop().await;
    }
}

async fn work_until_empty(store: &MongoStore, worker: usize) -> Vec<Arc<Analysis>> {
    let mut finished = Vec::new();
    loop {
        let token = format!("{worker}-{}", finished.len());
        let claimed = store.claim(&token, 1 + worker, at(1), LEASE).await.unwrap();
        if claimed.is_empty() {
            return finished;
        }
        assert!(claimed.len() <= 1 + worker);
        let runs = claimed.into_iter().map(async |(lease, job)| {
            assert!(store.renew(&lease, at(90)).await.unwrap());
            let done = ended(&job, completed(&job, "done"), 2);
            assert!(store.finish(&lease, done.clone(), &[]).await.unwrap());
            done
        });
        finished.extend(join_all(runs).await);
    }
}

async fn get(store: &MongoStore, issue: &str) -> Result<Option<Analysis>, Error> {
    let analysis = id(&format!("analysis-{issue}"));
    Analyses::get(store, &id("ws"), &analysis).await
}

async fn claim(store: &MongoStore, seconds: i64) -> Result<Option<(Lease, Analysis)>, Error> {
    let token = format!("claimed-at-{seconds}");
    let claimed = store.claim(&token, 1, at(seconds), LEASE).await?;
    Ok(claimed.into_iter().next())
}

fn collection_of(place: &Place, name: &str) -> Collection<Document> {
    place.database.collection(name)
}

async fn all(place: &Place, collection: &str) -> Vec<Document> {
    let found = collection_of(place, collection).find(doc! {}).await;
    found.unwrap().try_collect().await.unwrap()
}

/// Whoever ends an analysis may die before what it has to tell is in the outbox.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_left_in_an_analysis_to_be_told_is_told_by_anyone() {
    use explainer_core::ports::Outbox;

    let place = Place::on(&server(Topology::Standalone)).await;
    let store = place.open().await;
    let asked = store.enqueue(request("1", 0)).await.unwrap();
    let told = [dispatch("a", 3), dispatch("b", 3)];
    let texts = told.clone().map(|it| serde_json::to_string(&it).unwrap());
    let left = doc! { "$set": { "told": texts.to_vec(), "told_at": DateTime::from_millis(3) } };
    let analyses = collection_of(&place, "analyses");
    let by_id = doc! { "_id": asked.id.as_str() };
    analyses.update_one(by_id.clone(), left).await.unwrap();
    // One of the two had got there.
    store.put(&told[0], at(0)).await.unwrap();

    assert_eq!(store.next_due().await.unwrap(), Some(at(3)));
    let [one, two] = told;
    let found = store.newest(&asked.workspace_id, None, 9).await.unwrap();
    assert_eq!(found, [two, one]);
    let left = analyses.find_one(by_id).await.unwrap().unwrap();
    assert!(!left.contains_key("told") && !left.contains_key("told_at"));
    place.drop().await;
}
