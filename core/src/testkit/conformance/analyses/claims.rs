//! The cases about claiming jobs.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::{LEASE, claim, claimed, finished, is_stored, started};
use crate::{
    domain::{Analysis, Lease, Status},
    ensure,
    ports::Analyses,
    testkit::{
        conformance::Verdict,
        samples::{at, completed, request},
    },
};

pub(super) async fn claim_hands_out_the_job_that_has_waited_longest(
    analyses: &dyn Analyses,
) -> Verdict {
    for (issue, seconds) in [("a", 3), ("b", 1), ("c", 2)] {
        analyses.enqueue(request(issue, seconds)).await?;
    }
    for expected in ["b", "c", "a"] {
        let (_, job) = claimed(analyses, 9).await?;
        ensure!(
            job.issue.id == expected,
            "{} came before {expected}",
            job.issue.id
        );
    }
    Ok(())
}

pub(super) async fn claim_hands_out_several_jobs_at_once_and_no_more_than_asked_for(
    analyses: &dyn Analyses,
) -> Verdict {
    for (issue, seconds) in [("a", 4), ("b", 1), ("c", 2), ("d", 3), ("late", 20)] {
        analyses.enqueue(request(issue, seconds)).await?;
    }
    let none = analyses.claim("none", 0, at(9), LEASE).await?;
    ensure!(none.is_empty(), "none were asked for: {none:?}");
    for (token, expected) in [("three", vec!["b", "c", "d"]), ("the rest", vec!["a"])] {
        let claimed = analyses.claim(token, 3, at(9), LEASE).await?;
        let issues: Vec<_> = claimed.iter().map(|(_, job)| &*job.issue.id).collect();
        ensure!(issues == expected, "{token}: {issues:?}");
        for (lease, job) in claimed {
            ensure!(lease.token == token, "{lease:?}");
            is_stored(analyses, &job).await?;
            finished(analyses, &lease, &job, completed(&job, "done"), 10).await?;
        }
    }
    Ok(())
}

pub(super) async fn claim_hands_out_nothing_when_nothing_is_due(
    analyses: &dyn Analyses,
) -> Verdict {
    let empty = claim(analyses, 0).await?;
    ensure!(empty.is_none(), "from an empty queue: {empty:?}");
    analyses.enqueue(request("1", 5)).await?;
    let early = claim(analyses, 4).await?;
    ensure!(early.is_none(), "before it was asked for: {early:?}");
    let (lease, job) = claimed(analyses, 5).await?;
    let held = claim(analyses, 6).await?;
    ensure!(held.is_none(), "while it is held: {held:?}");
    finished(analyses, &lease, &job, completed(&job, "done"), 7).await?;
    let ended = claim(analyses, 999).await?;
    ensure!(ended.is_none(), "after it ended: {ended:?}");
    Ok(())
}

pub(super) async fn of_many_simultaneous_claims_each_gets_another_job(
    analyses: &dyn Analyses,
) -> Verdict {
    for number in 0..8 {
        analyses.enqueue(request(&number.to_string(), 0)).await?;
    }
    let tokens: Vec<String> = (0..12).map(|number| format!("worker-{number}")).collect();
    let claims = tokens
        .iter()
        .map(|token| analyses.claim(token, 1, at(1), LEASE));
    let (mut jobs, mut none) = (BTreeSet::new(), 0);
    for claim in join_all(claims).await {
        match claim?.pop() {
            Some((lease, job)) => {
                ensure!(lease.analysis_id == job.id, "{lease:?} for {}", job.id);
                jobs.insert(job.id);
            }
            None => none += 1,
        }
    }
    ensure!(
        (jobs.len(), none) == (8, 4),
        "{} jobs, {none} times none",
        jobs.len()
    );
    Ok(())
}

pub(super) async fn a_claimed_job_is_analyzing_and_its_attempt_is_counted(
    analyses: &dyn Analyses,
) -> Verdict {
    let waiting = analyses.enqueue(request("1", 0)).await?;
    let (lease, job) = claimed(analyses, 1).await?;
    let expected = Lease {
        workspace_id: waiting.workspace_id.clone(),
        analysis_id: waiting.id.clone(),
        token: lease.token.clone(),
        until: at(61),
    };
    ensure!(lease == expected, "{lease:?}");
    let expected = Analysis {
        status: Status::Analyzing,
        attempt: 1,
        updated_at: at(1),
        started_at: Some(at(1)),
        ..waiting
    };
    ensure!(job == expected, "{job:?}");
    is_stored(analyses, &job).await?;
    let (_, job) = claimed(analyses, 100).await?;
    ensure!(job.attempt == 2, "the second attempt is {}", job.attempt);
    ensure!(
        job.started_at == Some(at(1)),
        "it began at {:?}",
        job.started_at
    );
    Ok(())
}

pub(super) async fn a_job_whose_lease_ran_out_is_claimed_again(analyses: &dyn Analyses) -> Verdict {
    let (first, _) = started(analyses, request("1", 0), 0).await?;
    let early = claim(analyses, 59).await?;
    ensure!(early.is_none(), "before it ran out: {early:?}");
    let (second, job) = claimed(analyses, 60).await?;
    ensure!(second.token != first.token, "under the same token");
    ensure!(second.until == at(120), "until {}", second.until);
    is_stored(analyses, &job).await
}
