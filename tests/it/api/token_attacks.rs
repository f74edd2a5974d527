//! What an attacker does with tokens.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::Service;

const SECRET: &str = "0123456789abcdef0123456789abcdef-it";

/// A token of these parts, signed with this key as HS256 asks for.
fn signed(key: &[u8], header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let signature = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The signing key, as it is derived from the installation's secret.
pub(super) fn signing_key(secret: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hmac::sign(&key, b"issue-explainer/jwt/hs256")
        .as_ref()
        .to_vec()
}

/// A token of the service with this secret that ran out an hour ago.
pub(super) fn expired(secret: &str, token: &str) -> String {
    let mut claims = claims_of(token);
    claims["exp"] = json!(claims["iat"].as_i64().unwrap() - 3600);
    signed(
        &signing_key(secret),
        &json!({"typ": "JWT", "alg": "HS256"}),
        &claims,
    )
}

fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[expect(clippy::too_many_lines, reason = "a table of attacks, each a row")]
#[tokio::test]
async fn no_forged_token_lets_anybody_in() {
    let service = Service::start(&[("SECRET_KEY", SECRET)]);
    let account =
        json!({"username": "ada", "email": "ada@example.com", "password": "correct horse"});
    let ada = service
        .client()
        .post("/api/v1/auth/register", &account)
        .await
        .ok();
    let token = ada["access_token"].as_str().unwrap();
    let (good, key) = (claims_of(token), signing_key(SECRET));
    let now = good["iat"].as_i64().unwrap();
    let hs256 = json!({"typ": "JWT", "alg": "HS256"});
    let but = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        claims
    };
    let without = |claim: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(claim);
        claims
    };
    let status = async |token: &str| {
        let client = service.client().bearer(token);
        let answer = client.get("/api/v1/auth/me").await;
        if answer.status != 200 {
            let expected = (
                401,
                "invalid_token".to_owned(),
                "Could not validate credentials".to_owned(),
            );
            assert_eq!(answer.problem(), expected);
        }
        answer.status.as_u16()
    };
    // What all this is built on is accepted.
    assert_eq!(status(&signed(&key, &hs256, &good)).await, 200);

    let mut forged = vec![
        ("another key", signed(b"the attacker's", &hs256, &good)),
        ("an empty key", signed(b"", &hs256, &good)),
        (
            "the secret itself as key",
            signed(SECRET.as_bytes(), &hs256, &good),
        ),
        ("no exp", signed(&key, &hs256, &without("exp"))),
        (
            "a clock 61 s off",
            signed(&key, &hs256, &but("exp", json!(now - 61))),
        ),
        (
            "not good before 61 s from now",
            signed(&key, &hs256, &but("nbf", json!(now + 61))),
        ),
        (
            "another issuer",
            signed(&key, &hs256, &but("iss", json!("someone else"))),
        ),
        ("no issuer", signed(&key, &hs256, &without("iss"))),
        (
            "another audience",
            signed(&key, &hs256, &but("aud", json!("another/api"))),
        ),
        ("no audience", signed(&key, &hs256, &without("aud"))),
        (
            "a sub that is no id",
            signed(&key, &hs256, &but("sub", json!("../../ada"))),
        ),
        (
            "a sub that is a query",
            signed(&key, &hs256, &but("sub", json!({"$gt": ""}))),
        ),
        (
            "a sub that nobody has",
            signed(&key, &hs256, &but("sub", json!("nobody"))),
        ),
        (
            "another generation",
            signed(&key, &hs256, &but("generation", json!(1))),
        ),
    ];
    let unsigned = signed(&key, &json!({"typ": "JWT", "alg": "none"}), &good);
    let (message, _) = unsigned.rsplit_once('.').unwrap();
    forged.push(("alg none, signed", unsigned.clone()));
    forged.push(("alg none", format!("{message}.")));
    // RS256 and the like, with what an attacker may know as the key.
    for alg in ["RS256", "ES256", "PS256", "EdDSA", "HS384", "HS512"] {
        forged.push((alg, signed(&key, &json!({"typ": "JWT", "alg": alg}), &good)));
    }
    for kid in [
        "../../../../dev/null",
        "/dev/null",
        "' UNION SELECT '' --",
        "",
        "0",
    ] {
        let header = json!({"typ": "JWT", "alg": "HS256", "kid": kid});
        forged.push(("a kid of no key of ours", signed(b"", &header, &good)));
        forged.push(("a kid of no key of ours", signed(&key, &header, &good)));
    }
    for name in ["jku", "x5u"] {
        let mut header = hs256.clone();
        header[name] = json!("http://127.0.0.1:9/keys");
        forged.push((name, signed(b"the attacker's", &header, &good)));
    }
    for (what, token) in forged {
        assert_eq!(status(&token).await, 401, "{what}");
    }
}
