//! Every adapter passes the suite of every port it implements.
//!
//! To register one, add it to [`suites!`]; an adapter that is not there fails the last test.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

#[cfg(feature = "auth-oidc")]
#[path = "support/identity.rs"]
#[expect(dead_code, reason = "a suite needs less of the server than `oidc.rs`")]
mod identity;
#[cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
#[path = "support/opened.rs"]
#[expect(dead_code, reason = "the suite has no workspaces")]
mod opened;
#[cfg(any(
    feature = "auth-oidc",
    all(feature = "llm-ollama", feature = "llm-openai")
))]
#[path = "support/replay.rs"]
#[expect(
    dead_code,
    reason = "the table of faults replays more than the suite does"
)]
mod replay;
#[cfg(feature = "storage-mongodb")]
mod support;
#[cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
#[path = "support/wire.rs"]
#[expect(
    dead_code,
    reason = "the table of faults has more faults than the suite"
)]
mod wire;

#[cfg(feature = "source-sentry")]
#[expect(
    dead_code,
    reason = "a suite needs less of the server than `sentry.rs`"
)]
#[path = "support/sentry.rs"]
mod replay_sentry;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use explainer_adapters::{
    auth::{Argon2Passwords, JwtAuth, JwtConfig},
    secret::SecretKeys,
    sources::files::FilesSource,
    system::{SystemClock, UuidIds},
    vault::XChaChaVault,
};
use explainer_core::testkit::conformance::{
    self, Case, auth, clock, issue_source, passwords, vault,
};
#[cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
use wire::Wire;

/// Declares one test for each port of each adapter: `test: Port for Adapter => what runs it`.
macro_rules! suites {
    ($($(#[$meta:meta])* $test:ident: $port:ident for $adapter:ident => $run:expr;)*) => {
        $(
            #[test]
            $(#[$meta])*
            fn $test() {
                $run;
            }
        )*

        /// The port and the adapter of each suite.
        const SUITES: &[(&str, &str)] = &[$((stringify!($port), stringify!($adapter))),*];
    };
}

suites! {
    kept_users: Users for KeptUsers =>
        run("kept users", conformance::users::CASES, kept::users, |it| it);
    kept_workspaces: Workspaces for KeptWorkspaces =>
        run("kept workspaces", conformance::workspaces::CASES, kept::workspaces, |it| it);
    kept_revoked_tokens: RevokedTokens for KeptRevokedTokens =>
        run("kept tokens", conformance::revoked_tokens::CASES, kept::tokens, |it| it);
    traced_users: Users for Traced =>
        run("traced users", conformance::users::CASES, traced::users, |it| it);
    traced_workspaces: Workspaces for Traced =>
        run("traced workspaces", conformance::workspaces::CASES, traced::workspaces, |it| it);
    traced_analyses: Analyses for Traced =>
        run("traced analyses", conformance::analyses::CASES, traced::analyses, |it| it);
    traced_ledger: Ledger for Traced =>
        run("traced ledger", conformance::ledger::CASES, traced::ledger, |it| it);
    traced_deliveries: Deliveries for Traced =>
        run("traced deliveries", conformance::deliveries::CASES, traced::deliveries, |it| it);
    traced_watches: Watches for Traced =>
        run("traced watches", conformance::watches::CASES, traced::watches, |it| it);
    traced_idempotency_keys: IdempotencyKeys for Traced =>
        run("traced keys", conformance::idempotency::CASES, traced::keys, |it| it);
    traced_revoked_tokens: RevokedTokens for Traced =>
        run("traced tokens", conformance::revoked_tokens::CASES, traced::tokens, |it| it);
    traced_source: IssueSource for Traced =>
        run("traced files", issue_source::CASES, traced::source, |it| it);

    #[cfg(feature = "storage-mongodb")]
    mongodb_users: Users for MongoStore =>
        mongodb::run("users", conformance::users::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_workspaces: Workspaces for MongoStore =>
        mongodb::run("workspaces", conformance::workspaces::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_analyses: Analyses for MongoStore =>
        mongodb::run("analyses", conformance::analyses::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_deliveries: Deliveries for MongoStore =>
        mongodb::run("deliveries", conformance::deliveries::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_watches: Watches for MongoStore =>
        mongodb::run("watches", conformance::watches::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_outbox: Outbox for MongoStore =>
        mongodb::run("outbox", conformance::outbox::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_idempotency_keys: IdempotencyKeys for MongoStore =>
        mongodb::run("idempotency keys", conformance::idempotency::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_revoked_tokens: RevokedTokens for MongoStore =>
        mongodb::run("revoked tokens", conformance::revoked_tokens::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_sessions: Sessions for MongoStore =>
        mongodb::run("sessions", conformance::sessions::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_audit: AuditLog for MongoStore =>
        mongodb::run("audit log", conformance::audit::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_invitations: Invitations for MongoStore =>
        mongodb::run("invitations", conformance::invitations::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_access_tokens: AccessTokens for MongoStore =>
        mongodb::run("access tokens", conformance::access_tokens::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_ledger: Ledger for MongoStore =>
        mongodb::run("ledger", conformance::ledger::CASES, |store| store);

    #[cfg(feature = "storage-mongodb")]
    mongodb_vitals: Vitals for MongoStore =>
        mongodb::run("vitals", conformance::vitals::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_changes: Changes for MongoStore =>
        mongodb::run("changes", conformance::changes::CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_export: Export for MongoStore =>
        mongodb::run("export", conformance::archive::EXPORT_CASES, |store| store);
    #[cfg(feature = "storage-mongodb")]
    mongodb_import: Import for MongoStore =>
        mongodb::run("import", conformance::archive::IMPORT_CASES, |store| store);

    #[cfg(feature = "storage-sqlite")]
    sqlite_users: Users for SqliteStore =>
        sqlite::run("users", conformance::users::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_workspaces: Workspaces for SqliteStore =>
        sqlite::run("workspaces", conformance::workspaces::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_analyses: Analyses for SqliteStore =>
        sqlite::run("analyses", conformance::analyses::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_deliveries: Deliveries for SqliteStore =>
        sqlite::run("deliveries", conformance::deliveries::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_watches: Watches for SqliteStore =>
        sqlite::run("watches", conformance::watches::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_outbox: Outbox for SqliteStore =>
        sqlite::run("outbox", conformance::outbox::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_idempotency_keys: IdempotencyKeys for SqliteStore =>
        sqlite::run("idempotency keys", conformance::idempotency::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_revoked_tokens: RevokedTokens for SqliteStore =>
        sqlite::run("revoked tokens", conformance::revoked_tokens::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_sessions: Sessions for SqliteStore =>
        sqlite::run("sessions", conformance::sessions::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_audit: AuditLog for SqliteStore =>
        sqlite::run("audit log", conformance::audit::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_invitations: Invitations for SqliteStore =>
        sqlite::run("invitations", conformance::invitations::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_access_tokens: AccessTokens for SqliteStore =>
        sqlite::run("access tokens", conformance::access_tokens::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_ledger: Ledger for SqliteStore =>
        sqlite::run("ledger", conformance::ledger::CASES, |store| store);

    #[cfg(feature = "storage-sqlite")]
    sqlite_vitals: Vitals for SqliteStore =>
        sqlite::run("vitals", conformance::vitals::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_changes: Changes for SqliteStore =>
        sqlite::run("changes", conformance::changes::CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_export: Export for SqliteStore =>
        sqlite::run("export", conformance::archive::EXPORT_CASES, |store| store);
    #[cfg(feature = "storage-sqlite")]
    sqlite_import: Import for SqliteStore =>
        sqlite::run("import", conformance::archive::IMPORT_CASES, |store| store);
    #[cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
    openai_chat: Llm for OpenAiModel => models::run(Wire::Chat);
    #[cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
    openai_responses: Llm for OpenAiModel => models::run(Wire::Responses);
    #[cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
    ollama: Llm for OllamaModel => models::run(Wire::Ollama);
    #[cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
    traced_model: Llm for Traced => models::run_traced(Wire::Chat);
    #[cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
    breaker: Llm for Breaker => models::run_behind_a_breaker(Wire::Chat);

    files_source: IssueSource for FilesSource =>
        run("files", issue_source::CASES, files::open, |source| source);

    #[cfg(feature = "source-sentry")]
    sentry_source: IssueSource for SentrySource =>
        run("sentry", issue_source::CASES, sentry::open, |(_, source)| &**source);

    jwt_auth: AuthProvider for JwtAuth => run("jwt", auth::CASES, jwt::auth, |setup| setup);
    jwt_tokens: TokenVerifier for JwtAuth =>
        run("jwt tokens", auth::VERIFIER_CASES, jwt::verifier, |setup| setup);
    #[cfg(feature = "auth-oidc")]
    oidc_tokens: TokenVerifier for OidcVerifier => oidc::run();
    argon2_passwords: Passwords for Argon2Passwords =>
        run("argon2", passwords::CASES, Argon2Passwords::new, |passwords| passwords);
    xchacha_vault: Vault for XChaChaVault =>
        run("xchacha", vault::CASES, vaults, |vaults| vaults);
    system_clock: Clock for SystemClock =>
        run("system clock", clock::CLOCK_CASES, SystemClock::default, |clock| clock);
    uuid_ids: Ids for UuidIds => run("uuid", clock::IDS_CASES, || UuidIds, |ids| ids);
}

/// Runs a suite, each case on an adapter of its own.
fn run<P: ?Sized, A>(name: &str, cases: &[Case<P>], open: impl Fn() -> A, port: impl Fn(&A) -> &P) {
    conformance::run(name, cases, |case| {
        let adapter = open();
        runtime().block_on((case.run)(port(&adapter)))
    });
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap()
}

#[cfg(feature = "storage-mongodb")]
mod mongodb {
    use explainer_adapters::storage::mongodb::MongoStore;
    use explainer_core::testkit::conformance::{self, Case};

    use super::support::mongod::{self, Place};

    /// Runs a suite on every kind of server, each case in a database of its own.
    pub(super) fn run<P: ?Sized>(port: &str, cases: &[Case<P>], as_port: fn(&MongoStore) -> &P) {
        for server in mongod::servers() {
            let name = format!("mongodb ({}) {port}", server.name);
            conformance::run(&name, cases, |case| {
                super::runtime().block_on(async {
                    let place = Place::on(&server).await;
                    let verdict = (case.run)(as_port(&place.open().await)).await;
                    place.drop().await;
                    verdict
                })
            });
        }
    }
}

#[cfg(feature = "storage-sqlite")]
mod sqlite {
    use explainer_adapters::storage::sqlite::SqliteStore;
    use explainer_core::testkit::conformance::Case;

    /// Runs a suite, each case on a file of its own.
    pub(super) fn run<P: ?Sized>(port: &str, cases: &[Case<P>], as_port: fn(&SqliteStore) -> &P) {
        let open = || {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(folder.path().join("store.db")).unwrap();
            (folder, store)
        };
        super::run(&format!("sqlite {port}"), cases, open, |(_, store)| {
            as_port(store)
        });
    }
}

#[cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
mod models {
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };

    use explainer_adapters::{
        layers::{Breaker, BreakerRules, Traced},
        system::SystemClock,
    };
    use explainer_core::{
        ports::Llm,
        testkit::conformance::{
            self,
            llm::{ANSWER, CASES, LlmSetup, REFUSAL, Scene, WAIT},
        },
    };

    use super::{
        opened,
        replay::{End, Replay, Reply},
        wire::Wire,
    };

    /// Runs the suite against a server that replays the protocol, each case on one of its own.
    pub(super) fn run(wire: Wire) {
        run_behind(wire, &format!("{wire:?}"), |llm| llm);
    }

    /// The same with the model behind a breaker, which is closed.
    pub(super) fn run_behind_a_breaker(wire: Wire) {
        run_behind(wire, &format!("{wire:?} behind a breaker"), |llm| {
            let rules = BreakerRules {
                failures: 5,
                rest: Duration::from_secs(30),
            };
            Arc::new(Breaker::new(llm, rules, Arc::new(SystemClock::default())))
        });
    }

    /// The same with a span around every call.
    pub(super) fn run_traced(wire: Wire) {
        run_behind(wire, &format!("{wire:?}, traced"), |llm| {
            Arc::new(Traced::new(llm, "model"))
        });
    }

    fn run_behind(wire: Wire, name: &str, layer: fn(Arc<dyn Llm>) -> Arc<dyn Llm>) {
        conformance::run(name, CASES, |case| {
            super::runtime().block_on(async {
                let server = Replay::start().await;
                let llm = layer(opened::model(wire, &server.url()));
                let server = Mutex::new(Some(server));
                let stage = Box::new(move |scene| {
                    let mut server = server.lock().unwrap();
                    if scene == Scene::IsGone {
                        *server = None;
                    }
                    server
                        .as_ref()
                        .is_none_or(|server| play(server, wire, scene))
                });
                (case.run)(&LlmSetup { llm, stage }).await
            })
        });
    }

    /// What the server answers in each scene; `false` where such a server never does that.
    fn play(server: &Replay, wire: Wire, scene: Scene) -> bool {
        let whole = |finish: &str| {
            let (begin, rest) = ANSWER.split_at(20);
            Some(wire.answer(&[begin, rest], finish))
        };
        let (path, found) = wire.description();
        server.on(path, [found]);
        let of_openai = |reply: Reply| (wire != Wire::Ollama).then_some(reply);
        let reply = match scene {
            Scene::Answers => whole("stop"),
            Scene::CutByLength => whole("length"),
            Scene::EndsForAnUnknownReason => whole("wind"),
            Scene::Refuses => wire.refusal(REFUSAL),
            Scene::Filters => of_openai(wire.answer(&[ANSWER], "content_filter")),
            Scene::AnswersNothing => Some(wire.answer(&[], "stop")),
            Scene::KnowsNoCredentials => Some(wire.error(401, "unauthorized", "invalid_api_key")),
            Scene::KnowsNoModel => {
                let unknown = wire.error(404, "model \"tiny\" not found", "model_not_found");
                let none = Reply::json(200, &serde_json::json!({"data": [{"id": "other"}]}));
                let description = if wire == Wire::Ollama {
                    unknown.clone()
                } else {
                    none
                };
                server.on(path, [description]);
                Some(unknown)
            }
            Scene::Throttles => {
                let reply = wire.error(429, "too many requests", "rate_limit_exceeded");
                Some(reply.with("retry-after", &WAIT.as_secs().to_string()))
            }
            Scene::WantsMoney => of_openai(wire.error(429, "no credit", "insufficient_quota")),
            Scene::FindsPromptTooLong => {
                let message = "the input length exceeds the context length";
                Some(wire.error(400, message, "context_length_exceeded"))
            }
            Scene::Fails => {
                let failing = wire.error(500, "it broke", "server_error");
                server.on(path, [failing.clone()]);
                Some(failing)
            }
            Scene::BreaksOff => Some(wire.stream(&wire.pieces(&["{", "\"a"])).ending(End::Cut)),
            Scene::Babbles => Some(wire.raw(&["<html>hello</html>\n", "\n"])),
            Scene::NeverEnds => {
                let piece = wire
                    .frame(&wire.pieces(&[&"a".repeat(60_000)])[usize::from(wire != Wire::Ollama)]);
                Some(wire.raw(&[&piece]).ending(End::Never))
            }
            Scene::SaysNothing => Some(
                whole("stop")
                    .unwrap_or_else(|| unreachable!())
                    .slow(Duration::from_secs(60), Duration::ZERO),
            ),
            Scene::IsGone => return true,
        };
        let Some(reply) = reply else {
            return false;
        };
        server.on(wire.path(), [reply]);
        true
    }
}

/// The layer that keeps what was read a moment ago, over what is in memory.
mod kept {
    use std::sync::Arc;

    use explainer_adapters::layers::{Kept, KeptRevokedTokens, KeptUsers, KeptWorkspaces};
    use explainer_core::testkit::fakes::MemoryStore;

    pub(super) fn users() -> KeptUsers {
        Kept::new(Arc::new(MemoryStore::default()))
    }

    pub(super) fn workspaces() -> KeptWorkspaces {
        Kept::new(Arc::new(MemoryStore::default()))
    }

    pub(super) fn tokens() -> KeptRevokedTokens {
        Kept::new(Arc::new(MemoryStore::default()))
    }
}

/// The layer that makes spans, over what is in memory and over files.
mod traced {
    use std::sync::Arc;

    use explainer_adapters::layers::Traced;
    use explainer_core::{
        ports::{
            Analyses, Deliveries, IdempotencyKeys, IssueSource, Ledger, RevokedTokens, Users,
            Watches, Workspaces,
        },
        testkit::fakes::MemoryStore,
    };

    macro_rules! over_memory {
        ($($function:ident: $port:ident;)*) => {
            $(pub(super) fn $function() -> Traced<dyn $port> {
                Traced::new(Arc::new(MemoryStore::default()), "memory")
            })*
        };
    }

    over_memory! {
        users: Users;
        workspaces: Workspaces;
        analyses: Analyses;
        ledger: Ledger;
        deliveries: Deliveries;
        watches: Watches;
        keys: IdempotencyKeys;
        tokens: RevokedTokens;
    }

    pub(super) fn source() -> Traced<dyn IssueSource> {
        Traced::new(Arc::new(super::files::open()), "files")
    }
}

mod files {
    use super::FilesSource;

    /// Five issues of two projects, one of them with two events. More kinds of documents are in
    /// `files.rs`, where the same suite runs on folders and single files.
    const DOCUMENTS: &[(&str, &[u8])] = &[(
        "events.jsonl",
        br#"{"event_id":"1","timestamp":1770000001,"exception":[{"type":"KeyError","value":"'sku'"}]}
{"event_id":"2","timestamp":1770000002,"exception":[{"type":"KeyError","value":"'sku'"}]}
{"event_id":"3","timestamp":1770000003,"exception":[{"type":"ValueError","value":"no"}]}
{"event_id":"4","timestamp":1770000004,"message":"the cellar is flooded"}
{"event_id":"5","timestamp":1770000004,"message":"the roof leaks"}
{"eventID":"6","projectID":"12","title":"TimeoutError","dateCreated":"2026-02-01T11:00:00Z","entries":[]}"#,
    )];

    pub(super) fn open() -> FilesSource {
        FilesSource::of_documents("shop", DOCUMENTS)
    }
}

#[cfg(feature = "source-sentry")]
mod sentry {
    use std::sync::Arc;

    use explainer_adapters::{
        outbound::Target,
        sources::sentry::{SentryDefaults, SentryKind},
    };
    use explainer_core::ports::{IssueSource, SourceKind};
    use serde_json::json;

    use super::replay_sentry::{ORGANIZATION, ReplaySentry, TOKEN};

    /// On a server of its own, whose pages are shorter than asked for.
    pub(super) fn open() -> (ReplaySentry, Arc<dyn IssueSource>) {
        let server = ReplaySentry::start();
        let kind = SentryKind::new(SentryDefaults {
            target: Target::of_operator(&server.url()).unwrap(),
            api_token: Some(TOKEN.into()),
            organization: Some(ORGANIZATION.into()),
            private_networks: false,
        });
        let source = kind.open(&json!({})).unwrap();
        (server, source)
    }
}

#[cfg(feature = "auth-oidc")]
mod oidc {
    use std::sync::Arc;

    use explainer_adapters::auth::{OidcConfig, OidcVerifier};
    use explainer_core::{
        ports::Clock,
        testkit::{
            conformance::{
                self,
                auth::{VERIFIER_CASES, VerifierSetup},
            },
            fakes::{FixedClock, MemoryStore},
        },
    };

    use super::identity::{AUDIENCE, IdentityServer, SigningKey};

    /// Runs the suite with a provider of its own for each case.
    pub(super) fn run() {
        conformance::run("oidc tokens", VERIFIER_CASES, |case| {
            super::runtime().block_on(async {
                let key = SigningKey::ec("one");
                let server = IdentityServer::start(&[&key]).await;
                (case.run)(&setup(&server, key)).await
            })
        });
    }

    fn setup(server: &IdentityServer, key: SigningKey) -> VerifierSetup {
        let clock = FixedClock::default();
        let revoked = Arc::new(MemoryStore::default());
        let config = OidcConfig {
            issuer: server.issuer(),
            audiences: vec![AUDIENCE.to_owned()],
            algorithms: vec!["ES256".to_owned()],
            groups_claim: "groups".to_owned(),
        };
        let verifier = OidcVerifier::new(config, Arc::new(clock.clone()), revoked.clone());
        let claims = server.claims("ada", clock.now().as_second());
        VerifierSetup {
            verifier: Box::new(verifier.unwrap()),
            foreign: SigningKey::ec("one").sign(&claims),
            sign: Box::new(move |claims| key.sign(claims)),
            claims,
            revoked,
            clock,
        }
    }
}

mod jwt {
    use std::{sync::Arc, time::Duration};

    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use explainer_core::testkit::{
        conformance::auth::{AuthSetup, VerifierSetup},
        fakes::{FixedClock, MemoryStore},
        samples::{at, user},
    };
    use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto};
    use serde_json::{Value, json};

    use super::{JwtAuth, JwtConfig, SecretKeys};

    pub(super) fn auth() -> AuthSetup {
        let clock = FixedClock::default();
        AuthSetup {
            provider: Box::new(provider(&clock, Arc::default())),
            clock,
        }
    }

    pub(super) fn verifier() -> VerifierSetup {
        let clock = FixedClock::default();
        let revoked = Arc::new(MemoryStore::default());
        let claims = json!({
            "sub": user("ada").id, "jti": "token", "iat": at(0).as_second(),
            "exp": at(60).as_second(), "iss": "issue-explainer", "aud": "issue-explainer/api",
        });
        VerifierSetup {
            verifier: Box::new(provider(&clock, revoked.clone())),
            foreign: sign("elsewhere", &claims),
            sign: Box::new(|claims| sign("here", claims)),
            claims,
            revoked,
            clock,
        }
    }

    fn provider(clock: &FixedClock, revoked: Arc<MemoryStore>) -> JwtAuth {
        let config = JwtConfig {
            secrets: SecretKeys::of("here"),
            lifetime: Duration::from_secs(3600),
        };
        JwtAuth::new(&config, Arc::new(clock.clone()), revoked)
    }

    fn sign(secret: &str, claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key(secret)).unwrap()
    }

    /// The signing key of an installation. That it is derived in this way is a promise: another
    /// way would log everybody out.
    fn key(secret: &str) -> EncodingKey {
        let secret = EncodingKey::from_secret(secret.as_bytes());
        let label = b"issue-explainer/jwt/hs256";
        let derived = crypto::sign(label, &secret, Algorithm::HS256).unwrap();
        EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(derived).unwrap())
    }
}

fn vaults() -> vault::Vaults {
    let vault = |secrets: &SecretKeys| Box::new(XChaChaVault::new(secrets));
    let successor = SecretKeys {
        current: "elsewhere".into(),
        former: vec!["long ago".into(), "here".into()],
    };
    vault::Vaults {
        vault: vault(&SecretKeys::of("here")),
        foreign: vault(&SecretKeys::of("elsewhere")),
        successor: vault(&successor),
    }
}

/// Ports that promise no behaviour of their own, each with the reason.
const WITHOUT_SUITE: &[(&str, &str)] = &[
    ("SourceKind", "opens sources, which have their own suite"),
    ("LlmKind", "opens models, which have their own suite"),
    ("ProgressSink", "hears of progress and answers nothing"),
    (
        "Mailer",
        "speaks to a mail server; the black-box tests hold it against one",
    ),
    (
        "WebhookSender",
        "speaks to receivers of others; the black-box tests hold it against some",
    ),
];

/// Adapters that keep less than their port promises, each with the reason.
const HELD_ELSEWHERE: &[(&str, &str, &str)] = &[(
    "Export",
    "OlderDatabase",
    "nobody can fill it through a port; the black-box tests carry one over",
)];

#[test]
fn every_adapter_has_a_suite_for_every_port_it_implements() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ports: BTreeSet<String> = lines(&root.join("../core/src/ports"))
        .filter_map(|line| Some(name(line.strip_prefix("pub trait ")?)))
        .collect();
    let implemented: BTreeSet<(String, String)> = lines(&root.join("src"))
        .filter_map(|line| {
            let (port, adapter) = line.strip_prefix("impl")?.split_once(" for ")?;
            let port = name(port.rsplit([' ', ':']).next()?);
            Some((port, name(adapter)))
        })
        .filter(|(port, _)| ports.contains(port))
        .filter(|(port, _)| WITHOUT_SUITE.iter().all(|(without, _)| without != port))
        .filter(|it| {
            HELD_ELSEWHERE
                .iter()
                .all(|(port, adapter, _)| (*port, *adapter) != (&it.0, &it.1))
        })
        .collect();
    let owned = |&(port, adapter): &(&str, &str)| (port.to_owned(), adapter.to_owned());
    let registered: BTreeSet<(String, String)> = SUITES.iter().map(owned).collect();
    assert!(
        ports.contains("Analyses"),
        "the ports were not found: {ports:?}"
    );
    assert_eq!(
        implemented, registered,
        "left: what is implemented; right: what has a suite"
    );
}

/// The lines of all Rust files below `folder`.
fn lines(folder: &Path) -> impl Iterator<Item = String> {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let mut all = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                all.push_str(&fs::read_to_string(&path).unwrap());
                all.push('\n');
            }
        }
    }
    all.lines()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

/// The identifier `text` begins with.
fn name(text: &str) -> String {
    let letters = text.chars();
    letters
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}
