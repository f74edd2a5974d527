//! The suite of [`RevokedTokens`].

use super::{Case, Verdict};
use crate::{
    cases,
    domain::TokenId,
    ensure,
    ports::RevokedTokens,
    testkit::samples::{at, id},
};

/// Every promise of [`RevokedTokens`], for a store that knows of no revoked token.
pub const CASES: &[Case<dyn RevokedTokens>] = cases![dyn RevokedTokens;
    "a revoked token is known as revoked" => a_revoked_token_is_known_as_revoked,
    "an unknown token is not revoked" => an_unknown_token_is_not_revoked,
    "revoking twice is no error" => revoking_twice_is_no_error,
    "a revocation is forgotten once its token has expired" =>
        a_revocation_is_forgotten_once_its_token_has_expired,
];

async fn a_revoked_token_is_known_as_revoked(tokens: &dyn RevokedTokens) -> Verdict {
    tokens.revoke(&one(), at(60), at(0)).await?;
    tokens.revoke(&other(), at(60), at(1)).await?;
    ensure!(tokens.is_revoked(&one()).await?, "it is not");
    ensure!(tokens.is_revoked(&other()).await?, "the other is not");
    Ok(())
}

async fn an_unknown_token_is_not_revoked(tokens: &dyn RevokedTokens) -> Verdict {
    ensure!(
        !tokens.is_revoked(&one()).await?,
        "it is, in an empty store"
    );
    tokens.revoke(&other(), at(60), at(0)).await?;
    ensure!(!tokens.is_revoked(&one()).await?, "it is, like another");
    Ok(())
}

async fn revoking_twice_is_no_error(tokens: &dyn RevokedTokens) -> Verdict {
    tokens.revoke(&one(), at(60), at(0)).await?;
    tokens.revoke(&one(), at(30), at(1)).await?;
    tokens.revoke(&other(), at(60), at(45)).await?;
    ensure!(
        tokens.is_revoked(&one()).await?,
        "the later, shorter one took its place"
    );
    Ok(())
}

async fn a_revocation_is_forgotten_once_its_token_has_expired(
    tokens: &dyn RevokedTokens,
) -> Verdict {
    tokens.revoke(&one(), at(60), at(0)).await?;
    tokens.revoke(&other(), at(90), at(59)).await?;
    ensure!(
        tokens.is_revoked(&one()).await?,
        "it was forgotten too early"
    );
    tokens.revoke(&other(), at(90), at(60)).await?;
    ensure!(!tokens.is_revoked(&one()).await?, "it is still remembered");
    ensure!(
        tokens.is_revoked(&other()).await?,
        "the other was forgotten"
    );
    Ok(())
}

fn one() -> TokenId {
    id("one")
}

fn other() -> TokenId {
    id("other")
}
