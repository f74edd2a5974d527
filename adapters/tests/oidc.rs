//! Tokens of an outside identity provider: attacks on them, and a provider that changes its keys,
//! goes away or answers nonsense. The suite of verifiers runs in `conformance.rs`.
#![cfg(feature = "auth-oidc")]
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

#[path = "support/identity.rs"]
mod identity;
#[path = "support/replay.rs"]
#[expect(dead_code, reason = "models are replayed with more")]
mod replay;

use std::{sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use explainer_adapters::auth::{OidcConfig, OidcVerifier};
use explainer_core::{
    Error, ErrorKind,
    ports::{Clock, Principal, TokenVerifier},
    testkit::fakes::{FixedClock, MemoryStore},
};
use futures::future::join_all;
use identity::{AUDIENCE, IdentityServer, SigningKey};
use replay::{End, Replay, Reply};
use serde_json::{Value, json};

struct Scene {
    server: IdentityServer,
    verifier: OidcVerifier,
    clock: FixedClock,
}

/// A provider with these keys, and a verifier that trusts it.
async fn scene(keys: &[&SigningKey]) -> Scene {
    let server = IdentityServer::start(keys).await;
    let clock = FixedClock::default();
    let store = Arc::new(MemoryStore::default());
    let verifier = OidcVerifier::new(config(&server), Arc::new(clock.clone()), store);
    Scene {
        verifier: verifier.unwrap(),
        server,
        clock,
    }
}

fn config(server: &IdentityServer) -> OidcConfig {
    OidcConfig {
        issuer: server.issuer(),
        audiences: vec!["another-of-ours".to_owned(), AUDIENCE.to_owned()],
        algorithms: ["RS256", "ES256"].map(str::to_owned).into(),
        groups_claim: "realm_access.roles".to_owned(),
    }
}

impl Scene {
    fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    fn claims(&self) -> Value {
        self.server.claims("ada", self.now())
    }

    fn but(&self, claim: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[claim] = value;
        claims
    }

    async fn accepts(&self, token: &str) -> Principal {
        self.verifier.authenticate(token).await.unwrap()
    }

    async fn refused(&self, token: &str) -> Error {
        self.verifier.authenticate(token).await.unwrap_err()
    }

    async fn refuses(&self, what: &str, token: &str) {
        let error = self.refused(token).await;
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{what}: {error:?}");
    }

    /// The token could not be checked, which says nothing of it, and a time to come again is told.
    async fn cannot_tell(&self, what: &str, token: &str) -> Error {
        let error = self.refused(token).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{what}: {error:?}");
        let wait = error.retry_after().unwrap();
        assert!(!wait.is_zero() && wait <= PAUSE, "{wait:?}");
        error
    }
}

/// How long a provider is left alone after it was asked.
const PAUSE: Duration = Duration::from_secs(10);
/// For how long keys are used before it is asked again, and while it does not answer.
const FRESH: Duration = Duration::from_secs(10 * 60);
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

fn without(claims: &Value, claim: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(claim);
    claims
}

fn hmac_signed(secret: &[u8], header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[tokio::test]
async fn a_token_says_who_its_bearer_is_over_there() {
    let (rsa, ec) = (SigningKey::rsa("one"), SigningKey::ec("two"));
    let here = scene(&[&rsa, &ec]).await;
    let mut claims = here.but("realm_access", json!({"roles": ["staff", "admins"]}));
    claims["preferred_username"] = json!("ada");
    claims["email"] = json!("ada@example.com");
    claims["name"] = json!("Ada Lovelace");
    claims["aud"] = json!(["account", AUDIENCE]);
    let one = here.accepts(&rsa.sign(&claims)).await;
    let other = here.accepts(&ec.sign(&claims)).await;
    assert_eq!(one.user_id, other.user_id, "whichever key signed");
    let identity = one.identity.unwrap();
    assert_eq!(identity.username.as_deref(), Some("ada"));
    assert_eq!(identity.email.as_deref(), Some("ada@example.com"));
    assert_eq!(identity.full_name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(identity.groups, ["staff", "admins"]);
    assert_eq!(identity.issued_at.as_second(), here.now());
    assert_eq!(here.server.asked(), 2, "the description and the keys, once");
    // The same name at another provider is somebody else.
    let there = scene(&[&rsa]).await;
    let stranger = there.accepts(&rsa.sign(&there.claims())).await;
    assert_ne!(one.user_id, stranger.user_id);
}

#[tokio::test]
async fn no_forged_token_is_accepted() {
    let (rsa, ec) = (SigningKey::rsa("one"), SigningKey::ec("two"));
    let here = scene(&[&rsa, &ec]).await;
    let good = here.claims();
    here.accepts(&rsa.sign(&good)).await;
    here.accepts(&ec.sign(&good)).await;
    here.accepts(&rsa.sign_as(&json!({"alg": "RS256"}), &good))
        .await;

    let signed = rsa.sign(&good);
    let (message, signature) = signed.rsplit_once('.').unwrap();
    let (_, claims) = message.split_once('.').unwrap();
    for alg in [
        "none", "None", "NONE", "", "HS256", "PS256", "ES256", "EdDSA",
    ] {
        let header = json!({"typ": "JWT", "alg": alg, "kid": "one"}).to_string();
        let header = URL_SAFE_NO_PAD.encode(header);
        here.refuses(alg, &format!("{header}.{claims}.")).await;
        here.refuses(alg, &format!("{header}.{claims}.{signature}"))
            .await;
    }
    // What anybody may know as a shared secret.
    let text = rsa.jwk().to_string().into_bytes();
    let modulus = rsa.jwk()["n"].as_str().unwrap().as_bytes().to_vec();
    for secret in [rsa.public(), text, modulus, Vec::new()] {
        for alg in ["HS256", "RS256"] {
            let header = json!({"typ": "JWT", "alg": alg, "kid": "one"});
            here.refuses(alg, &hmac_signed(&secret, &header, &good))
                .await;
        }
    }
    // The header chooses no key but one of the provider's.
    let attacker = SigningKey::ec("two");
    here.refuses("another's key under a known name", &attacker.sign(&good))
        .await;
    for kid in [
        "../../../../dev/null",
        "/dev/null",
        "' OR 1=1 --",
        "",
        "one\0",
        "two ",
    ] {
        let header = json!({"alg": "ES256", "kid": kid});
        here.refuses(kid, &attacker.sign_as(&header, &good)).await;
        here.refuses(kid, &ec.sign_as(&header, &good)).await;
    }
    let lure = Replay::start().await;
    lure.on(
        "/keys",
        [Reply::json(200, &json!({"keys": [attacker.jwk()]}))],
    );
    for (name, value) in [
        ("jku", json!(format!("{}/keys", lure.url()))),
        ("x5u", json!(format!("{}/keys", lure.url()))),
        ("jwk", attacker.jwk()),
        ("crit", json!(["exp"])),
    ] {
        let mut header = attacker.header();
        header[name] = value;
        here.refuses(name, &attacker.sign_as(&header, &good)).await;
    }
    assert!(lure.asked().is_empty(), "no address of a token is asked");
    let mut header = ec.header();
    header["alg"] = json!("RS256");
    here.refuses("an EC key for RS256", &ec.sign_as(&header, &good))
        .await;
    for typ in ["logout+jwt", "secevent+jwt", "dpop+jwt", ""] {
        let mut header = rsa.header();
        header["typ"] = json!(typ);
        here.refuses(typ, &rsa.sign_as(&header, &good)).await;
    }
    let mut header = rsa.header();
    header["typ"] = json!("at+JWT");
    here.accepts(&rsa.sign_as(&header, &good)).await;
}

#[tokio::test]
async fn every_claim_must_be_as_it_is_agreed() {
    let key = SigningKey::ec("one");
    let here = scene(&[&key]).await;
    for claim in ["iss", "aud", "sub", "exp"] {
        here.refuses(claim, &key.sign(&without(&here.claims(), claim)))
            .await;
    }
    let issuer = here.server.issuer();
    for (claim, hostile) in [
        ("iss", json!("https://elsewhere.example.com")),
        ("iss", json!(format!("{issuer}/"))),
        ("iss", json!([issuer])),
        ("aud", json!("another-service")),
        ("aud", json!(["another-service"])),
        ("aud", json!([])),
        ("aud", json!(format!("{AUDIENCE} "))),
        ("sub", json!("")),
        ("sub", json!("a".repeat(256))),
        ("sub", json!({"$gt": ""})),
        ("exp", json!("4102444800")),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("nbf", json!("now")),
        ("iat", json!("now")),
        ("padding", json!("x".repeat(16 * 1024))),
    ] {
        let token = key.sign(&here.but(claim, hostile.clone()));
        here.refuses(&format!("{claim} {hostile}"), &token).await;
    }
    // A minute is allowed for clocks that differ, and no second more.
    let now = here.now();
    for (claim, fine, wrong) in [
        ("exp", now - 59, now - 60),
        ("exp", now - 59, now - 61),
        ("nbf", now + 60, now + 61),
    ] {
        here.accepts(&key.sign(&here.but(claim, json!(fine)))).await;
        here.refuses(claim, &key.sign(&here.but(claim, json!(wrong))))
            .await;
    }
    let longest = key.sign(&here.but("sub", json!("ü".repeat(127))));
    here.accepts(&longest).await;
}

#[tokio::test]
async fn keys_for_other_ends_are_not_used() {
    let (rsa, ec) = (SigningKey::rsa("one"), SigningKey::ec("two"));
    let altered = |name: &str, value: Value| {
        let mut key = rsa.jwk();
        key[name] = value;
        key
    };
    for unfit in [
        altered("use", json!("enc")),
        altered("key_ops", json!(["encrypt"])),
        altered("alg", json!("RS512")),
        altered("alg", json!("RSA-OAEP")),
        altered("kty", json!("new")),
        json!({"kty": "oct", "kid": "one", "k": "c2VjcmV0", "alg": "HS256"}),
        json!("one"),
        json!(null),
    ] {
        let here = scene(&[]).await;
        let keys = json!({"keys": [unfit, ec.jwk()]});
        here.server.publishes_as(Reply::json(200, &keys));
        let claims = here.claims();
        here.refuses(&keys.to_string(), &rsa.sign(&claims)).await;
        here.accepts(&ec.sign(&claims)).await;
    }
    let here = scene(&[]).await;
    let shared = OidcConfig {
        algorithms: vec!["HS256".to_owned()],
        ..config(&here.server)
    };
    let store = Arc::new(MemoryStore::default());
    let opened = OidcVerifier::new(shared, Arc::new(here.clock), store);
    assert_eq!(opened.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_new_key_is_learnt_of_and_a_retired_one_forgotten() {
    let (old, new) = (SigningKey::ec("old"), SigningKey::ec("new"));
    let here = scene(&[&old]).await;
    here.accepts(&old.sign(&here.claims())).await;
    here.server.publishes(&[&old, &new]);
    here.clock.advance(PAUSE);
    here.accepts(&new.sign(&here.claims())).await;
    here.accepts(&old.sign(&here.claims())).await;
    assert_eq!(here.server.asked(), 4, "asked twice");
    here.server.publishes(&[&new]);
    here.clock.advance(FRESH);
    here.refuses("a retired key", &old.sign(&here.claims()))
        .await;
    here.accepts(&new.sign(&here.claims())).await;
    // One more question, for the old keys were as old as that; and none for the name that is gone.
    assert_eq!(here.server.asked(), 6);
}

#[tokio::test]
async fn whoever_makes_up_keys_does_not_make_us_ask() {
    let (key, attacker) = (SigningKey::ec("one"), SigningKey::ec("two"));
    let here = scene(&[&key]).await;
    let forge = async |number: usize| {
        let header = json!({"alg": "ES256", "kid": format!("made up {number}")});
        let token = attacker.sign_as(&header, &here.claims());
        here.refuses("made up", &token).await;
    };
    join_all((0..100).map(&forge)).await;
    assert_eq!(here.server.asked(), 2, "one question, of two requests");
    here.clock.advance(PAUSE);
    join_all((100..200).map(&forge)).await;
    assert_eq!(here.server.asked(), 4);
    here.accepts(&key.sign(&here.claims())).await;
    // What another issued, or what is signed by no algorithm of ours, is not even worth a question.
    here.clock.advance(FRESH);
    let elsewhere = here.but("iss", json!("https://elsewhere.example.com"));
    here.refuses("another's", &key.sign(&elsewhere)).await;
    here.refuses(
        "HS256",
        &hmac_signed(b"", &json!({"alg": "HS256"}), &here.claims()),
    )
    .await;
    assert_eq!(here.server.asked(), 4);
}

#[tokio::test]
async fn while_the_provider_is_away_its_keys_stay_good_for_a_day() {
    let key = SigningKey::ec("one");
    let here = scene(&[&key]).await;
    let gone = || Reply::new(200, "", &[]).ending(End::Mute);
    here.server.describes_as(gone());
    let token = key.sign(&here.claims());
    here.cannot_tell("nothing is known yet", &token).await;
    here.server.publishes(&[&key]);
    here.cannot_tell("it is left alone for a while", &token)
        .await;
    assert_eq!(here.server.asked(), 1);
    here.clock.advance(PAUSE);
    here.accepts(&token).await;

    here.server.describes_as(gone());
    here.clock.advance(FRESH);
    let asked = here.server.asked();
    here.accepts(&key.sign(&here.claims())).await;
    here.accepts(&key.sign(&here.claims())).await;
    assert_eq!(here.server.asked(), asked + 1);
    let unknown = SigningKey::ec("unknown").sign(&here.claims());
    here.cannot_tell("it may be a new key", &unknown).await;
    let rest = KEPT.as_secs() - FRESH.as_secs();
    here.clock.advance(Duration::from_secs(rest - 1));
    here.accepts(&key.sign(&here.claims())).await;
    here.clock.advance(Duration::from_secs(1));
    here.cannot_tell("a day later", &key.sign(&here.claims()))
        .await;
    here.server.publishes(&[&key]);
    here.clock.advance(PAUSE);
    here.accepts(&key.sign(&here.claims())).await;
}

#[tokio::test]
async fn whatever_a_provider_answers_wrongly_is_no_word_on_the_token() {
    let key = SigningKey::ec("one");
    let elsewhere = Replay::start().await;
    let page = || Reply::new(200, "text/html", &["<html>log in here</html>"]);
    let huge = || Reply::new(200, "application/json", &[&" ".repeat(60_000)]).ending(End::Never);
    let redirect = || Reply::new(302, "", &[]).with("location", &format!("{}/x", elsewhere.url()));
    let replies = [
        ("a page", page()),
        ("a huge body", huge()),
        ("another server", redirect()),
        ("not found", Reply::new(404, "text/plain", &["no"])),
        (
            "an error",
            Reply::json(500, &json!({"error": "server_error"})),
        ),
        (
            "half an answer",
            Reply::new(200, "application/json", &["{\"iss"]).ending(End::Cut),
        ),
        ("no object", Reply::json(200, &json!([1]))),
        ("an empty one", Reply::json(200, &json!({}))),
        ("no key", Reply::json(200, &json!({"keys": []}))),
        (
            "keys of others",
            Reply::json(200, &json!({"keys": [{"kty": "oct", "k": "AAAA"}]})),
        ),
    ];
    for (what, reply) in replies {
        let here = scene(&[&key]).await;
        let token = key.sign(&here.claims());
        here.server.publishes_as(reply.clone());
        here.cannot_tell(what, &token).await;
        here.server.publishes(&[&key]);
        here.server.describes_as(reply);
        here.clock.advance(PAUSE);
        here.cannot_tell(what, &token).await;
        here.server.publishes(&[&key]);
        here.clock.advance(PAUSE);
        here.accepts(&token).await;
    }
    assert!(elsewhere.asked().is_empty(), "no redirect is followed");

    let here = scene(&[&key]).await;
    let token = key.sign(&here.claims());
    for keys_at in ["", "keys", "file:///etc/passwd", "ftp://127.0.0.1/keys"] {
        here.clock.advance(PAUSE);
        let issuer = here.server.issuer();
        here.server
            .describes_itself(&json!({"issuer": issuer, "jwks_uri": keys_at}));
        here.cannot_tell(keys_at, &token).await;
    }
    here.clock.advance(PAUSE);
    let other = format!("{}/", here.server.issuer());
    here.server
        .describes_itself(&json!({"issuer": other, "jwks_uri": "http://127.0.0.1:9/"}));
    let error = here.cannot_tell("another name", &token).await;
    assert!(error.message().contains("set auth.oidc.issuer"), "{error}");
}

#[tokio::test]
async fn a_slow_provider_is_asked_once_and_not_waited_for_longer_than_it_is_worth() {
    let key = SigningKey::ec("one");
    let here = scene(&[&key]).await;
    let answer = Reply::json(200, &json!({"keys": [key.jwk()]}));
    here.server
        .publishes_as(answer.slow(Duration::from_millis(300), Duration::ZERO));
    let token = key.sign(&here.claims());
    join_all((0..50).map(|_| here.accepts(&token))).await;
    assert_eq!(here.server.asked(), 2);
    // Who has keys goes on with them while one asks.
    here.server.describes_as(page_that_never_comes());
    here.clock.advance(FRESH);
    let token = key.sign(&here.claims());
    let asking = here.accepts(&token);
    let going_on = async {
        tokio::task::yield_now().await;
        let all = join_all((0..50).map(|_| here.accepts(&token)));
        tokio::time::timeout(Duration::from_secs(2), all)
            .await
            .unwrap();
    };
    tokio::join!(asking, going_on);
    assert_eq!(here.server.asked(), 3);
}

fn page_that_never_comes() -> Reply {
    Reply::new(200, "application/json", &["{"]).ending(End::Silence)
}
