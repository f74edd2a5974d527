//! The suite of [`Outbox`].

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;

use super::{Case, Stop, Verdict, WholeStore, analyses::LEASE};
use crate::{
    Result, cases,
    domain::{Attempt, Dispatch, DispatchState, KEPT_DISPATCHES, Priority, Recipient, WorkspaceId},
    ensure,
    ports::{Analyses, Outbox},
    testkit::samples::{at, completed, dispatch, ended, failure, id, request},
};

/// Every promise of [`Outbox`], for a store that holds nothing.
pub const CASES: &[Case<dyn WholeStore>] = cases![dyn WholeStore;
    "what is to be told of an analysis is there once it has ended, and not when its lease was lost" =>
        what_is_to_be_told_of_an_analysis_is_there_once_it_has_ended_and_not_when_its_lease_was_lost,
    "what was put in reads back equal, only in its own workspace" =>
        what_was_put_in_reads_back_equal_only_in_its_own_workspace,
    "claim hands out what has been due longest, and counts the attempt" =>
        claim_hands_out_what_has_been_due_longest_and_counts_the_attempt,
    "claim hands out nothing that is not due, has ended, or goes to a place that is to be spared" =>
        claim_hands_out_nothing_that_is_not_due_has_ended_or_goes_to_a_place_that_is_to_be_spared,
    "of many simultaneous claims each gets another" =>
        of_many_simultaneous_claims_each_gets_another,
    "what was claimed is handed out again once its lease ran out" =>
        what_was_claimed_is_handed_out_again_once_its_lease_ran_out,
    "only who holds the lease settles" => only_who_holds_the_lease_settles,
    "what is put off is due at its time and not before" =>
        what_is_put_off_is_due_at_its_time_and_not_before,
    "it is known when the next is due" => it_is_known_when_the_next_is_due,
    "what has ended is sent again on demand, under its id" =>
        what_has_ended_is_sent_again_on_demand_under_its_id,
    "a list is newest first and goes on after a position" =>
        a_list_is_newest_first_and_goes_on_after_a_position,
    "what has ended is forgotten once its time is over" =>
        what_has_ended_is_forgotten_once_its_time_is_over,
    "of a workspace only the newest are kept" => of_a_workspace_only_the_newest_are_kept,
];

async fn what_is_to_be_told_of_an_analysis_is_there_once_it_has_ended_and_not_when_its_lease_was_lost(
    store: &dyn WholeStore,
) -> Verdict {
    let analyses: &dyn Analyses = store;
    analyses.enqueue(request("1", 0)).await?;
    let lost = analyses.claim("lost", 1, at(0), LEASE).await?.pop();
    let held = analyses.claim("held", 1, at(60), LEASE).await?.pop();
    let (Some((lost, _)), Some((held, job))) = (lost, held) else {
        return Err(Stop::Failed("there is no job".to_owned()));
    };
    let told = [dispatch("a", 61), dispatch("b", 61)];
    let outcome = completed(&job, "done");
    let done = ended(&job, outcome, 61);
    let finished = analyses.finish(&lost, done.clone(), &told).await?;
    ensure!(!finished, "a lost lease finished");
    let found = newest(store).await?;
    ensure!(found.is_empty(), "told by a lost lease: {found:?}");
    analyses.finish(&held, done, &told).await?;
    let [one, two] = told;
    let found = newest(store).await?;
    ensure!(found == [two, one.clone()], "{found:?}");
    let taken = outbox(store).claim("courier", at(61), LEASE, &[]).await?;
    ensure!(
        taken.is_some_and(|it| it.id == one.id),
        "it is not handed out"
    );
    Ok(())
}

async fn what_was_put_in_reads_back_equal_only_in_its_own_workspace(
    store: &dyn WholeStore,
) -> Verdict {
    let mut stored = dispatch("a", 0);
    stored.to = Recipient::Mail("größe@example.com".to_owned());
    "\u{1F980} \0 '\"\\ $where a.b".clone_into(&mut stored.notification.title);
    stored.notification.priority = Some(Priority::High);
    stored.notification.error = Some(failure());
    stored.last = Some(Attempt {
        at: at(1),
        milliseconds: 17,
        status: Some(503),
        error: Some(String::new()),
    });
    put(store, &stored).await?;
    let found = newest(store).await?;
    ensure!(found == [stored.clone()], "{found:?}");
    let elsewhere: WorkspaceId = id("elsewhere");
    let found = outbox(store).newest(&elsewhere, None, 9).await?;
    ensure!(found.is_empty(), "in another workspace: {found:?}");
    let again = outbox(store).send_again(&elsewhere, &stored.id, at(9));
    let again = again.await?;
    ensure!(again.is_none(), "another's was sent again: {again:?}");
    Ok(())
}

async fn claim_hands_out_what_has_been_due_longest_and_counts_the_attempt(
    store: &dyn WholeStore,
) -> Verdict {
    for (name, seconds) in [("a", 3), ("b", 1), ("c", 2)] {
        put(store, &dispatch(name, seconds)).await?;
    }
    for expected in ["b", "c", "a"] {
        let taken = claimed(store, expected, 9).await?;
        ensure!(taken.id.as_str() == expected, "{taken:?} before {expected}");
        let due = Some(at(9) + LEASE);
        ensure!(taken.attempts == 1 && taken.due_at == due, "{taken:?}");
        let stored = find(store, expected).await?;
        ensure!(stored == taken, "{stored:?} is stored and not {taken:?}");
    }
    Ok(())
}

async fn claim_hands_out_nothing_that_is_not_due_has_ended_or_goes_to_a_place_that_is_to_be_spared(
    store: &dyn WholeStore,
) -> Verdict {
    let empty = claim(store, "x", 0).await?;
    ensure!(empty.is_none(), "out of nothing: {empty:?}");
    put(store, &dispatch("a", 5)).await?;
    let early = claim(store, "x", 4).await?;
    ensure!(early.is_none(), "before its time: {early:?}");
    let spared = ["mail".to_owned(), "webhook-of-a".to_owned()];
    let spared = outbox(store).claim("x", at(5), LEASE, &spared).await?;
    ensure!(spared.is_none(), "to a place to be spared: {spared:?}");
    let others = ["webhook".to_owned(), "webhook-of-b".to_owned()];
    let taken = outbox(store).claim("x", at(5), LEASE, &others).await?;
    let Some(mut taken) = taken else {
        return Err(Stop::Failed("other places were spared too".to_owned()));
    };
    taken.end(DispatchState::Delivered, at(6), Duration::from_secs(600));
    ensure!(
        outbox(store).settle("x", &taken).await?,
        "the lease was lost"
    );
    let ended = claim(store, "y", 500).await?;
    ensure!(ended.is_none(), "after it ended: {ended:?}");
    Ok(())
}

async fn of_many_simultaneous_claims_each_gets_another(store: &dyn WholeStore) -> Verdict {
    for number in 0..8 {
        put(store, &dispatch(&format!("d{number}"), 0)).await?;
    }
    let tokens: Vec<String> = (0..12).map(|number| format!("courier-{number}")).collect();
    let claims = tokens.iter().map(|token| claim(store, token, 1));
    let (mut taken, mut none) = (BTreeSet::new(), 0);
    for claim in join_all(claims).await {
        match claim? {
            Some(dispatch) => {
                taken.insert(dispatch.id);
            }
            None => none += 1,
        }
    }
    ensure!(
        (taken.len(), none) == (8, 4),
        "{taken:?}, {none} times none"
    );
    Ok(())
}

async fn what_was_claimed_is_handed_out_again_once_its_lease_ran_out(
    store: &dyn WholeStore,
) -> Verdict {
    put(store, &dispatch("a", 0)).await?;
    claimed(store, "one", 1).await?;
    let early = claim(store, "two", 60).await?;
    ensure!(early.is_none(), "while it is held: {early:?}");
    let again = claimed(store, "two", 61).await?;
    ensure!(again.attempts == 2, "{again:?}");
    Ok(())
}

async fn only_who_holds_the_lease_settles(store: &dyn WholeStore) -> Verdict {
    put(store, &dispatch("a", 0)).await?;
    let mut late = claimed(store, "one", 1).await?;
    let mut taken = claimed(store, "two", 61).await?;
    late.end(DispatchState::Failed, at(62), LEASE);
    for token in ["one", "", "three"] {
        let settled = outbox(store).settle(token, &late).await?;
        ensure!(!settled, "`{token}` settled it");
    }
    taken.end(DispatchState::Delivered, at(63), Duration::from_secs(600));
    ensure!(outbox(store).settle("two", &taken).await?, "it was lost");
    let again = outbox(store).settle("two", &taken).await?;
    ensure!(!again, "it was settled twice");
    let stored = find(store, "a").await?;
    ensure!(stored == taken, "{stored:?}");
    Ok(())
}

async fn what_is_put_off_is_due_at_its_time_and_not_before(store: &dyn WholeStore) -> Verdict {
    put(store, &dispatch("a", 0)).await?;
    let mut taken = claimed(store, "one", 1).await?;
    taken.put_off(at(30));
    ensure!(outbox(store).settle("one", &taken).await?, "it was lost");
    let stored = find(store, "a").await?;
    ensure!(stored == taken, "{stored:?}");
    let early = claim(store, "two", 29).await?;
    ensure!(early.is_none(), "before its time: {early:?}");
    let again = claimed(store, "two", 30).await?;
    ensure!(again.attempts == 2, "{again:?}");
    Ok(())
}

async fn it_is_known_when_the_next_is_due(store: &dyn WholeStore) -> Verdict {
    let due = outbox(store).next_due().await?;
    ensure!(due.is_none(), "nothing waits and it is due at {due:?}");
    for (name, seconds) in [("a", 7), ("b", 5)] {
        put(store, &dispatch(name, seconds)).await?;
    }
    let due = outbox(store).next_due().await?;
    ensure!(due == Some(at(5)), "{due:?}");
    let mut taken = claimed(store, "one", 5).await?;
    taken.end(DispatchState::Failed, at(6), Duration::from_secs(600));
    outbox(store).settle("one", &taken).await?;
    let due = outbox(store).next_due().await?;
    ensure!(due == Some(at(7)), "{due:?}");
    Ok(())
}

async fn what_has_ended_is_sent_again_on_demand_under_its_id(store: &dyn WholeStore) -> Verdict {
    let (workspace, nothing) = (ws(), id("nothing"));
    let unknown = outbox(store).send_again(&workspace, &nothing, at(0));
    let unknown = unknown.await?;
    ensure!(unknown.is_none(), "out of nothing: {unknown:?}");
    put(store, &dispatch("a", 0)).await?;
    let mut taken = claimed(store, "one", 1).await?;
    let busy = outbox(store).send_again(&ws(), &taken.id, at(2)).await?;
    ensure!(busy.as_ref() == Some(&taken), "while it is sent: {busy:?}");
    taken.end(DispatchState::Failed, at(3), Duration::from_secs(600));
    outbox(store).settle("one", &taken).await?;
    let again = outbox(store).send_again(&ws(), &taken.id, at(9)).await?;
    let expected = {
        taken.again(at(9));
        taken
    };
    ensure!(again.as_ref() == Some(&expected), "{again:?}");
    let early = claim(store, "two", 8).await?;
    ensure!(early.is_none(), "before it was asked for: {early:?}");
    let taken = claimed(store, "two", 9).await?;
    ensure!(taken.id == expected.id && taken.attempts == 1, "{taken:?}");
    Ok(())
}

async fn a_list_is_newest_first_and_goes_on_after_a_position(store: &dyn WholeStore) -> Verdict {
    for name in ["b", "d", "a", "c"] {
        put(store, &dispatch(name, 0)).await?;
    }
    let mut other = dispatch("bb", 0);
    other.workspace_id = id("elsewhere");
    put(store, &other).await?;
    let names = async |before: Option<&str>, limit| -> Result<String, Stop> {
        let before = before.map(id);
        let found = outbox(store).newest(&ws(), before.as_ref(), limit).await?;
        Ok(found.iter().map(|it| it.id.as_str()).collect())
    };
    for (before, limit, expected) in [
        (None, 9, "dcba"),
        (None, 2, "dc"),
        (Some("c"), 9, "ba"),
        (Some("bb"), 1, "b"),
        (Some("a"), 9, ""),
        (None, 0, ""),
    ] {
        let found = names(before, limit).await?;
        ensure!(found == expected, "{limit} before {before:?}: {found}");
    }
    Ok(())
}

async fn what_has_ended_is_forgotten_once_its_time_is_over(store: &dyn WholeStore) -> Verdict {
    put(store, &dispatch("a", 0)).await?;
    put(store, &dispatch("b", 500)).await?;
    let mut taken = claimed(store, "one", 1).await?;
    taken.end(DispatchState::Delivered, at(2), LEASE);
    outbox(store).settle("one", &taken).await?;
    for (now, expected) in [(61, 3), (62, 3)] {
        let name = format!("at-{now}");
        outbox(store).put(&dispatch(&name, 600), at(now)).await?;
        let found = newest(store).await?;
        ensure!(found.len() == expected, "at {now}: {found:?}");
    }
    Ok(())
}

async fn of_a_workspace_only_the_newest_are_kept(store: &dyn WholeStore) -> Verdict {
    let mut other = dispatch("0", 0);
    other.workspace_id = id("elsewhere");
    put(store, &other).await?;
    // With the end of one analysis, as one that came a great many at a time.
    let analyses: &dyn Analyses = store;
    analyses.enqueue(request("1", 0)).await?;
    let Some((lease, job)) = analyses.claim("worker", 1, at(0), LEASE).await?.pop() else {
        return Err(Stop::Failed("there is no job".to_owned()));
    };
    let told: Vec<Dispatch> = (0..KEPT_DISPATCHES + 2)
        .map(|number| dispatch(&format!("d{number:05}"), 0))
        .collect();
    analyses
        .finish(&lease, ended(&job, completed(&job, "done"), 1), &told)
        .await?;
    let found = outbox(store).newest(&ws(), Some(&id("d00004")), 9).await?;
    let names: Vec<&str> = found.iter().map(|it| it.id.as_str()).collect();
    ensure!(names == ["d00003", "d00002"], "{names:?}");
    let other = outbox(store).newest(&id("elsewhere"), None, 9).await?;
    ensure!(other.len() == 1, "another workspace lost its own");
    Ok(())
}

fn outbox(store: &dyn WholeStore) -> &dyn Outbox {
    store
}

fn ws() -> WorkspaceId {
    id("ws")
}

async fn put(store: &dyn WholeStore, dispatch: &Dispatch) -> Result<()> {
    outbox(store).put(dispatch, at(0)).await
}

async fn claim(store: &dyn WholeStore, token: &str, seconds: i64) -> Result<Option<Dispatch>> {
    outbox(store).claim(token, at(seconds), LEASE, &[]).await
}

async fn claimed(store: &dyn WholeStore, token: &str, seconds: i64) -> Result<Dispatch, Stop> {
    let claimed = claim(store, token, seconds).await?;
    claimed.ok_or_else(|| Stop::Failed(format!("nothing is due at {seconds}")))
}

async fn newest(store: &dyn WholeStore) -> Result<Vec<Dispatch>> {
    outbox(store).newest(&ws(), None, 20).await
}

async fn find(store: &dyn WholeStore, name: &str) -> Result<Dispatch, Stop> {
    let all = newest(store).await?;
    let found = all.into_iter().find(|it| it.id.as_str() == name);
    found.ok_or_else(|| Stop::Failed(format!("{name} is not there")))
}
