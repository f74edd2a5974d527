//! The suites of [`TokenVerifier`] and [`AuthProvider`].

use std::{fmt, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Case, Verdict};
use crate::{
    ErrorKind, Result, cases,
    domain::{ExposeSecret, User, UserId},
    ensure,
    ports::{AuthProvider, Clock, IssuedToken, Principal, RevokedTokens, TokenVerifier},
    testkit::{
        fakes::FixedClock,
        samples::{id, user},
    },
};

/// A verifier and what it takes to try it.
pub struct VerifierSetup {
    /// The verifier held to its promises.
    pub verifier: Box<dyn TokenVerifier>,
    /// The clock it goes by.
    pub clock: FixedClock,
    /// Claims that it accepts.
    pub claims: Value,
    /// Makes a token of these claims as whoever stole the key could.
    pub sign: Box<dyn Fn(&Value) -> String + Send + Sync>,
    /// The same claims, signed by another installation.
    pub foreign: String,
    /// Where it looks for revoked names.
    pub revoked: Arc<dyn RevokedTokens>,
}

impl fmt::Debug for VerifierSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verifier.fmt(f)
    }
}

/// A provider and the clock it goes by.
#[derive(Debug)]
pub struct AuthSetup {
    /// The provider held to its promises.
    pub provider: Box<dyn AuthProvider>,
    /// Its clock.
    pub clock: FixedClock,
}

/// Every promise of [`TokenVerifier`].
pub const VERIFIER_CASES: &[Case<VerifierSetup>] = cases![VerifierSetup;
    "a good token says whose it is, the same each time" =>
        a_good_token_says_whose_it_is_the_same_each_time,
    "an expired token is unauthorized" => an_expired_token_is_unauthorized,
    "a token of another installation is unauthorized" =>
        a_token_of_another_installation_is_unauthorized,
    "a changed token is unauthorized" => a_changed_token_is_unauthorized,
    "an unsigned token is unauthorized" => an_unsigned_token_is_unauthorized,
    "a token without an expiry is unauthorized" => a_token_without_an_expiry_is_unauthorized,
    "a token whose subject nobody can be is unauthorized" =>
        a_token_whose_subject_nobody_can_be_is_unauthorized,
    "garbage is unauthorized" => garbage_is_unauthorized,
    "a token whose name was revoked is unauthorized" =>
        a_token_whose_name_was_revoked_is_unauthorized,
];

/// Every promise of [`AuthProvider`].
pub const CASES: &[Case<AuthSetup>] = cases![AuthSetup;
    "an issued token authenticates its user" => an_issued_token_authenticates_its_user,
    "a token has the name it was issued under and says its account's generation" =>
        a_token_has_the_name_it_was_issued_under_and_says_its_account_s_generation,
    "a revoked name makes every token of it unauthorized and others of the user stay good" =>
        a_revoked_name_makes_every_token_of_it_unauthorized_and_others_of_the_user_stay_good,
];

impl VerifierSetup {
    fn but(&self, claim: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[claim] = value;
        (self.sign)(&claims)
    }

    async fn accepts(&self, token: &str) -> Result<Principal> {
        self.verifier.authenticate(token).await
    }

    async fn refuses(&self, token: &str) -> Verdict {
        refuses(&*self.verifier, token).await
    }
}

impl AuthSetup {
    async fn issue(&self) -> Result<IssuedToken> {
        self.issue_as("login").await
    }

    async fn issue_as(&self, name: &str) -> Result<IssuedToken> {
        self.provider.issue(&user("ada"), &id(name)).await
    }

    async fn authenticate(&self, token: &str) -> Result<Principal> {
        self.provider.authenticate(token).await
    }

    async fn refuses(&self, token: &str) -> Verdict {
        refuses(&*self.provider, token).await
    }
}

async fn refuses(verifier: &dyn TokenVerifier, token: &str) -> Verdict {
    let answer = verifier.authenticate(token).await;
    let refused = answer
        .as_ref()
        .is_err_and(|error| error.kind() == ErrorKind::Unauthorized);
    let start: String = token.chars().take(200).collect();
    ensure!(refused, "{start:?}: {answer:?}");
    Ok(())
}

async fn a_good_token_says_whose_it_is_the_same_each_time(setup: &VerifierSetup) -> Verdict {
    let first = setup.accepts(&(setup.sign)(&setup.claims)).await?;
    setup.clock.advance(Duration::from_secs(1));
    let later = setup.accepts(&setup.but("jti", json!("later"))).await?;
    ensure!(first.user_id == later.user_id, "{first:?} but {later:?}");
    ensure!(first.token_id != later.token_id, "{first:?} but {later:?}");
    let other = setup.accepts(&setup.but("sub", json!("other"))).await?;
    ensure!(first.user_id != other.user_id, "{first:?} but {other:?}");
    Ok(())
}

async fn an_expired_token_is_unauthorized(setup: &VerifierSetup) -> Verdict {
    let token = (setup.sign)(&setup.claims);
    let principal = setup.accepts(&token).await?;
    setup.clock.set(principal.expires_at);
    // Long enough for any allowance that is made for clocks that differ.
    setup.clock.advance(Duration::from_secs(60));
    setup.refuses(&token).await
}

async fn a_token_of_another_installation_is_unauthorized(setup: &VerifierSetup) -> Verdict {
    setup.accepts(&(setup.sign)(&setup.claims)).await?;
    setup.refuses(&setup.foreign).await
}

async fn a_changed_token_is_unauthorized(setup: &VerifierSetup) -> Verdict {
    let token = &(setup.sign)(&setup.claims);
    setup.accepts(token).await?;
    for (place, letter) in token.char_indices() {
        let other = if letter == 'A' { "B" } else { "A" };
        let mut changed = token.to_owned();
        changed.replace_range(place..place + letter.len_utf8(), other);
        setup.refuses(&changed).await?;
        let (cut, _) = token.split_at(place);
        setup.refuses(cut).await?;
    }
    setup.refuses(&format!("{token}A")).await
}

async fn an_unsigned_token_is_unauthorized(setup: &VerifierSetup) -> Verdict {
    let token = (setup.sign)(&setup.claims);
    setup.accepts(&token).await?;
    let (signed, _) = token.rsplit_once('.').unwrap_or((&token, ""));
    // `{"alg":"none","typ":"JWT"}`
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let claims = signed.split('.').next_back().unwrap_or_default();
    for unsigned in [
        signed.to_owned(),
        format!("{signed}."),
        format!("{none}.{claims}."),
        format!("{none}.{claims}"),
    ] {
        setup.refuses(&unsigned).await?;
    }
    Ok(())
}

async fn a_token_without_an_expiry_is_unauthorized(setup: &VerifierSetup) -> Verdict {
    setup.accepts(&(setup.sign)(&setup.claims)).await?;
    let mut claims = setup.claims.clone();
    if let Some(claims) = claims.as_object_mut() {
        claims.remove("exp");
    }
    setup.refuses(&(setup.sign)(&claims)).await?;
    for expiry in [
        json!(null),
        json!("never"),
        json!(u64::MAX),
        json!(i64::MIN),
    ] {
        claims["exp"] = expiry;
        setup.refuses(&(setup.sign)(&claims)).await?;
    }
    Ok(())
}

async fn a_token_whose_subject_nobody_can_be_is_unauthorized(setup: &VerifierSetup) -> Verdict {
    setup.accepts(&(setup.sign)(&setup.claims)).await?;
    for subject in [
        json!(null),
        json!(""),
        json!("a\0b"),
        json!("a".repeat(300)),
        json!(7),
        json!(["ada"]),
        json!({"$gt": ""}),
    ] {
        setup.refuses(&setup.but("sub", subject)).await?;
    }
    Ok(())
}

async fn garbage_is_unauthorized(setup: &VerifierSetup) -> Verdict {
    let huge = "e".repeat(1_000_000);
    for garbage in [
        "", " ", ".", "..", "a.b.c", "null", "Bearer", "é.ü.ö", "\0", &huge,
    ] {
        setup.refuses(garbage).await?;
    }
    Ok(())
}

async fn a_token_whose_name_was_revoked_is_unauthorized(setup: &VerifierSetup) -> Verdict {
    let token = (setup.sign)(&setup.claims);
    let principal = setup.accepts(&token).await?;
    let now = setup.clock.now();
    let (name, until) = (&principal.token_id, principal.expires_at);
    setup.revoked.revoke(name, until, now).await?;
    setup.refuses(&token).await?;
    setup.accepts(&setup.but("jti", json!("other"))).await?;
    Ok(())
}

async fn an_issued_token_authenticates_its_user(setup: &AuthSetup) -> Verdict {
    let issued = setup.issue().await?;
    let principal = setup.authenticate(issued.token.expose_secret()).await?;
    let expected: UserId = user("ada").id;
    ensure!(principal.user_id == expected, "{principal:?}");
    ensure!(
        principal.expires_at == issued.expires_at,
        "{principal:?} but {issued:?}"
    );
    Ok(())
}

async fn a_token_has_the_name_it_was_issued_under_and_says_its_account_s_generation(
    setup: &AuthSetup,
) -> Verdict {
    for (name, generation) in [("one", 0), ("other", 7)] {
        let of = User {
            generation,
            ..user("ada")
        };
        let issued = setup.provider.issue(&of, &id(name)).await?;
        let principal = setup.authenticate(issued.token.expose_secret()).await?;
        ensure!(principal.token_id == id(name), "{principal:?}");
        ensure!(principal.generation == Some(generation), "{principal:?}");
    }
    Ok(())
}

async fn a_revoked_name_makes_every_token_of_it_unauthorized_and_others_of_the_user_stay_good(
    setup: &AuthSetup,
) -> Verdict {
    let first = setup.issue_as("revoked").await?;
    setup.clock.advance(Duration::from_secs(60));
    let later = setup.issue_as("revoked").await?;
    let other = setup.issue_as("other").await?;
    for _ in 0..2 {
        setup
            .provider
            .revoke(&id("revoked"), first.expires_at)
            .await?;
    }
    setup.refuses(first.token.expose_secret()).await?;
    // The one that lasts longer must not come back to life when the other has run out.
    setup.clock.set(first.expires_at);
    setup.clock.advance(Duration::from_secs(30));
    setup
        .provider
        .revoke(&id("another"), later.expires_at)
        .await?;
    setup.refuses(later.token.expose_secret()).await?;
    setup.authenticate(other.token.expose_secret()).await?;
    Ok(())
}
