//! The suite of [`Vitals`](crate::ports::Vitals).

use super::{Case, Verdict, WholeStore, analyses::LEASE};
use crate::{
    cases, ensure,
    ports::Backlog,
    testkit::samples::{at, completed, failure, request},
};

/// Every promise of [`Vitals`](crate::ports::Vitals), for a store that holds nothing.
pub const CASES: &[Case<dyn WholeStore>] = cases![dyn WholeStore;
    "a store that can be used answers" => a_store_that_can_be_used_answers,
    "the backlog of an empty queue is empty" => the_backlog_of_an_empty_queue_is_empty,
    "the backlog counts what is due, and says since when the first of it has been" =>
        the_backlog_counts_what_is_due_and_says_since_when_the_first_of_it_has_been,
    "what is put back for later, worked on or done is not in the backlog" =>
        what_is_put_back_for_later_worked_on_or_done_is_not_in_the_backlog,
    "a job whose lease ran out is in the backlog again" =>
        a_job_whose_lease_ran_out_is_in_the_backlog_again,
];

async fn a_store_that_can_be_used_answers(store: &dyn WholeStore) -> Verdict {
    Ok(store.ping().await?)
}

async fn the_backlog_of_an_empty_queue_is_empty(store: &dyn WholeStore) -> Verdict {
    let backlog = store.backlog(at(0)).await?;
    ensure!(backlog == Backlog::default(), "{backlog:?}");
    Ok(())
}

async fn the_backlog_counts_what_is_due_and_says_since_when_the_first_of_it_has_been(
    store: &dyn WholeStore,
) -> Verdict {
    for (issue, seconds) in [("1", 5), ("2", 3), ("3", 9), ("4", 20)] {
        store.enqueue(request(issue, seconds)).await?;
    }
    is(store, 9, 3, Some(3)).await?;
    is(store, 4, 1, Some(3)).await?;
    is(store, 2, 0, None).await
}

async fn what_is_put_back_for_later_worked_on_or_done_is_not_in_the_backlog(
    store: &dyn WholeStore,
) -> Verdict {
    for issue in ["1", "2", "3", "4"] {
        store.enqueue(request(issue, 0)).await?;
    }
    let mut held = Vec::new();
    for token in ["a", "b", "c"] {
        held.extend(store.claim(token, at(1), LEASE).await?);
    }
    is(store, 2, 1, Some(0)).await?;
    if let [(first, _), (second, job), _] = &*held {
        store.retry_at(first, at(50), failure(), at(2)).await?;
        store.finish(second, completed(job, "done"), at(2)).await?;
    }
    is(store, 3, 1, Some(0)).await?;
    is(store, 50, 2, Some(0)).await
}

async fn a_job_whose_lease_ran_out_is_in_the_backlog_again(store: &dyn WholeStore) -> Verdict {
    store.enqueue(request("1", 0)).await?;
    store.claim("the one that dies", at(1), LEASE).await?;
    is(store, 60, 0, None).await?;
    is(store, 61, 1, Some(61)).await
}

async fn is(store: &dyn WholeStore, now: i64, waiting: u64, oldest: Option<i64>) -> Verdict {
    let expected = Backlog {
        waiting,
        oldest: oldest.map(at),
    };
    let backlog = store.backlog(at(now)).await?;
    ensure!(backlog == expected, "{backlog:?} and not {expected:?}");
    Ok(())
}
