//! The suite of [`Watches`].

use std::time::Duration;

use futures::future::join_all;

use super::{Case, Verdict};
use crate::{
    cases,
    domain::{Watch, WorkspaceId},
    ensure,
    ports::Watches,
    testkit::samples::{at, id},
};

/// Every promise of [`Watches`], for a store that holds none.
pub const CASES: &[Case<dyn Watches>] = cases![dyn Watches;
    "a workspace that was never looked through is claimed at once" =>
        a_workspace_that_was_never_looked_through_is_claimed_at_once,
    "of many simultaneous claims one is granted" => of_many_simultaneous_claims_one_is_granted,
    "a claimed watch is not claimed again before its lease runs out" =>
        a_claimed_watch_is_not_claimed_again_before_its_lease_runs_out,
    "a claim whose lease ran out is granted to another and can no longer be ended" =>
        a_claim_whose_lease_ran_out_is_granted_to_another_and_can_no_longer_be_ended,
    "an ended watch is due at its time and not before, and tells how far it came" =>
        an_ended_watch_is_due_at_its_time_and_not_before_and_tells_how_far_it_came,
    "the watches of two workspaces do not touch each other" =>
        the_watches_of_two_workspaces_do_not_touch_each_other,
];

const LEASE: Duration = Duration::from_secs(30);

async fn a_workspace_that_was_never_looked_through_is_claimed_at_once(
    watches: &dyn Watches,
) -> Verdict {
    let watch = watches.claim(&ws(), "one", at(0), LEASE).await?;
    let first = Watch {
        began: at(0),
        seen_until: None,
    };
    ensure!(watch == Some(first), "{watch:?}");
    Ok(())
}

async fn of_many_simultaneous_claims_one_is_granted(watches: &dyn Watches) -> Verdict {
    for moment in [0, 100] {
        let tokens: Vec<_> = (0..20).map(|nth| format!("{moment}-{nth}")).collect();
        let ws = ws();
        let claims = tokens
            .iter()
            .map(|token| watches.claim(&ws, token, at(moment), LEASE));
        let mut granted = 0;
        for claim in join_all(claims).await {
            granted += usize::from(claim?.is_some());
        }
        ensure!(granted == 1, "{granted} were granted at {moment}");
    }
    Ok(())
}

async fn a_claimed_watch_is_not_claimed_again_before_its_lease_runs_out(
    watches: &dyn Watches,
) -> Verdict {
    watches.claim(&ws(), "one", at(0), LEASE).await?;
    let early = watches.claim(&ws(), "two", at(29), LEASE).await?;
    ensure!(early.is_none(), "{early:?}");
    let late = watches.claim(&ws(), "two", at(30), LEASE).await?;
    ensure!(late.is_some_and(|it| it.began == at(0)), "{late:?}");
    Ok(())
}

async fn a_claim_whose_lease_ran_out_is_granted_to_another_and_can_no_longer_be_ended(
    watches: &dyn Watches,
) -> Verdict {
    watches.claim(&ws(), "one", at(0), LEASE).await?;
    watches.claim(&ws(), "two", at(30), LEASE).await?;
    let ended = watches.end(&ws(), "one", Some(at(5)), at(31)).await?;
    ensure!(!ended, "the lost claim was ended");
    let early = watches.claim(&ws(), "three", at(31), LEASE).await?;
    ensure!(early.is_none(), "it wrote all the same: {early:?}");
    let ended = watches.end(&ws(), "two", Some(at(7)), at(40)).await?;
    ensure!(ended, "the claim that holds was not ended");
    let again = watches.end(&ws(), "two", Some(at(8)), at(41)).await?;
    ensure!(!again, "it was ended twice");
    let unknown = watches.end(&id("none"), "two", None, at(41)).await?;
    ensure!(!unknown, "one that nobody began was ended");
    Ok(())
}

async fn an_ended_watch_is_due_at_its_time_and_not_before_and_tells_how_far_it_came(
    watches: &dyn Watches,
) -> Verdict {
    watches.claim(&ws(), "one", at(0), LEASE).await?;
    watches.end(&ws(), "one", Some(at(-5)), at(60)).await?;
    let early = watches.claim(&ws(), "two", at(59), LEASE).await?;
    ensure!(early.is_none(), "{early:?}");
    let due = watches.claim(&ws(), "two", at(60), LEASE).await?;
    let expected = Watch {
        began: at(0),
        seen_until: Some(at(-5)),
    };
    ensure!(due == Some(expected), "{due:?}");
    watches.end(&ws(), "two", None, at(70)).await?;
    let due = watches.claim(&ws(), "three", at(70), LEASE).await?;
    ensure!(due.is_some_and(|it| it.seen_until.is_none()), "{due:?}");
    Ok(())
}

async fn the_watches_of_two_workspaces_do_not_touch_each_other(watches: &dyn Watches) -> Verdict {
    watches.claim(&ws(), "one", at(0), LEASE).await?;
    let other = watches.claim(&id("other"), "two", at(1), LEASE).await?;
    ensure!(other.is_some_and(|it| it.began == at(1)), "{other:?}");
    watches.end(&ws(), "one", None, at(500)).await?;
    let ended = watches.end(&id("other"), "two", None, at(2)).await?;
    ensure!(ended, "the other's claim is gone");
    Ok(())
}

fn ws() -> WorkspaceId {
    id("ws")
}
