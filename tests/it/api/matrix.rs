//! Nobody sees or changes what is another's: every operation of the OpenAPI document, by everybody
//! who must not get in, with the ids of somebody else's workspace.
//!
//! The operations come from the document, so that a new one cannot be forgotten: one with an id in
//! its path that is not known here fails the test, and so does one that changes something and lets
//! a viewer do it.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::token_attacks::expired;
use crate::support::{Answer, Client, Service};

const SECRET: &str = "0123456789abcdef0123456789abcdef-matrix";

/// Operations that are about the caller's own account, or about no workspace at all: they take no
/// notice of the workspace that a request names.
const OF_NO_WORKSPACE: &[&str] = &[
    "changePassword",
    "createAccessToken",
    "createWorkspace",
    "deleteAccessToken",
    "eventTemplates",
    "getLogFilter",
    "joinWorkspace",
    "listAccessTokens",
    "listAudit",
    "listSources",
    "listUsers",
    "listWorkspaces",
    "logout",
    "logoutEverywhere",
    "me",
    "setLogFilter",
    "switchWorkspace",
    "updateUser",
    "verifyToken",
];

/// Of those, the ones that change something and are everybody's all the same.
const EVERYBODYS: &[&str] = &[
    "changePassword",
    "createAccessToken",
    "createWorkspace",
    "deleteAccessToken",
    "joinWorkspace",
    "logout",
    "logoutEverywhere",
    "switchWorkspace",
    "verifyToken",
];

/// Operations that end what a client of this test needs to go on.
const ENDING: &[&str] = &["logout", "logoutEverywhere", "changePassword"];

struct Operation {
    id: String,
    method: Method,
    path: String,
    body: Option<Value>,
    closed: bool,
}

/// What there is in the workspace that nobody else may reach.
struct Theirs {
    workspace: String,
    owner: String,
    analysis: String,
    invitation: String,
    token: String,
    webhook: String,
    delivery: String,
    issue: String,
}

impl Operation {
    async fn by(&self, client: &Client, ids: &Theirs) -> Answer {
        let path = self.filled(ids);
        match &self.body {
            Some(body) => client.json(self.method.clone(), &path, body).await,
            None => client.raw(self.method.clone(), &path, "").await,
        }
    }

    /// The path with these ids in it.
    fn filled(&self, ids: &Theirs) -> String {
        let steps: Vec<_> = self.path.split('/').collect();
        let filled = steps.iter().enumerate().map(|(at, step)| {
            if !step.starts_with('{') {
                return (*step).to_owned();
            }
            match (steps[at - 1], *step) {
                ("processed" | "analyses", _) => ids.analysis.clone(),
                ("issues", _) => ids.issue.clone(),
                ("workspaces", _) => ids.workspace.clone(),
                ("invitations", _) => ids.invitation.clone(),
                ("tokens", _) => ids.token.clone(),
                ("webhooks", _) => ids.webhook.clone(),
                ("deliveries", _) => ids.delivery.clone(),
                ("users" | "members", _) => ids.owner.clone(),
                _ => panic!("{}: tell this test whose {step} is", self.path),
            }
        });
        filled.collect::<Vec<_>>().join("/")
    }

    fn changes_something(&self) -> bool {
        self.method != Method::GET && self.id != "previewIssue"
    }

    fn is_one_of(&self, list: &[&str]) -> bool {
        list.contains(&self.id.as_str())
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let content = &operation["requestBody"]["content"]["application/json"];
            let schema = content.get("schema");
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                body: schema.map(|schema| least(document, schema)),
                closed: operation["security"].is_array(),
            });
        }
    }
    found
}

/// The least that a schema accepts, and one field more where nothing is required.
fn least(document: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let path = name.trim_start_matches('#');
        return least(document, document.pointer(path).unwrap());
    }
    for parts in [&schema["allOf"], &schema["anyOf"]] {
        if let Some(part) = parts.as_array().and_then(|parts| parts.first()) {
            return least(document, part);
        }
    }
    if let Some(first) = schema["enum"].as_array().and_then(|items| items.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let all = schema["properties"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            let needed = |name: &str| required.iter().any(|it| it == name);
            let mut fields = Map::new();
            let all: BTreeMap<_, _> = all.iter().collect();
            for (name, field) in all {
                if needed(name) || (required.is_empty() && fields.is_empty()) {
                    fields.insert(name.to_owned(), least(document, field));
                }
            }
            Value::Object(fields)
        }
        Some("array") => {
            let least_item = least(document, &schema["items"]);
            let items = schema["minItems"].as_u64().unwrap_or(0);
            (0..items).map(|_| least_item.clone()).collect()
        }
        Some("boolean") => json!(true),
        #[expect(clippy::cast_possible_truncation, reason = "what is least is small")]
        Some("integer" | "number") => json!(schema["minimum"].as_f64().unwrap_or(1.0) as i64),
        _ => {
            let length = schema["minLength"].as_u64().unwrap_or(3).max(3);
            json!("x".repeat(usize::try_from(length).unwrap()))
        }
    }
}

struct Cast {
    service: Service,
    operations: Vec<Operation>,
    /// Owns the workspace.
    ada: Client,
    /// Reads in it.
    vic: Client,
    /// Has nothing to do with it.
    bob: Client,
    theirs: Theirs,
}

async fn token_of(service: &Service, name: &str) -> String {
    let login = json!({"username": name, "password": "correct horse"});
    let answer = service
        .client()
        .post("/api/v1/auth/login", &login)
        .await
        .ok();
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn cast() -> Cast {
    let service = Service::start(&[
        ("SECRET_KEY", SECRET),
        ("EXPLAINER__OUTBOUND__PRIVATE_NETWORKS", "true"),
    ]);
    service.client().registered("root").await;
    let ada = service.client().with_workspace("ada").await;
    let bob = service.client().with_workspace("bob").await;
    let vic = service.client().registered("vic").await;
    let invite = json!({"role": "viewer"});
    let invitations = "/api/v1/workspaces/current/invitations";
    let code = ada.post(invitations, &invite).await.ok()["code"].clone();
    vic.post("/api/v1/workspaces/join", &json!({"code": code}))
        .await
        .ok();
    let issue = ada.issue_ids().await.remove(0);
    ada.post(&format!("/api/v1/issues/{issue}/analyze"), &json!({}))
        .await
        .ok();
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let pat = json!({"name": "script", "scope": "read", "days": 1});
    let notifications = "/api/v1/notifications/webhooks";
    let nobody = json!({"url": "http://127.0.0.1:1/"});
    let webhook = id(&ada.post(notifications, &nobody).await.ok());
    let test = format!("{notifications}/{webhook}/test");
    let tried = ada.post(&test, &json!({})).await.ok();
    let theirs = Theirs {
        workspace: id(&ada.get("/api/v1/workspaces/current").await.ok()),
        owner: id(&ada.get("/api/v1/auth/me").await.ok()),
        analysis: id(&ada.get("/api/v1/issues/processed").await.ok()[0]),
        invitation: id(&ada.post(invitations, &invite).await.ok()),
        token: id(&ada.post("/api/v1/auth/tokens", &pat).await.ok()),
        webhook,
        delivery: tried["delivery_id"].as_str().unwrap().to_owned(),
        issue,
    };
    let document = service.client().get("/openapi.json").await.ok();
    Cast {
        operations: operations(&document),
        service,
        ada,
        vic,
        bob,
        theirs,
    }
}

#[tokio::test]
async fn without_a_good_token_no_operation_does_anything() {
    let cast = cast().await;
    let service = &cast.service;
    let elsewhere = Service::start(&[]);
    let foreign = elsewhere.client().registered("ada").await.at(service.url());
    let good = token_of(service, "vic").await;
    let revoked = service.client().bearer(&token_of(service, "vic").await);
    revoked.post("/api/v1/auth/logout", &json!({})).await.ok();
    let disabled = service.client().registered("dis").await;
    let id = disabled.get("/api/v1/auth/me").await.ok()["id"].clone();
    let root = service.client().bearer(&token_of(service, "root").await);
    let path = format!("/api/v1/users/{}", id.as_str().unwrap());
    root.put(&path, &json!({"is_active": false})).await.ok();

    let strangers = [
        ("no token", service.client(), 401, "not_authenticated"),
        (
            "garbage",
            service.client().bearer("garbage"),
            401,
            "invalid_token",
        ),
        (
            "expired",
            service.client().bearer(&expired(SECRET, &good)),
            401,
            "invalid_token",
        ),
        ("another installation's", foreign, 401, "invalid_token"),
        ("revoked", revoked, 401, "invalid_token"),
        ("disabled", disabled, 403, "account_disabled"),
    ];
    let closed: Vec<_> = cast.operations.iter().filter(|it| it.closed).collect();
    assert!(closed.len() > 20, "the document was not read");
    for operation in closed {
        for (who, client, status, code) in &strangers {
            let answer = operation.by(client, &cast.theirs).await;
            let (seen, seen_code, _) = answer.problem();
            let what = format!("{} {} by {who}", operation.method, operation.path);
            assert_eq!((seen, &*seen_code), (*status, *code), "{what}");
        }
    }
}

#[tokio::test]
async fn another_s_workspace_is_as_good_as_none() {
    let cast = cast().await;
    let theirs = &cast.theirs;
    let before = state(&cast.ada).await;
    let nowhere = Theirs {
        workspace: "nowhere".to_owned(),
        owner: "nobody".to_owned(),
        analysis: "nothing".to_owned(),
        invitation: "nothing".to_owned(),
        token: "nothing".to_owned(),
        webhook: "nothing".to_owned(),
        delivery: "nothing".to_owned(),
        issue: theirs.issue.clone(),
    };
    let named = cast.bob.with("x-workspace-id", &theirs.workspace);
    let made_up = cast.bob.with("x-workspace-id", "nowhere");
    let open = |it: &&Operation| it.closed && !it.is_one_of(ENDING) && it.id != "createAccessToken";
    for operation in cast.operations.iter().filter(open) {
        let what = format!("{} {}", operation.method, operation.path);
        // Under the name of their workspace, as under the name of none.
        let answers = [
            operation.by(&named, theirs).await,
            operation.by(&made_up, theirs).await,
        ];
        if !operation.is_one_of(OF_NO_WORKSPACE) {
            for answer in &answers {
                assert_eq!(answer.problem().1, "workspace_not_found", "{what}");
            }
        }
        assert_eq!(answers[0].status, answers[1].status, "{what}");
        // With their ids in one's own workspace, as with ids that nothing has.
        let (with_theirs, with_none) = (
            operation.by(&cast.bob, theirs).await,
            operation.by(&cast.bob, &nowhere).await,
        );
        if operation.path.contains('{') {
            let told = |answer: &Answer| (answer.status, answer.json()["detail"].clone());
            assert_eq!(told(&with_theirs), told(&with_none), "{what}");
        }
        for answer in answers.iter().chain([&with_theirs]) {
            assert_ne!(answer.status.as_u16() / 100, 5, "{what}: {}", answer.text);
            let body = without_instance(answer);
            for secret in [
                &theirs.analysis,
                &theirs.owner,
                &theirs.workspace,
                &theirs.token,
                &theirs.webhook,
                &theirs.delivery,
            ] {
                assert!(
                    !body.contains(secret.as_str()),
                    "{what} tells {secret}: {body}"
                );
            }
            assert!(!body.contains("ada@example.com"), "{what}: {body}");
        }
    }
    assert_eq!(
        state(&cast.ada).await,
        before,
        "something of theirs was changed"
    );
}

#[tokio::test]
async fn a_viewer_and_a_token_that_reads_change_nothing() {
    let cast = cast().await;
    let pat = json!({"name": "reader", "scope": "read", "days": 1});
    let made = cast.ada.post("/api/v1/auth/tokens", &pat).await.ok();
    let reader = cast
        .service
        .client()
        .bearer(made["token"].as_str().unwrap());
    let before = state(&cast.ada).await;
    for operation in cast.operations.iter().filter(|it| it.closed) {
        let what = format!("{} {}", operation.method, operation.path);
        if !operation.changes_something() {
            for client in [&cast.vic, &reader] {
                let answer = operation.by(client, &cast.theirs).await;
                assert_ne!(answer.status.as_u16() / 100, 5, "{what}: {}", answer.text);
            }
            continue;
        }
        if !operation.is_one_of(EVERYBODYS) {
            let answer = operation.by(&cast.vic, &cast.theirs).await;
            assert_eq!(
                answer.problem().0,
                403,
                "{what} by a viewer: {}",
                answer.text
            );
        }
        if !["logout", "verifyToken"].contains(&operation.id.as_str()) {
            let answer = operation.by(&reader, &cast.theirs).await;
            let (status, code, _) = answer.problem();
            assert_eq!((status, &*code), (403, "scope_too_narrow"), "{what}");
        }
    }
    assert_eq!(state(&cast.ada).await, before, "something was changed");
}

/// All that a workspace's owner can see of it.
async fn state(owner: &Client) -> Vec<Value> {
    let mut seen = Vec::new();
    for path in [
        "auth/me",
        "auth/tokens",
        "workspaces",
        "workspaces/current/members",
        "workspaces/current/invitations",
        "settings",
        "notifications/webhooks",
        "notifications/deliveries",
        "issues/processed",
    ] {
        seen.push(owner.get(&format!("/api/v1/{path}")).await.ok());
    }
    seen
}

/// A problem repeats the path that was asked for.
fn without_instance(answer: &Answer) -> String {
    let mut body = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    if let Some(fields) = body.as_object_mut() {
        fields.remove("instance");
    }
    body.to_string()
}
