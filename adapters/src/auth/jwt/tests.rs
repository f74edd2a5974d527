//! Attacks on tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use explainer_core::{
    domain::ExposeSecret,
    testkit::{
        fakes::{FixedClock, MemoryStore},
        samples,
    },
};
use serde_json::{Value, json};

use super::*;

const LIFETIME: Duration = Duration::from_secs(3600);

struct Installation {
    auth: JwtAuth,
    clock: FixedClock,
    revoked: Arc<MemoryStore>,
}

fn installation() -> Installation {
    let clock = FixedClock::default();
    let revoked = Arc::new(MemoryStore::default());
    let config = JwtConfig {
        secrets: SecretKeys::of("0123456789abcdef0123456789abcdef"),
        lifetime: LIFETIME,
    };
    Installation {
        auth: JwtAuth::new(&config, Arc::new(clock.clone()), revoked.clone()),
        clock,
        revoked,
    }
}

impl Installation {
    fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// Claims that are accepted as they are.
    fn claims(&self) -> Value {
        json!({
            "sub": "user-1", "jti": "token-1", "iss": ISSUER, "aud": AUDIENCE,
            "iat": self.now(), "exp": self.now() + 60,
        })
    }

    /// Accepted claims, but for one.
    fn but(&self, claim: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[claim] = value;
        claims
    }

    fn sign(&self, claims: &Value) -> String {
        self.sign_as(&Header::new(Algorithm::HS256), claims)
    }

    fn sign_as(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.auth.encoding).unwrap()
    }

    async fn refuses(&self, token: &str) {
        let error = self.auth.authenticate(token).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error:?}");
        assert!(!format!("{error:?}").contains("0123456789abcdef"));
    }

    async fn accepts(&self, token: &str) -> Principal {
        self.auth.authenticate(token).await.unwrap()
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn what_the_attacks_are_built_on_is_accepted() {
    let here = installation();
    let principal = here.accepts(&here.sign(&here.claims())).await;
    assert_eq!(principal.user_id.as_str(), "user-1");
    assert_eq!(principal.token_id.as_str(), "token-1");
    assert_eq!(principal.expires_at.as_second(), here.now() + 60);
}

#[tokio::test]
async fn no_other_algorithm_is_accepted() {
    let here = installation();
    let signed = here.sign(&here.claims());
    let [_, claims, signature] = signed.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts");
    };
    for alg in [
        "none", "None", "NONE", "HS384", "RS256", "ES256", "EdDSA", "",
    ] {
        let header = part(&json!({ "typ": "JWT", "alg": alg }));
        here.refuses(&format!("{header}.{claims}.")).await;
        here.refuses(&format!("{header}.{claims}")).await;
        here.refuses(&format!("{header}.{claims}.{signature}"))
            .await;
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = here.sign_as(&Header::new(algorithm), &here.claims());
        here.refuses(&token).await;
    }
}

#[tokio::test]
async fn the_header_does_not_choose_the_key() {
    let here = installation();
    let foreign = EncodingKey::from_secret(b"the attacker's");
    let jwk = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode("the attacker's") });
    for (name, value) in [
        ("kid", json!("../../../../dev/null")),
        ("kid", json!("' UNION SELECT 'x' --")),
        ("jku", json!("http://127.0.0.1:9/keys")),
        ("x5u", json!("http://127.0.0.1:9/cert")),
        ("jwk", jwk),
    ] {
        let mut header = json!({ "typ": "JWT", "alg": "HS256" });
        header[name] = value;
        let message = format!("{}.{}", part(&header), part(&here.claims()));
        let sign = |key: &EncodingKey| {
            jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::HS256).unwrap()
        };
        here.refuses(&format!("{message}.{}", sign(&foreign))).await;
        here.refuses(&format!(
            "{message}.{}",
            sign(&EncodingKey::from_secret(b""))
        ))
        .await;
    }
}

#[tokio::test]
async fn a_key_is_changed_without_logging_anybody_out() {
    let here = installation();
    let with = |current: &str, former: &[&str]| {
        let config = JwtConfig {
            secrets: SecretKeys {
                current: current.into(),
                former: former.iter().map(|it| (*it).into()).collect(),
            },
            lifetime: LIFETIME,
        };
        JwtAuth::new(&config, Arc::new(here.clock.clone()), here.revoked.clone())
    };
    let (before, after) = (with("old", &[]), with("new", &["old"]));
    let issue = async |auth: &JwtAuth| {
        let issued = auth
            .issue(&samples::user("ada"), &samples::id("login"))
            .await
            .unwrap();
        issued.token.expose_secret().to_owned()
    };
    let (old, new) = (issue(&before).await, issue(&after).await);
    for token in [&old, &new] {
        after.authenticate(token).await.unwrap();
    }
    // Replicas that learn of the new key first as one that verifies accept both all the while.
    with("old", &["new"]).authenticate(&new).await.unwrap();
    let done = with("new", &[]);
    done.authenticate(&new).await.unwrap();
    let refused = done.authenticate(&old).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthorized);
    // A token is held against the key it names: the right signature under the wrong name is none.
    let header = |token: &str| token.split_once('.').unwrap().0.to_owned();
    let claims = |token: &str| token.split_once('.').unwrap().1.to_owned();
    let mixed = format!("{}.{}", header(&old), claims(&new));
    after.authenticate(&mixed).await.unwrap_err();
}

#[tokio::test]
async fn every_claim_must_be_there_and_of_its_kind() {
    let here = installation();
    for claim in ["sub", "jti", "iss", "aud", "iat", "exp"] {
        let mut claims = here.claims();
        claims.as_object_mut().unwrap().remove(claim);
        here.refuses(&here.sign(&claims)).await;
        for hostile in [
            json!(null),
            json!(""),
            json!({}),
            json!([]),
            json!(true),
            json!(-1),
        ] {
            // Nobody reads when a token was issued, so an odd time there does no harm.
            if claim != "iat" {
                here.refuses(&here.sign(&here.but(claim, hostile))).await;
            }
        }
    }
    for (claim, hostile) in [
        ("sub", json!("../../etc/passwd")),
        ("sub", json!("a".repeat(65))),
        ("jti", json!("token 1")),
        ("iss", json!("someone-else")),
        ("iss", json!([ISSUER])),
        ("aud", json!("another-api")),
        ("aud", json!([AUDIENCE, "another-api"])),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(1e300)),
        ("exp", json!("4102444800")),
        ("nbf", json!(i64::MAX)),
        ("nbf", json!("now")),
    ] {
        here.refuses(&here.sign(&here.but(claim, hostile))).await;
    }
}

#[tokio::test]
async fn times_are_read_from_the_clock_with_five_seconds_of_leeway() {
    let here = installation();
    let now = here.now();
    here.accepts(&here.sign(&here.but("exp", json!(now - 4))))
        .await;
    here.refuses(&here.sign(&here.but("exp", json!(now - 5))))
        .await;
    here.accepts(&here.sign(&here.but("nbf", json!(now + 5))))
        .await;
    here.refuses(&here.sign(&here.but("nbf", json!(now + 6))))
        .await;
}

#[tokio::test]
async fn a_revocation_outlives_the_leeway() {
    let here = installation();
    let principal = here.accepts(&here.sign(&here.claims())).await;
    here.auth
        .revoke(&principal.token_id, principal.expires_at)
        .await
        .unwrap();
    here.clock.set(principal.expires_at);
    here.clock.advance(Duration::from_secs(4));
    let other = TokenId::try_from("another".to_owned()).unwrap();
    let now = here.clock.now();
    here.revoked
        .revoke(&other, Timestamp::MAX, now)
        .await
        .unwrap();
    let mut claims = here.claims();
    claims["exp"] = json!(principal.expires_at.as_second());
    here.refuses(&here.sign(&claims)).await;
}

#[tokio::test]
async fn a_token_of_any_size_and_shape_is_refused_quickly() {
    let here = installation();
    let padded = here.but("padding", json!("x".repeat(MAX_LEN)));
    here.refuses(&here.sign(&padded)).await;
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let header = part(&json!({ "typ": "JWT", "alg": "HS256" }));
    let nested = format!("{header}.{}.AAAA", URL_SAFE_NO_PAD.encode(deep));
    let huge = "a.".repeat(10_000_000);
    let dots = ".".repeat(4000);
    let hostile = [
        "", ".", "..", "...", "a.b.c", "é.ü.ö", "\0.\0.\0", "Bearer x",
    ];
    for token in hostile.into_iter().chain([nested.as_str(), &huge, &dots]) {
        here.refuses(token).await;
    }
}

#[tokio::test]
async fn an_issued_token_is_short_and_lives_as_long_as_configured() {
    let here = installation();
    let user = User {
        id: "u".repeat(64).parse().unwrap(),
        ..samples::user("ada")
    };
    let name = "t".repeat(64).parse().unwrap();
    let issued = here.auth.issue(&user, &name).await.unwrap();
    assert_eq!(issued.expires_at, add(here.clock.now(), LIFETIME));
    assert!(issued.token.expose_secret().len() < 512);
    let principal = here.accepts(issued.token.expose_secret()).await;
    assert_eq!(principal.expires_at, issued.expires_at);
}

#[test]
fn the_configuration_does_not_show_its_secret() {
    let config = JwtConfig {
        secrets: SecretKeys::of("very secret"),
        lifetime: LIFETIME,
    };
    assert_eq!(
        format!("{config:?}"),
        "JwtConfig { secrets: \"***\", lifetime: 3600s }"
    );
    assert!(!format!("{:?}", installation().auth).contains("0123456789abcdef"));
}
