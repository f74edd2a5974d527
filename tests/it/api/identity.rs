//! People of an outside identity provider: their accounts, what their groups are worth, and what
//! becomes of tokens that are none.

use std::collections::BTreeSet;

use explainer_adapters::system::SystemClock;
use explainer_core::ports::Clock;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Answer, Client, Service,
    identity::{AUDIENCE, IdentityServer, SigningKey},
    replay::{End, Reply},
};

const ME: &str = "/api/v1/auth/me";
const CURRENT: &str = "/api/v1/workspaces/current";

const ISSUER: &str = "EXPLAINER__AUTH__OIDC__ISSUER";
const AUDIENCES: &str = "EXPLAINER__AUTH__OIDC__AUDIENCES";
const ADMINS: &str = "EXPLAINER__AUTH__OIDC__ADMINS";
const WORKSPACES: &str = "EXPLAINER__AUTH__OIDC__WORKSPACES";

/// A provider, its key and a service that trusts it.
struct Scene {
    provider: IdentityServer,
    key: SigningKey,
    service: Service,
}

async fn scene(more: &[(&str, &str)]) -> Scene {
    let key = SigningKey::rsa("one");
    let provider = IdentityServer::start(&[&key]).await;
    let issuer = provider.issuer();
    let variables = [&[(ISSUER, issuer.as_str()), (AUDIENCES, AUDIENCE)], more].concat();
    Scene {
        service: Service::start(&variables),
        provider,
        key,
    }
}

impl Scene {
    /// The same service, which from now on is configured so.
    fn configured(self, more: &[(&str, &str)]) -> Self {
        let issuer = self.provider.issuer();
        let variables = [&[(ISSUER, issuer.as_str()), (AUDIENCES, AUDIENCE)], more].concat();
        let service = self.service.restart_with(&variables);
        Self { service, ..self }
    }

    /// What the provider says of `subject`, and that it said so this many seconds later than now.
    fn claims(&self, subject: &str, later: i64) -> Value {
        let now = SystemClock::default().now().as_second();
        let mut claims = self.provider.claims(subject, now);
        claims["iat"] = json!(now + later);
        claims["preferred_username"] = json!(subject);
        claims["email"] = json!(format!("{subject}@example.com"));
        claims
    }

    fn with(&self, claims: &Value) -> Client {
        self.service.client().bearer(&self.key.sign(claims))
    }

    /// `subject` with a token that names these groups.
    fn of(&self, subject: &str, groups: &[&str], later: i64) -> Client {
        let mut claims = self.claims(subject, later);
        claims["groups"] = json!(groups);
        self.with(&claims)
    }
}

async fn me(client: &Client) -> Value {
    client.get(ME).await.ok()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// Checks that a request was refused, and why.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    let (is, says, _) = answer.problem();
    assert_eq!((is, says.as_str()), (status, code));
}

#[tokio::test]
async fn who_comes_first_gets_an_account_and_never_that_of_somebody_else() {
    let here = scene(&[]).await;
    let root = here.service.client().registered("root").await;
    let local = here.service.client().registered("ada").await;
    let local_id = text(&me(&local).await, "id").to_owned();

    let grace = me(&here.of("grace", &[], 0)).await;
    assert_eq!(text(&grace, "username"), "grace");
    assert_eq!(text(&grace, "email"), "grace@example.com");
    assert_eq!(text(&grace, "role"), "developer");
    // The same name and the same e-mail as a local account, and still somebody else.
    let ada = me(&here.of("ada", &[], 0)).await;
    assert_ne!(text(&ada, "id"), local_id);
    assert!(text(&ada, "username").starts_with("ada-"), "{ada}");
    assert!(text(&ada, "email").ends_with("@unknown.invalid"), "{ada}");
    assert_eq!(me(&here.of("ada", &[], 1)).await, ada, "the same each time");
    // Another subject under the same name is another account, and can be no administrator by saying so.
    let mut claims = here.claims("ada", 0);
    claims["sub"] = json!(local_id);
    claims["role"] = json!("admin");
    let other = me(&here.with(&claims)).await;
    assert_eq!(text(&other, "role"), "developer");
    let ids = [&ada, &other].map(|user| text(user, "id"));
    assert_eq!(BTreeSet::from([ids[0], ids[1], &local_id]).len(), 3);

    // There is no password to log in with, and none to change.
    for password in ["", "correct horse"] {
        let login = json!({"username": text(&ada, "username"), "password": password});
        let answer = here
            .service
            .client()
            .post("/api/v1/auth/login", &login)
            .await;
        refused(&answer, 401, "wrong_login");
    }
    let change = json!({"current_password": "", "new_password": "correct horse"});
    let answer = here
        .of("ada", &[], 0)
        .put("/api/v1/auth/password", &change)
        .await;
    refused(&answer, 401, "wrong_login");
    let login = json!({"username": "ada", "password": "correct horse"});
    let answer = here
        .service
        .client()
        .post("/api/v1/auth/login", &login)
        .await
        .ok();
    assert_eq!(text(&answer["user"], "id"), local_id);

    let log = root.get("/api/v1/audit").await.ok();
    let entries = log["entries"].as_array().unwrap().iter();
    let made = entries.filter(|entry| entry["action"] == "account.provisioned");
    assert_eq!(made.count(), 3);
}

#[tokio::test]
async fn many_first_requests_at_once_make_one_account() {
    let here = scene(&[]).await;
    let root = here.service.client().registered("root").await;
    let ada = here.of("ada", &[], 0);
    let all = join_all((0..16).map(|_| me(&ada))).await;
    let ids: BTreeSet<_> = all.iter().map(|user| text(user, "id")).collect();
    assert_eq!(ids.len(), 1, "{all:?}");
    let users = root.get("/api/v1/users").await.ok();
    assert_eq!(users["users"].as_array().unwrap().len(), 2);
    assert_eq!(here.provider.asked(), 2, "the keys were fetched once");
}

#[tokio::test]
async fn groups_say_who_administers_the_installation() {
    let here = scene(&[(ADMINS, "root, operators")]).await;
    // Not even the very first account is an administrator by itself where the provider decides.
    let ada = here.of("ada", &["staff"], 0);
    assert_eq!(text(&me(&ada).await, "role"), "developer");
    refused(&ada.get("/api/v1/users").await, 403, "not_administrator");
    let promoted = here.of("ada", &["staff", "operators"], 1);
    promoted.get("/api/v1/users").await.ok();
    // What an older token says counts no more, whoever comes with it.
    assert_eq!(text(&me(&ada).await, "role"), "admin");
    let demoted = here.of("ada", &[], 2);
    refused(
        &demoted.get("/api/v1/users").await,
        403,
        "not_administrator",
    );
    assert_eq!(text(&me(&promoted).await, "role"), "developer");
    let local = here.service.client().registered("grace").await;
    assert_eq!(text(&me(&local).await, "role"), "developer");
}

#[tokio::test]
async fn groups_say_who_belongs_to_a_workspace_and_who_does_no_more() {
    let here = scene(&[]).await;
    let owner = here.service.client().with_workspace("owner").await;
    let workspace = text(&owner.get(CURRENT).await.ok(), "id").to_owned();
    let grants = format!(
        r#"["{workspace} viewer All Staff", "{workspace} developer backend", "gone admin backend"]"#
    );
    let here = here.configured(&[(WORKSPACES, &grants)]);
    let owner = owner.at(here.service.url());
    let role = async |client: &Client| {
        let id = text(&me(client).await, "id").to_owned();
        let members = owner.get(&format!("{CURRENT}/members")).await.ok();
        let members = members.as_array().unwrap().clone().into_iter();
        let mut own = members.filter(|member| member["id"] == *id || member["user_id"] == *id);
        own.next().map(|it| text(&it, "role").to_owned())
    };

    let stranger = here.of("eve", &["backend-team", "backend "], 0);
    assert_eq!(role(&stranger).await, None);
    refused(&stranger.get(CURRENT).await, 404, "no_workspace");
    let named = stranger.with("x-workspace-id", &workspace);
    refused(&named.get(CURRENT).await, 404, "workspace_not_found");

    let ada = here.of("ada", &["All Staff"], 0);
    assert_eq!(role(&ada).await.as_deref(), Some("viewer"));
    assert_eq!(text(&ada.get(CURRENT).await.ok(), "id"), workspace);
    let test = json!({"count": 1});
    let path = "/api/v1/sentry/generate-random-event";
    refused(&ada.post(path, &test).await, 403, "role_too_low");
    let ada = here.of("ada", &["All Staff", "backend"], 1);
    assert_eq!(
        role(&ada).await.as_deref(),
        Some("developer"),
        "the highest"
    );
    let ada = here.of("ada", &[], 2);
    assert_eq!(role(&ada).await, None);
    refused(&ada.get(CURRENT).await, 404, "no_workspace");

    // What others make of its people holds until the provider's next word.
    let grace = here.of("grace", &["backend"], 0);
    assert_eq!(role(&grace).await.as_deref(), Some("developer"));
    let path = format!("{CURRENT}/members/{}", text(&me(&grace).await, "id"));
    owner.put(&path, &json!({"role": "admin"})).await.ok();
    assert_eq!(role(&grace).await.as_deref(), Some("admin"));
    let grace = here.of("grace", &["backend"], 1);
    assert_eq!(role(&grace).await.as_deref(), Some("developer"));
    // Workspaces that the provider does not decide on are as they were.
    let body = json!({"name": "Of her own"});
    grace.post("/api/v1/workspaces", &body).await.ok();
    let grace = here.of("grace", &[], 2);
    assert_eq!(role(&grace).await, None);
    assert_eq!(text(&grace.get(CURRENT).await.ok(), "name"), "Of her own");
    // Who was given a workspace keeps it.
    let heir = here.of("heir", &["backend"], 0);
    let id = text(&me(&heir).await, "id").to_owned();
    let path = format!("{CURRENT}/members/{id}");
    owner.put(&path, &json!({"role": "owner"})).await.ok();
    assert_eq!(
        role(&here.of("heir", &[], 1)).await.as_deref(),
        Some("owner")
    );
}

#[tokio::test]
async fn a_disabled_account_and_a_token_that_was_given_back_are_refused() {
    let here = scene(&[]).await;
    let root = here.service.client().registered("root").await;
    let ada = here.of("ada", &[], 0);
    let id = text(&me(&ada).await, "id").to_owned();
    ada.post("/api/v1/auth/logout", &json!({})).await.ok();
    refused(&ada.get(ME).await, 401, "invalid_token");
    let again = here.of("ada", &[], 1);
    assert_eq!(text(&me(&again).await, "id"), id);
    let path = format!("/api/v1/users/{id}");
    root.put(&path, &json!({"is_active": false})).await.ok();
    refused(&again.get(ME).await, 403, "account_disabled");
    refused(
        &here.of("ada", &["admins"], 2).get(ME).await,
        403,
        "account_disabled",
    );
    root.put(&path, &json!({"is_active": true})).await.ok();
    assert_eq!(text(&me(&again).await, "id"), id);
}

#[tokio::test]
async fn no_forged_token_lets_anybody_in() {
    let here = scene(&[]).await;
    let good = here.claims("ada", 0);
    me(&here.with(&good)).await;
    let now = good["iat"].as_i64().unwrap();
    let but = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        here.key.sign(&claims)
    };
    let header = |name: &str, value: Value| {
        let mut header = here.key.header();
        header[name] = value;
        here.key.sign_as(&header, &good)
    };
    let unsigned = header("alg", json!("none"));
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    let forged = [
        ("another key", SigningKey::ec("one").sign(&good)),
        ("a key nobody has", SigningKey::ec("two").sign(&good)),
        ("alg none", format!("{message}.")),
        ("alg none, signed", unsigned.clone()),
        ("HS256", header("alg", json!("HS256"))),
        ("a path", header("kid", json!("../../../../dev/null"))),
        (
            "another issuer",
            but("iss", json!("https://elsewhere.example.com")),
        ),
        ("our own issuer", but("iss", json!("issue-explainer"))),
        ("another audience", but("aud", json!("another-service"))),
        ("our own audience", but("aud", json!("issue-explainer/api"))),
        ("no exp", but("exp", json!(null))),
        ("a clock 61 s off", but("exp", json!(now - 61))),
        ("not good before 65 s from now", but("nbf", json!(now + 65))),
        ("a sub that is a query", but("sub", json!({"$gt": ""}))),
        ("a long sub", but("sub", json!("a".repeat(256)))),
        (
            "a very long token",
            but("groups", json!("a".repeat(13_000))),
        ),
    ];
    for (what, token) in forged {
        let answer = here.service.client().bearer(&token).get(ME).await;
        if what == "a very long token" {
            assert!(answer.status.is_client_error(), "{what}: {}", answer.text);
            continue;
        }
        let expected = (
            401,
            "invalid_token".to_owned(),
            "Could not validate credentials".to_owned(),
        );
        assert_eq!(answer.problem(), expected, "{what}");
    }
}

#[tokio::test]
async fn while_the_provider_is_away_its_people_come_again_and_the_others_notice_nothing() {
    let here = scene(&[]).await;
    here.provider
        .describes_as(Reply::new(200, "", &[]).ending(End::Mute));
    let local = here.service.client().registered("root").await;
    me(&local).await;
    let answer = here.of("ada", &[], 0).get(ME).await;
    refused(&answer, 503, "identity_provider_unavailable");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=10).contains(&wait), "{wait}");
    assert_eq!(here.provider.asked(), 1);
    // Neither local tokens nor what is nobody's token are any business of the provider.
    me(&local).await;
    let garbage = here.service.client().bearer("garbage").get(ME).await;
    refused(&garbage, 401, "invalid_token");
    assert_eq!(here.provider.asked(), 1);
}

#[tokio::test]
async fn where_no_provider_is_configured_its_tokens_are_worth_nothing() {
    let here = scene(&[]).await;
    let service = Service::start(&[]);
    let token = here.key.sign(
        &here
            .provider
            .claims("ada", SystemClock::default().now().as_second()),
    );
    let answer = service.client().bearer(&token).get(ME).await;
    refused(&answer, 401, "invalid_token");
    assert_eq!(here.provider.asked(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_is_told_whether_the_provider_answers() {
    let provider = IdentityServer::start(&[&SigningKey::ec("one")]).await;
    let folder = tempfile::tempdir().unwrap();
    let check = |issuer: &str| {
        let mut command = Service::command(folder.path());
        let variables = [(ISSUER, issuer), (AUDIENCES, AUDIENCE)];
        let output = command
            .arg("check-config")
            .envs(variables)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    };
    let (fine, said) = check(&provider.issuer());
    assert!(
        fine && said.contains("the identity provider answers: 1 of its keys can be used"),
        "{said}"
    );
    let (fine, said) = check(&format!("{}/", provider.issuer()));
    assert!(
        !fine && said.contains("set auth.oidc.issuer to exactly this"),
        "{said}"
    );
    provider.publishes_as(Reply::new(200, "text/html", &["<html>"]));
    let (fine, said) = check(&provider.issuer());
    assert!(
        !fine && said.contains("something else than OpenID Connect wants"),
        "{said}"
    );
}
