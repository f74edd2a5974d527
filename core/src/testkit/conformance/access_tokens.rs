//! The suite of [`AccessTokens`].

use super::{Case, Verdict};
use crate::{
    ErrorKind, cases,
    domain::{AccessToken, Scope},
    ensure,
    ports::AccessTokens,
    testkit::samples::{at, id, user},
};

/// Every promise of [`AccessTokens`], for a store that knows of none.
pub const CASES: &[Case<dyn AccessTokens>] = cases![dyn AccessTokens;
    "a token is found by its hash" => a_token_is_found_by_its_hash,
    "an unknown hash is none, not an error" => an_unknown_hash_is_none_not_an_error,
    "an account's tokens are its own, oldest first" =>
        an_account_s_tokens_are_its_own_oldest_first,
    "a deleted token is found no more" => a_deleted_token_is_found_no_more,
    "the token of another account is not deleted" =>
        the_token_of_another_account_is_not_deleted,
    "a taken id or hash is a conflict and changes nothing" =>
        a_taken_id_or_hash_is_a_conflict_and_changes_nothing,
    "a token is forgotten once it has expired" => a_token_is_forgotten_once_it_has_expired,
];

/// A token of `owner`, good for a minute.
pub(super) fn token(name: &str, owner: &str, seconds: i64) -> AccessToken {
    AccessToken {
        id: id(name),
        user_id: user(owner).id,
        name: format!("the token {name}"),
        scope: Scope::Write,
        secret_hash: format!("hash of {name}"),
        created_at: at(seconds),
        expires_at: at(60),
    }
}

async fn a_token_is_found_by_its_hash(tokens: &dyn AccessTokens) -> Verdict {
    for scope in [Scope::Read, Scope::Write, Scope::Admin] {
        let stored = AccessToken {
            scope,
            ..token(&format!("{scope:?}"), "ada", 0)
        };
        tokens.insert(&stored, at(0)).await?;
        let found = tokens.find(&stored.secret_hash).await?;
        ensure!(found.as_ref() == Some(&stored), "{found:?}");
    }
    Ok(())
}

async fn an_unknown_hash_is_none_not_an_error(tokens: &dyn AccessTokens) -> Verdict {
    tokens.insert(&token("a", "ada", 0), at(0)).await?;
    for hash in ["hash of b", "", "HASH OF A"] {
        let found = tokens.find(hash).await?;
        ensure!(found.is_none(), "{found:?}");
    }
    let none = tokens.of_user(&user("bob").id).await?;
    ensure!(none.is_empty(), "{none:?}");
    Ok(())
}

async fn an_account_s_tokens_are_its_own_oldest_first(tokens: &dyn AccessTokens) -> Verdict {
    for (name, owner, seconds) in [("a", "ada", 3), ("b", "bob", 1), ("c", "ada", 2)] {
        tokens.insert(&token(name, owner, seconds), at(0)).await?;
    }
    let found = tokens.of_user(&user("ada").id).await?;
    let expected = [token("c", "ada", 2), token("a", "ada", 3)];
    ensure!(found == expected, "{found:?}");
    Ok(())
}

async fn a_deleted_token_is_found_no_more(tokens: &dyn AccessTokens) -> Verdict {
    tokens.insert(&token("a", "ada", 0), at(0)).await?;
    tokens.insert(&token("b", "ada", 0), at(0)).await?;
    let ada = user("ada").id;
    ensure!(tokens.delete(&ada, &id("a")).await?, "it was not there");
    ensure!(!tokens.delete(&ada, &id("a")).await?, "it was there twice");
    let found = tokens.find("hash of a").await?;
    ensure!(found.is_none(), "{found:?}");
    let left = tokens.of_user(&ada).await?;
    ensure!(left == [token("b", "ada", 0)], "{left:?}");
    Ok(())
}

async fn the_token_of_another_account_is_not_deleted(tokens: &dyn AccessTokens) -> Verdict {
    tokens.insert(&token("a", "ada", 0), at(0)).await?;
    let deleted = tokens.delete(&user("bob").id, &id("a")).await?;
    ensure!(!deleted, "it was");
    let found = tokens.find("hash of a").await?;
    ensure!(found.is_some(), "it is gone");
    Ok(())
}

async fn a_taken_id_or_hash_is_a_conflict_and_changes_nothing(
    tokens: &dyn AccessTokens,
) -> Verdict {
    tokens.insert(&token("a", "ada", 0), at(0)).await?;
    let same_id = AccessToken {
        secret_hash: "another".to_owned(),
        ..token("a", "bob", 0)
    };
    let same_hash = AccessToken {
        id: id("b"),
        ..token("a", "bob", 0)
    };
    for taken in [same_id, same_hash] {
        let refused = tokens.insert(&taken, at(0)).await;
        let conflict = refused
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::Conflict);
        ensure!(conflict, "{refused:?}");
    }
    let left = tokens.of_user(&user("bob").id).await?;
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

async fn a_token_is_forgotten_once_it_has_expired(tokens: &dyn AccessTokens) -> Verdict {
    tokens.insert(&token("a", "ada", 0), at(0)).await?;
    let lasting = AccessToken {
        expires_at: at(90),
        ..token("b", "ada", 1)
    };
    tokens.insert(&lasting, at(59)).await?;
    ensure!(tokens.find("hash of a").await?.is_some(), "too early");
    let next = AccessToken {
        expires_at: at(99),
        ..token("c", "ada", 2)
    };
    tokens.insert(&next, at(60)).await?;
    let left = tokens.of_user(&user("ada").id).await?;
    ensure!(left == [lasting, next], "{left:?}");
    Ok(())
}
