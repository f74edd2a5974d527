//! The suite of [`IdempotencyKeys`].

use futures::future::join_all;

use super::{Case, Verdict};
use crate::{
    cases,
    domain::Sealed,
    ensure,
    ports::{IdempotencyKeys, KeyState, KeyedRequest},
    testkit::samples::at,
};

/// Every promise of [`IdempotencyKeys`], for a store that knows of no key.
pub const CASES: &[Case<dyn IdempotencyKeys>] = cases![dyn IdempotencyKeys;
    "a new key is taken by the first request that bears it" =>
        a_new_key_is_taken_by_the_first_request_that_bears_it,
    "a key under way is busy for the same request and different for another" =>
        a_key_under_way_is_busy_for_the_same_request_and_different_for_another,
    "of many simultaneous requests with one key one takes it and the others find it busy" =>
        of_many_simultaneous_requests_with_one_key_one_takes_it_and_the_others_find_it_busy,
    "a kept answer is given to the same request and to no other" =>
        a_kept_answer_is_given_to_the_same_request_and_to_no_other,
    "a released key can be taken again" => a_released_key_can_be_taken_again,
    "a key whose time is over can be taken again" => a_key_whose_time_is_over_can_be_taken_again,
    "who no longer has a key can neither keep an answer nor release it" =>
        who_no_longer_has_a_key_can_neither_keep_an_answer_nor_release_it,
];

async fn a_new_key_is_taken_by_the_first_request_that_bears_it(
    keys: &dyn IdempotencyKeys,
) -> Verdict {
    for key in ["one", "other"] {
        let state = keys.take(&asked(key, "a", "t"), at(0), at(60)).await?;
        ensure!(state == KeyState::Taken, "{key}: {state:?}");
    }
    Ok(())
}

async fn a_key_under_way_is_busy_for_the_same_request_and_different_for_another(
    keys: &dyn IdempotencyKeys,
) -> Verdict {
    keys.take(&asked("key", "a", "first"), at(0), at(60))
        .await?;
    let state = keys
        .take(&asked("key", "a", "second"), at(1), at(61))
        .await?;
    ensure!(state == KeyState::Busy, "the same request: {state:?}");
    let state = keys
        .take(&asked("key", "b", "third"), at(1), at(61))
        .await?;
    ensure!(state == KeyState::Different, "another request: {state:?}");
    Ok(())
}

async fn of_many_simultaneous_requests_with_one_key_one_takes_it_and_the_others_find_it_busy(
    keys: &dyn IdempotencyKeys,
) -> Verdict {
    let requests: Vec<_> = (0..16)
        .map(|number| asked("key", "a", &number.to_string()))
        .collect();
    let attempts = requests
        .iter()
        .map(|request| keys.take(request, at(0), at(60)));
    let (mut taken, mut busy) = (0, 0);
    for state in join_all(attempts).await {
        match state? {
            KeyState::Taken => taken += 1,
            KeyState::Busy => busy += 1,
            other => ensure!(false, "{other:?}"),
        }
    }
    ensure!((taken, busy) == (1, 15), "{taken} took it, {busy} are busy");
    Ok(())
}

async fn a_kept_answer_is_given_to_the_same_request_and_to_no_other(
    keys: &dyn IdempotencyKeys,
) -> Verdict {
    let request = asked("key", "a", "first");
    keys.take(&request, at(0), at(60)).await?;
    ensure!(
        keys.keep(&request, &answer("yes"), at(3600)).await?,
        "it was not kept"
    );
    // Longer than it was taken for.
    let state = keys
        .take(&asked("key", "a", "second"), at(61), at(99))
        .await?;
    let expected = KeyState::Answered(answer("yes"));
    ensure!(state == expected, "the same request: {state:?}");
    let state = keys
        .take(&asked("key", "b", "third"), at(61), at(99))
        .await?;
    ensure!(state == KeyState::Different, "another request: {state:?}");
    Ok(())
}

async fn a_released_key_can_be_taken_again(keys: &dyn IdempotencyKeys) -> Verdict {
    let request = asked("key", "a", "first");
    keys.take(&request, at(0), at(60)).await?;
    keys.release(&request).await?;
    let state = keys
        .take(&asked("key", "b", "second"), at(1), at(61))
        .await?;
    ensure!(state == KeyState::Taken, "{state:?}");
    Ok(())
}

async fn a_key_whose_time_is_over_can_be_taken_again(keys: &dyn IdempotencyKeys) -> Verdict {
    let first = asked("under way", "a", "first");
    keys.take(&first, at(0), at(60)).await?;
    let answered = asked("answered", "a", "second");
    keys.take(&answered, at(0), at(60)).await?;
    keys.keep(&answered, &answer("yes"), at(60)).await?;
    for key in ["under way", "answered"] {
        let state = keys.take(&asked(key, "b", "early"), at(59), at(99)).await?;
        ensure!(state == KeyState::Different, "{key}, before: {state:?}");
    }
    for key in ["under way", "answered"] {
        let state = keys.take(&asked(key, "b", "third"), at(60), at(99)).await?;
        ensure!(state == KeyState::Taken, "{key}, after: {state:?}");
    }
    Ok(())
}

async fn who_no_longer_has_a_key_can_neither_keep_an_answer_nor_release_it(
    keys: &dyn IdempotencyKeys,
) -> Verdict {
    let late = asked("key", "a", "late");
    keys.take(&late, at(0), at(60)).await?;
    let holder = asked("key", "a", "holder");
    keys.take(&holder, at(60), at(120)).await?;
    let kept = keys.keep(&late, &answer("late"), at(999)).await?;
    ensure!(!kept, "a late answer was kept");
    keys.release(&late).await?;
    let state = keys
        .take(&asked("key", "a", "next"), at(61), at(121))
        .await?;
    ensure!(state == KeyState::Busy, "it was given free: {state:?}");
    ensure!(
        keys.keep(&holder, &answer("yes"), at(999)).await?,
        "the holder's answer was not kept"
    );
    keys.release(&holder).await?;
    let state = keys
        .take(&asked("key", "a", "last"), at(62), at(122))
        .await?;
    let expected = KeyState::Answered(answer("yes"));
    ensure!(state == expected, "an answer was released: {state:?}");
    Ok(())
}

fn asked(key: &str, request: &str, token: &str) -> KeyedRequest {
    KeyedRequest {
        key: key.to_owned(),
        request: request.to_owned(),
        token: token.to_owned(),
    }
}

fn answer(text: &str) -> Sealed {
    Sealed(text.to_owned())
}
