//! The suites say what the ports' docs say, and the fakes keep what both promise.

use std::sync::Arc;

use explainer_core::{
    ports::{
        AccessTokens, Analyses, AuditLog, Clock, Deliveries, IdempotencyKeys, Ids, Invitations,
        Ledger, Passwords, RevokedTokens, Sessions, Users, Vault, Vitals, Watches, Workspaces,
    },
    testkit::{
        conformance::{
            Case, Stop, WholeStore, access_tokens, analyses, archive, assert_covers, audit,
            auth::{self, AuthSetup, VerifierSetup},
            changes, clock, deliveries, idempotency, invitations, ledger, llm, outbox, passwords,
            revoked_tokens, run, sessions, users,
            vault::{self, Vaults},
            vitals, watches, workspaces,
        },
        fakes::{FakeAuth, FakePasswords, FakeVault, FixedClock, MemoryStore, SequentialIds},
        samples::{at, user},
    },
};
use futures::FutureExt;
use serde_json::json;

/// Runs a suite on fakes, which never wait for anything.
fn on_a_fake<P: ?Sized, F>(name: &str, cases: &[Case<P>], open: fn() -> F, port: fn(&F) -> &P) {
    run(name, cases, |case| {
        let fake = open();
        let verdict = (case.run)(port(&fake)).now_or_never();
        verdict.unwrap_or_else(|| Err(Stop::Failed("the fake waits".to_owned())))
    });
}

#[test]
fn users() {
    assert_covers(include_str!("../src/ports/users.rs"), "Users", users::CASES);
    on_a_fake(
        "memory users",
        users::CASES,
        MemoryStore::default,
        |store| store as &dyn Users,
    );
}

#[test]
fn workspaces() {
    let docs = include_str!("../src/ports/workspaces.rs");
    assert_covers(docs, "Workspaces", workspaces::CASES);
    on_a_fake(
        "memory workspaces",
        workspaces::CASES,
        MemoryStore::default,
        |store| store as &dyn Workspaces,
    );
}

#[test]
fn analyses() {
    let docs = include_str!("../src/ports/analyses.rs");
    assert_covers(docs, "Analyses", analyses::CASES);
    on_a_fake(
        "memory analyses",
        analyses::CASES,
        MemoryStore::default,
        |store| store as &dyn Analyses,
    );
}

#[test]
fn revoked_tokens() {
    let docs = include_str!("../src/ports/auth.rs");
    assert_covers(docs, "RevokedTokens", revoked_tokens::CASES);
    on_a_fake(
        "memory tokens",
        revoked_tokens::CASES,
        MemoryStore::default,
        |store| store as &dyn RevokedTokens,
    );
}

/// Runs a suite of those that need more than one port of a store.
fn on_a_whole_fake(name: &str, cases: &[Case<dyn WholeStore>]) {
    on_a_fake(name, cases, MemoryStore::default, |store| {
        store as &dyn WholeStore
    });
}

#[test]
fn vitals() {
    let docs = include_str!("../src/ports/vitals.rs");
    assert_covers(docs, "Vitals", vitals::CASES);
    on_a_fake("memory vitals", vitals::CASES, MemoryStore::default, |it| {
        it as &dyn Vitals
    });
}

#[test]
fn changes() {
    let docs = include_str!("../src/ports/changes.rs");
    assert_covers(docs, "Changes", changes::CASES);
    on_a_whole_fake("memory changes", changes::CASES);
}

#[test]
fn outbox() {
    let docs = include_str!("../src/ports/outbox.rs");
    assert_covers(docs, "Outbox", outbox::CASES);
    on_a_whole_fake("memory outbox", outbox::CASES);
}

#[test]
fn archive() {
    let docs = include_str!("../src/ports/archive.rs");
    assert_covers(docs, "Export", archive::EXPORT_CASES);
    assert_covers(docs, "Import", archive::IMPORT_CASES);
    on_a_whole_fake("memory export", archive::EXPORT_CASES);
    on_a_whole_fake("memory import", archive::IMPORT_CASES);
}

#[test]
fn sessions() {
    let docs = include_str!("../src/ports/credentials.rs");
    assert_covers(docs, "Sessions", sessions::CASES);
    on_a_fake(
        "memory sessions",
        sessions::CASES,
        MemoryStore::default,
        |store| store as &dyn Sessions,
    );
}

#[test]
fn ledger() {
    let docs = include_str!("../src/ports/ledger.rs");
    assert_covers(docs, "Ledger", ledger::CASES);
    on_a_fake(
        "memory ledger",
        ledger::CASES,
        MemoryStore::default,
        |store| store as &dyn Ledger,
    );
}

#[test]
fn deliveries() {
    let docs = include_str!("../src/ports/deliveries.rs");
    assert_covers(docs, "Deliveries", deliveries::CASES);
    on_a_fake(
        "memory deliveries",
        deliveries::CASES,
        MemoryStore::default,
        |store| store as &dyn Deliveries,
    );
}

#[test]
fn access_tokens() {
    let docs = include_str!("../src/ports/credentials.rs");
    assert_covers(docs, "AccessTokens", access_tokens::CASES);
    on_a_fake(
        "memory access tokens",
        access_tokens::CASES,
        MemoryStore::default,
        |store| store as &dyn AccessTokens,
    );
}

#[test]
fn watches() {
    let docs = include_str!("../src/ports/watches.rs");
    assert_covers(docs, "Watches", watches::CASES);
    on_a_fake(
        "memory watches",
        watches::CASES,
        MemoryStore::default,
        |store| store as &dyn Watches,
    );
}

#[test]
fn invitations() {
    let docs = include_str!("../src/ports/invitations.rs");
    assert_covers(docs, "Invitations", invitations::CASES);
    on_a_fake(
        "memory invitations",
        invitations::CASES,
        MemoryStore::default,
        |store| store as &dyn Invitations,
    );
}

#[test]
fn audit() {
    let docs = include_str!("../src/ports/audit.rs");
    assert_covers(docs, "AuditLog", audit::CASES);
    on_a_fake(
        "memory audit log",
        audit::CASES,
        MemoryStore::default,
        |store| store as &dyn AuditLog,
    );
}

#[test]
fn idempotency_keys() {
    let docs = include_str!("../src/ports/idempotency.rs");
    assert_covers(docs, "IdempotencyKeys", idempotency::CASES);
    on_a_fake(
        "memory keys",
        idempotency::CASES,
        MemoryStore::default,
        |store| store as &dyn IdempotencyKeys,
    );
}

#[test]
fn auth_provider() {
    let docs = include_str!("../src/ports/auth.rs");
    assert_covers(docs, "TokenVerifier", auth::VERIFIER_CASES);
    assert_covers(docs, "AuthProvider", auth::CASES);
    let tokens = "fake tokens";
    on_a_fake(tokens, auth::VERIFIER_CASES, fake_verifier, |setup| setup);
    on_a_fake("fake auth", auth::CASES, fake_auth, |setup| setup);
}

fn fake_verifier() -> VerifierSetup {
    let clock = FixedClock::default();
    let provider = |installation| FakeAuth::new(installation, Arc::new(clock.clone()));
    let (here, signer) = (provider("here"), provider("here"));
    let claims = json!({ "sub": user("ada").id, "jti": "token", "exp": at(60).as_second() });
    VerifierSetup {
        foreign: provider("elsewhere").sign(&claims),
        revoked: here.revoked(),
        verifier: Box::new(here),
        claims,
        sign: Box::new(move |claims| signer.sign(claims)),
        clock,
    }
}

fn fake_auth() -> AuthSetup {
    let clock = FixedClock::default();
    AuthSetup {
        provider: Box::new(FakeAuth::new("here", Arc::new(clock.clone()))),
        clock,
    }
}

#[test]
fn passwords() {
    let docs = include_str!("../src/ports/passwords.rs");
    assert_covers(docs, "Passwords", passwords::CASES);
    on_a_fake(
        "fake passwords",
        passwords::CASES,
        FakePasswords::default,
        |fake| fake as &dyn Passwords,
    );
}

#[test]
fn vault() {
    assert_covers(include_str!("../src/ports/vault.rs"), "Vault", vault::CASES);
    let vaults = || Vaults {
        vault: Box::new(FakeVault::default()) as Box<dyn Vault>,
        foreign: Box::new(FakeVault::new("foreign")),
        successor: Box::new(FakeVault::succeeding("foreign", "key")),
    };
    on_a_fake("fake vault", vault::CASES, vaults, |vaults| vaults);
}

#[test]
fn llm() {
    // The fake runs its suite beside its code, where its script can be rewritten.
    assert_covers(include_str!("../src/ports/llm.rs"), "Llm", llm::CASES);
}

#[test]
fn clock_and_ids() {
    let docs = include_str!("../src/ports/clock.rs");
    assert_covers(docs, "Clock", clock::CLOCK_CASES);
    assert_covers(docs, "Ids", clock::IDS_CASES);
    on_a_fake(
        "fixed clock",
        clock::CLOCK_CASES,
        FixedClock::default,
        |clock| clock as &dyn Clock,
    );
    on_a_fake(
        "sequential ids",
        clock::IDS_CASES,
        SequentialIds::default,
        |ids| ids as &dyn Ids,
    );
}
