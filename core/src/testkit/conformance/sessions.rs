//! The suite of [`Sessions`].

use futures::future::join_all;

use super::{Case, Verdict};
use crate::{
    cases,
    domain::{Session, TokenId},
    ensure,
    ports::{Rotation, Sessions},
    testkit::samples::{at, id, user},
};

/// Every promise of [`Sessions`], for a store that knows of none.
pub const CASES: &[Case<dyn Sessions>] = cases![dyn Sessions;
    "a renewed session goes by the new secret" => a_renewed_session_goes_by_the_new_secret,
    "a secret that is not the current one ends the session" =>
        a_secret_that_is_not_the_current_one_ends_the_session,
    "of many simultaneous renewals with one secret only one succeeds" =>
        of_many_simultaneous_renewals_with_one_secret_only_one_succeeds,
    "an unknown session is unknown, not an error" => an_unknown_session_is_unknown_not_an_error,
    "an ended session is gone" => an_ended_session_is_gone,
    "an expired session is unknown" => an_expired_session_is_unknown,
    "of one account the newest hundred sessions are kept" =>
        of_one_account_the_newest_hundred_sessions_are_kept,
];

fn session(name: &str) -> Session {
    Session {
        id: id(name),
        user_id: user("ada").id,
        generation: 7,
        secret_hash: "first".to_owned(),
        created_at: at(0),
        expires_at: at(60),
    }
}

async fn a_renewed_session_goes_by_the_new_secret(sessions: &dyn Sessions) -> Verdict {
    sessions.insert(&session("a"), at(0)).await?;
    let renewed = sessions
        .rotate(&id("a"), "first", "second", at(1), at(90))
        .await?;
    let expected = Session {
        secret_hash: "second".to_owned(),
        expires_at: at(90),
        ..session("a")
    };
    ensure!(renewed == Rotation::Renewed(expected), "{renewed:?}");
    let again = sessions
        .rotate(&id("a"), "second", "third", at(80), at(99))
        .await?;
    ensure!(matches!(again, Rotation::Renewed(_)), "{again:?}");
    Ok(())
}

async fn a_secret_that_is_not_the_current_one_ends_the_session(sessions: &dyn Sessions) -> Verdict {
    sessions.insert(&session("a"), at(0)).await?;
    sessions.insert(&session("b"), at(0)).await?;
    sessions
        .rotate(&id("a"), "first", "second", at(1), at(90))
        .await?;
    let reused = sessions
        .rotate(&id("a"), "first", "third", at(2), at(90))
        .await?;
    let told = matches!(&reused, Rotation::Reused(session) if session.id == id("a"));
    ensure!(told, "{reused:?}");
    let ended = sessions
        .rotate(&id("a"), "second", "third", at(3), at(90))
        .await?;
    ensure!(ended == Rotation::Unknown, "{ended:?}");
    let other = sessions
        .rotate(&id("b"), "first", "second", at(3), at(90))
        .await?;
    ensure!(matches!(other, Rotation::Renewed(_)), "{other:?}");
    Ok(())
}

async fn of_many_simultaneous_renewals_with_one_secret_only_one_succeeds(
    sessions: &dyn Sessions,
) -> Verdict {
    sessions.insert(&session("a"), at(0)).await?;
    let a: TokenId = id("a");
    let secrets: Vec<String> = (0..8).map(|number| number.to_string()).collect();
    let renewals = secrets
        .iter()
        .map(|to| sessions.rotate(&a, "first", to, at(1), at(90)));
    let outcomes = join_all(renewals).await;
    let renewed = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Rotation::Renewed(_))));
    ensure!(renewed.count() == 1, "{outcomes:?}");
    Ok(())
}

async fn an_unknown_session_is_unknown_not_an_error(sessions: &dyn Sessions) -> Verdict {
    sessions.insert(&session("a"), at(0)).await?;
    let unknown = sessions
        .rotate(&id("b"), "first", "second", at(1), at(90))
        .await?;
    ensure!(unknown == Rotation::Unknown, "{unknown:?}");
    let none = sessions.end(&id("b")).await?;
    ensure!(none.is_none(), "{none:?}");
    Ok(())
}

async fn an_ended_session_is_gone(sessions: &dyn Sessions) -> Verdict {
    sessions.insert(&session("a"), at(0)).await?;
    let ended = sessions.end(&id("a")).await?;
    ensure!(ended == Some(session("a")), "{ended:?}");
    let gone = sessions
        .rotate(&id("a"), "first", "second", at(1), at(90))
        .await?;
    ensure!(gone == Rotation::Unknown, "{gone:?}");
    Ok(())
}

async fn an_expired_session_is_unknown(sessions: &dyn Sessions) -> Verdict {
    sessions.insert(&session("a"), at(0)).await?;
    for secret in ["first", "stolen"] {
        let late = sessions
            .rotate(&id("a"), secret, "second", at(60), at(90))
            .await?;
        ensure!(late == Rotation::Unknown, "{late:?}");
    }
    sessions.insert(&session("b"), at(60)).await?;
    let forgotten = sessions.end(&id("a")).await?;
    ensure!(forgotten.is_none(), "{forgotten:?}");
    Ok(())
}

async fn of_one_account_the_newest_hundred_sessions_are_kept(sessions: &dyn Sessions) -> Verdict {
    let bobs = Session {
        user_id: user("bob").id,
        ..session("bobs")
    };
    sessions.insert(&bobs, at(0)).await?;
    for number in 0..102 {
        let one = Session {
            created_at: at(number),
            expires_at: at(1000),
            ..session(&format!("s{number}"))
        };
        sessions.insert(&one, at(0)).await?;
    }
    for (name, kept) in [
        ("s0", false),
        ("s1", false),
        ("s2", true),
        ("s101", true),
        ("bobs", true),
    ] {
        let found = sessions.end(&id(name)).await?.is_some();
        ensure!(found == kept, "{name}: {found}");
    }
    Ok(())
}
