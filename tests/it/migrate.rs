//! `explainer migrate`, from a database as the older backend left it, and between our stores.

use std::{collections::BTreeMap, path::Path};

use explainer_adapters::storage::{mongodb::MongoStore, sqlite::SqliteStore};
use explainer_core::{
    domain::{AnalysisFilter, ExposeSecret, Status, Timestamp},
    ports::{Analyses, Entry, Export, Kind, Users, Workspaces},
};
use futures::TryStreamExt;
use mongodb::{
    Client as Driver, Collection, Database,
    bson::{Bson, DateTime, Document, doc, oid::ObjectId},
};
use serde_json::json;

use crate::support::{
    Client, Service,
    mongod::{Place, Topology, server},
};

const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const TOKEN: &str = "sntryu_in_clear_4711";
const BCRYPT: &str = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";

/// What the command counted, by kind: read, written, already there, skipped.
type Counts = BTreeMap<String, [u64; 4]>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_older_backends_database_is_carried_over_and_every_record_is_accounted_for() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let older = Older::fill(&place).await;
    let before = older.dump().await;
    let total: u64 = older.expected.values().map(|counts| counts[0]).sum();
    assert!(total >= 200, "{total} documents");

    // A dry run counts the same and makes nothing.
    let told = older.migrate(&place, &["--dry-run"]);
    assert_eq!(counts(&told), older.expected, "{told}");
    let names = driver(&place).await.list_database_names().await.unwrap();
    assert!(!names.contains(&place.database.name().to_owned()));

    let told = older.migrate(&place, &[]);
    assert_eq!(counts(&told), older.expected, "{told}");
    for reason in [
        "letter case aside",
        "neither a user name nor an e-mail",
        "cannot be an id",
        "a better or newer record",
        "no workspace that is there",
        "does not say which issue",
        "nobody owns it",
        "has no zone: taken as UTC",
        "half done: it is queued again",
        "is not known: it is a developer now",
        "has no password hash",
    ] {
        assert!(told.contains(reason), "{reason} in\n{told}");
    }
    assert_eq!(older.dump().await, before, "the source was changed");
    older.check(&place.open().await).await;
    let stored = dump(&place.database).await;
    assert!(!format!("{stored:?}").contains(TOKEN), "a secret in clear");

    // Again: all of it is there. After a loss: what is missing comes back.
    let again = counts(&older.migrate(&place, &[]));
    for (kind, [read, written, there, skipped]) in &older.expected {
        let expected = match kind.as_str() {
            "settings" => [*read, *written, 0, *skipped],
            _ => [*read, 0, written + there, *skipped],
        };
        assert_eq!(again[kind], expected, "{kind}");
    }
    let analyses: Collection<Document> = place.database.collection("analyses");
    let lost = analyses.delete_many(doc! { "status": "completed" }).await;
    let lost = lost.unwrap().deleted_count;
    assert!(lost > 0);
    let resumed = counts(&older.migrate(&place, &[]));
    assert_eq!(resumed["analyses"][1], lost);
    assert_eq!(
        dump(&place.database).await["analyses"].len(),
        stored["analyses"].len()
    );
    older.drop().await;
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_older_backends_database_is_not_taken_for_ours() {
    let place = Place::on(&server(Topology::Standalone)).await;
    let older = Older::fill(&place).await;
    let before = older.dump().await;
    let output = Service::command(&std::env::temp_dir())
        .envs([
            ("MONGODB_URI", uri(&place)),
            ("DATABASE_NAME", &older.name()),
        ])
        .env("API_PORT", "0")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("explainer migrate --from older"), "{told}");
    assert_eq!(older.dump().await, before);
    older.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_store_moves_to_mongodb_and_back() {
    let place = Place::on(&server(Topology::ReplicaSet)).await;
    let mut service = Service::start(&[("SECRET_KEY", KEY)]);
    let ada = service.client().with_workspace("ada").await;
    let token = json!({"sentry_api_token": TOKEN, "sentry_organization": "acme"});
    let issues = ada.issue_ids().await;
    for issue in &issues {
        let path = format!("/api/v1/issues/{issue}/analyze");
        ada.post(&path, &json!({})).await.ok();
    }
    ada.put("/api/v1/workspaces/current", &token).await.ok();
    let bob = service.client().registered("bob").await;
    bob.post("/api/v1/auth/logout", &json!({})).await;
    let script = json!({"name": "nightly", "scope": "read", "days": 30});
    let script = ada.post("/api/v1/auth/tokens", &script).await.ok();
    let script = ada.bearer(script["token"].as_str().unwrap());
    let invitation = json!({"role": "viewer", "days": 30});
    let path = "/api/v1/workspaces/current/invitations";
    let invitation = ada.post(path, &invitation).await.ok();
    let seen = look(&ada).await;
    assert!(service.terminate());

    let file = service.folder().join("data/explainer.db");
    let there = migrate(
        service.folder(),
        &place,
        &["--from", "sqlite", "--to", "mongodb"],
    );
    let records = [
        ("users", 2),
        ("workspaces", 1),
        ("access tokens", 1),
        ("invitations", 1),
        ("analyses", issues.len() as u64),
        ("revoked tokens", 1),
    ];
    let all_are = |what: fn(u64) -> [u64; 4]| {
        let counts = records.map(|(kind, count)| (kind.to_owned(), what(count)));
        Counts::from(counts)
    };
    let written = all_are(|count| [count, count, 0, 0]);
    let already_there = all_are(|count| [count, 0, count, 0]);
    assert_eq!(counts(&there), written, "{there}");
    let again = migrate(
        service.folder(),
        &place,
        &["--from", "sqlite", "--to", "mongodb"],
    );
    assert_eq!(counts(&again), already_there, "{again}");

    // Served from there it is the same service: same tokens, same answers, and an invitation that
    // was not taken still can be.
    let on_mongodb = Service::start(&[
        ("MONGODB_URI", uri(&place)),
        ("DATABASE_NAME", place.database.name()),
        ("SECRET_KEY", KEY),
    ]);
    assert_eq!(look(&ada.at(on_mongodb.url())).await, seen);
    assert_eq!(look(&script.at(on_mongodb.url())).await, seen);
    let open = ada.at(on_mongodb.url()).get(path).await.ok();
    assert_eq!(open[0]["id"], invitation["id"]);
    drop(on_mongodb);

    let folder = tempfile::tempdir().unwrap();
    let back = migrate(
        folder.path(),
        &place,
        &["--from", "mongodb", "--to", "sqlite"],
    );
    assert_eq!(counts(&back), written, "{back}");
    let sqlite = |path: &Path| SqliteStore::open_to_read(path).unwrap();
    let first = everything(&sqlite(&file)).await;
    assert_eq!(everything(&place.open().await).await, first);
    let last = folder.path().join("data/explainer.db");
    assert_eq!(everything(&sqlite(&last)).await, first);

    let same = Service::command(folder.path())
        .args(["migrate", "--from", "sqlite"])
        .output()
        .unwrap();
    assert_eq!(same.status.code(), Some(1));
    place.drop().await;
}

async fn look(client: &Client) -> Vec<String> {
    let mut seen = Vec::new();
    for path in [
        "/api/v1/auth/me",
        "/api/v1/workspaces/current",
        "/api/v1/issues/processed/",
    ] {
        seen.push(client.get(path).await.ok().to_string());
    }
    seen
}

async fn everything(store: &dyn Export) -> Vec<Entry> {
    let mut all = Vec::new();
    for &kind in Kind::ALL {
        let page = store.page(kind, None, 1000).await.unwrap();
        all.extend(page.into_iter().map(Result::unwrap));
    }
    all
}

fn migrate(folder: &Path, place: &Place, arguments: &[&str]) -> String {
    let output = Service::command(folder)
        .arg("migrate")
        .args(arguments)
        .envs([
            ("MONGODB_URI", uri(place)),
            ("DATABASE_NAME", place.database.name()),
            ("SECRET_KEY", KEY),
        ])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let failed = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}\n{failed}");
    told
}

fn counts(told: &str) -> Counts {
    let line = |line: &str| {
        let kinds = [
            "users",
            "workspaces",
            "access tokens",
            "invitations",
            "analyses",
            "revoked tokens",
            "settings",
        ];
        let kind = kinds
            .into_iter()
            .find(|kind| line.starts_with(&format!("{kind} ")))?;
        let numbers = line[kind.len()..].split_whitespace().map(str::parse);
        let numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
        Some((
            kind.to_owned(),
            match *numbers {
                [read, written, there, skipped] => [read, written, there, skipped],
                [read, written, skipped] => [read, written, 0, skipped],
                _ => return None,
            },
        ))
    };
    told.lines().filter_map(line).collect()
}

/// A database as the older backend left it.
struct Older {
    database: Database,
    expected: Counts,
    /// Ids of accounts and workspaces by number.
    users: Vec<ObjectId>,
    workspaces: Vec<ObjectId>,
}

impl Older {
    async fn fill(place: &Place) -> Self {
        let name = format!("{}-older", place.database.name());
        let database = driver(place).await.database(&name);
        let ids = |count| (0..count).map(|_| ObjectId::new()).collect();
        let mut older = Self {
            database,
            expected: Counts::new(),
            users: ids(40),
            workspaces: ids(10),
        };
        older.fill_users().await;
        older.fill_workspaces().await;
        older.fill_issues().await;
        let none = [0, 0, 0, 0];
        for kind in ["access tokens", "invitations", "revoked tokens"] {
            older.expected.insert(kind.to_owned(), none);
        }
        older
    }

    fn name(&self) -> String {
        self.database.name().to_owned()
    }

    fn migrate(&self, place: &Place, arguments: &[&str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let name = self.name();
        let mut all = vec!["--from", "older", "--database", &name];
        all.extend(arguments);
        let told = migrate(folder.path(), place, &all);
        assert!(!folder.path().join("data").exists());
        told
    }

    async fn fill_users(&mut self) {
        let mut users: Vec<Document> = Vec::new();
        for (number, id) in self.users.iter().enumerate() {
            let workspace = self.workspaces[number % self.workspaces.len()];
            let mut user = doc! {
                "_id": *id,
                "username": format!("User{number}"),
                "email": format!("user{number}@example.org"),
                "full_name": if number % 2 == 0 { Bson::Null } else { format!("User {number}").into() },
                "hashed_password": BCRYPT,
                "role": if number == 0 { "admin" } else { "developer" },
                "is_active": number != 5,
                "workspace_id": workspace.to_hex(),
                "created_at": DateTime::from_millis(1_700_000_000_000 + i64::try_from(number).unwrap() * 1000),
            };
            match number {
                10 => drop(user.insert("created_at", "2024-02-03T04:05:06.789123")),
                11 => drop(user.remove("created_at")),
                12 => drop(user.remove("email")),
                13 => drop(user.remove("username")),
                14 => drop(user.insert("role", "superuser")),
                15 => drop(user.remove("hashed_password")),
                16 => drop(user.insert("workspace_id", workspace)),
                17 => drop(user.insert("workspace_id", "gone")),
                18 => drop(user.insert("is_active", "true")),
                _ => {}
            }
            users.push(user);
        }
        let later = DateTime::from_millis(1_710_000_000_000);
        users.extend([
            doc! { "username": "USER1", "email": "other@example.org", "created_at": later },
            doc! { "username": "user2", "email": "another@example.org", "created_at": later },
            doc! { "username": "somebody", "email": "User3@Example.org", "created_at": later },
            doc! { "full_name": "Nobody" },
            doc! { "_id": "no id!", "username": "numbered", "email": "numbered@example.org" },
        ]);
        self.insert("users", users, 5).await;
    }

    async fn fill_workspaces(&mut self) {
        let mut workspaces: Vec<Document> = Vec::new();
        for (number, id) in self.workspaces.iter().enumerate() {
            let mut workspace = doc! {
                "_id": *id,
                "name": format!("Workspace {number}"),
                "description": Bson::Null,
                "owner_id": self.users[number].to_hex(),
                "sentry_api_token": TOKEN,
                "sentry_organization": "acme",
                "sentry_test_dsn": format!("https://{TOKEN}@sentry.example.com/1"),
                "openai_api_key": TOKEN,
                "settings": {},
                "created_at": "2024-02-03T04:05:06",
                "updated_at": DateTime::from_millis(1_700_000_000_000),
            };
            match number {
                3 => drop(workspace.remove("owner_id")),
                4 => drop(workspace.remove("name")),
                5 => drop(workspace.insert("owner_id", "gone")),
                _ => {}
            }
            workspaces.push(workspace);
        }
        workspaces.push(doc! { "name": "Nobody's" });
        self.insert("workspaces", workspaces, 1).await;

        let workspace = |number: usize| self.workspaces[number].to_hex();
        let mut settings: Vec<Document> = (0..8)
            .map(|number| {
                doc! {
                    "workspace_id": workspace(number),
                    "openai_model": format!("model-{number}"),
                    "auto_analyze": number % 2 == 0,
                    "notification_email": Bson::Null,
                }
            })
            .collect();
        settings.extend([
            doc! { "user_id": self.users[8].to_hex(), "openai_model": "model-8" },
            doc! { "workspace_id": workspace(1), "openai_model": "twice" },
            doc! { "openai_model": "of nobody" },
        ]);
        self.insert("settings", settings, 2).await;
    }

    async fn fill_issues(&mut self) {
        let mut issues: Vec<Document> = Vec::new();
        for number in 0..160_usize {
            let status = ["completed", "failed", "pending", "analyzing"][number % 4];
            let mut issue = self.issue(number, status);
            match number {
                4 => drop(issue.remove("ai_analysis")),
                8 => drop(issue.insert("status", "done")),
                9 => drop(issue.remove("workspace_id")),
                12 => drop(issue.insert(
                    "ai_analysis",
                    doc! {
                        "summary": "old", "steps_to_reproduce": "one\ntwo", "priority": "urgent",
                    },
                )),
                13 => drop(issue.remove("sentry_issue")),
                16 => drop(issue.insert("created_by", "User16")),
                17 => drop(issue.insert("created_by", Bson::Null)),
                20 => drop(issue.insert("updated_at", "2024-02-03T04:05:06.123456")),
                _ => {}
            }
            issues.push(issue);
        }
        // The same issues once more, older and without a result.
        for number in [0, 24, 28, 32, 36] {
            let mut twin = self.issue(number, "failed");
            twin.insert("updated_at", DateTime::from_millis(0));
            issues.push(twin);
        }
        let mut lost = self.issue(200, "completed");
        lost.insert("workspace_id", "gone");
        let mut nameless = self.issue(201, "completed");
        nameless.remove("sentry_issue_id");
        nameless.remove("sentry_issue");
        issues.extend([lost, nameless]);
        self.insert("processed_issues", issues, 7).await;
        let analyses = self.expected.remove("processed_issues").unwrap();
        self.expected.insert("analyses".to_owned(), analyses);
    }

    fn issue(&self, number: usize, status: &str) -> Document {
        let id = format!("{}", 1000 + number);
        let analysis = doc! {
            "issue_id": &id, "summary": format!("Summary {number}"), "root_cause": "A null.",
            "technical_description": "It was null.", "steps_to_reproduce": ["one", "two"],
            "suggested_fix": "Check it.", "code_examples": "```\nif (x) {}\n```",
            "priority": "high", "estimated_effort": "1 hour",
            "affected_components": ["cart"], "related_issues": [],
        };
        let done = status == "completed";
        doc! {
            "sentry_issue_id": &id,
            "sentry_issue": {
                "id": &id, "title": format!("Error {number}"), "culprit": "shop.cart",
                "message": "it broke", "level": "error", "platform": "python",
                "project_id": "1", "project_name": "Shop", "count": "12", "userCount": 3,
                "first_seen": "2024-01-01T00:00:00Z", "last_seen": "2024-01-02T00:00:00.5Z",
                "permalink": "https://sentry.example.com/1", "tags": { "env": "prod" },
                "metadata": { "type": "KeyError", "nested": { "deep": 1 } },
            },
            "ai_analysis": if done { Bson::Document(analysis) } else { Bson::Null },
            "status": status,
            "assigned_to": Bson::Null,
            "created_by": self.users[number % self.users.len()].to_hex(),
            "workspace_id": self.workspaces[number % self.workspaces.len()].to_hex(),
            "created_at": DateTime::from_millis(1_700_000_000_000),
            "updated_at": DateTime::from_millis(1_700_000_100_000),
        }
    }

    async fn insert(&mut self, collection: &str, documents: Vec<Document>, skipped: u64) {
        let read = documents.len() as u64;
        let counts = [read, read - skipped, 0, skipped];
        self.expected.insert(collection.to_owned(), counts);
        let into: Collection<Document> = self.database.collection(collection);
        into.insert_many(documents).await.unwrap();
    }

    /// What became of it.
    async fn check(&self, store: &MongoStore) {
        let user = store.find_login("USER7").await.unwrap().unwrap();
        assert_eq!(user.id.as_str(), self.users[7].to_hex());
        assert_eq!(user.password_hash, BCRYPT, "the hash stays as it is");
        let zoneless = store.find_login("user10").await.unwrap().unwrap();
        let utc: Timestamp = "2024-02-03T04:05:06.789Z".parse().unwrap();
        assert_eq!(zoneless.created_at, utc);
        assert!(
            store
                .find_login("user5")
                .await
                .unwrap()
                .is_some_and(|it| !it.is_active)
        );

        let id = self.workspaces[2].to_hex().parse().unwrap();
        let workspace = Workspaces::get(store, &id).await.unwrap().unwrap();
        assert_eq!(workspace.settings.openai_model.as_deref(), Some("model-2"));
        assert!(workspace.settings.auto_analyze && workspace.sentry.api_token.is_some());
        assert_eq!(workspace.members.len(), 4, "{:?}", workspace.members);

        let of = |status| AnalysisFilter {
            status: Some(status),
            limit: 100,
            ..AnalysisFilter::default()
        };
        let completed = store.list(&id, &of(Status::Completed)).await.unwrap();
        let done = completed.iter().find(|it| it.issue.id == "1032").unwrap();
        let specification = done.specification.as_ref().unwrap();
        assert_eq!(specification.summary, "Summary 32");
        assert_eq!(specification.reproduction_steps, ["one", "two"]);
        assert_eq!((done.issue.count, done.issue.user_count), (12, 3));
        let halfway = store.list(&id, &of(Status::Analyzing)).await.unwrap();
        assert!(halfway.is_empty(), "{halfway:?}");

        // What was waiting or half done is there to be taken.
        let mut queued = 0;
        let (now, lease) = (Timestamp::MAX, std::time::Duration::from_secs(1));
        let now = now - std::time::Duration::from_secs(3600);
        for number in 0..100 {
            let claimed = store
                .claim(&format!("worker-{number}"), 1, now, lease)
                .await;
            let Some((lease, job)) = claimed.unwrap().pop() else {
                break;
            };
            queued += 1;
            let reason = explainer_core::domain::AnalysisError {
                code: "put_back".to_owned(),
                message: "to be there again".to_owned(),
                retryable: true,
            };
            assert_eq!(job.attempt, 1);
            let later = now + std::time::Duration::from_secs(60);
            store.retry_at(&lease, later, reason, now).await.unwrap();
        }
        assert_eq!(queued, 80);
    }

    async fn dump(&self) -> BTreeMap<String, Vec<Document>> {
        dump(&self.database).await
    }

    async fn drop(self) {
        self.database.drop().await.unwrap();
    }
}

/// Every document and every index.
async fn dump(database: &Database) -> BTreeMap<String, Vec<Document>> {
    let mut all = BTreeMap::new();
    for name in database.list_collection_names().await.unwrap() {
        let collection: Collection<Document> = database.collection(&name);
        let found = collection
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .await
            .unwrap();
        let mut documents: Vec<Document> = found.try_collect().await.unwrap();
        for index in collection.list_index_names().await.unwrap() {
            documents.push(doc! { "index": index });
        }
        all.insert(name, documents);
    }
    all
}

fn uri(place: &Place) -> &str {
    place.config.uri.expose_secret()
}

async fn driver(place: &Place) -> Driver {
    Driver::with_uri_str(uri(place)).await.unwrap()
}
