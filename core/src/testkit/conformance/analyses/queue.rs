//! The cases about the work queue.

use super::{all, claim, claimed, finished, is_stored, started};
use crate::{
    domain::{
        Analysis, Backlog, Grounding, Issue, Lease, NewAnalysis, Outcome, Progress, Specification,
        Stage, Status,
    },
    ensure,
    ports::Analyses,
    testkit::{
        conformance::Verdict,
        samples::{at, completed, ended, failure, id, issue, request},
    },
};

pub(super) async fn a_renewed_lease_does_not_run_out(analyses: &dyn Analyses) -> Verdict {
    let (lease, job) = started(analyses, request("1", 0), 0).await?;
    ensure!(
        analyses.renew(&lease, at(100)).await?,
        "it was lost at once"
    );
    let early = claim(analyses, 99).await?;
    ensure!(
        early.is_none(),
        "before the renewed lease ran out: {early:?}"
    );
    is_stored(analyses, &job).await?;
    claimed(analyses, 100).await?;
    Ok(())
}

pub(super) async fn an_expired_lease_that_nobody_took_over_can_still_be_renewed_and_finished(
    analyses: &dyn Analyses,
) -> Verdict {
    let (lease, job) = started(analyses, request("1", 0), 0).await?;
    ensure!(analyses.renew(&lease, at(1)).await?, "it was lost at once");
    ensure!(
        analyses.renew(&lease, at(70)).await?,
        "it was lost once it had expired"
    );
    let early = claim(analyses, 69).await?;
    ensure!(early.is_none(), "the late renewal did not count: {early:?}");
    let done = finished(analyses, &lease, &job, completed(&job, "late"), 999).await?;
    ensure!(done.status == Status::Completed, "{done:?}");
    is_stored(analyses, &done).await
}

pub(super) async fn a_lost_lease_can_neither_be_renewed_nor_report_nor_finish_nor_retry(
    analyses: &dyn Analyses,
) -> Verdict {
    let (lost, job) = started(analyses, request("1", 0), 0).await?;
    let (held, taken) = claimed(analyses, 60).await?;
    let foreign = Lease {
        workspace_id: id("elsewhere"),
        ..held.clone()
    };
    let forged = Lease {
        token: String::new(),
        ..held.clone()
    };
    for lease in [&lost, &foreign, &forged] {
        can_do_nothing(analyses, lease, &job).await?;
        is_stored(analyses, &taken).await?;
    }
    let early = claim(analyses, 119).await?;
    ensure!(early.is_none(), "what was refused freed the job: {early:?}");
    let done = finished(analyses, &held, &job, completed(&job, "done"), 61).await?;
    for lease in [&lost, &held] {
        can_do_nothing(analyses, lease, &job).await?;
    }
    is_stored(analyses, &done).await
}

async fn can_do_nothing(analyses: &dyn Analyses, lease: &Lease, job: &Analysis) -> Verdict {
    ensure!(
        !analyses.renew(lease, at(999)).await?,
        "{lease:?} was renewed"
    );
    let reported = analyses.report(lease, &Progress::default()).await?;
    ensure!(!reported, "{lease:?} reported");
    let done = ended(job, completed(job, "by a lost lease"), 61);
    let finished = analyses.finish(lease, done, &[]).await?;
    ensure!(!finished, "{lease:?} finished");
    let retried = analyses.retry_at(lease, at(61), failure(), at(61)).await?;
    ensure!(!retried, "{lease:?} was put back");
    Ok(())
}

pub(super) async fn a_report_is_kept_while_its_lease_is_good_and_gone_when_the_run_ends(
    analyses: &dyn Analyses,
) -> Verdict {
    let (first, job) = started(analyses, request("1", 0), 0).await?;
    let progress = Progress {
        stage: Stage::Asking,
        model: Some("gpt \0 \"".to_owned()),
        tokens: 17,
    };
    let told = Analysis {
        progress: Some(progress.clone()),
        ..job.clone()
    };
    ensure!(analyses.report(&first, &progress).await?, "it was lost");
    is_stored(analyses, &told).await?;
    ensure!(analyses.renew(&first, at(60)).await?, "it took the lease");
    is_stored(analyses, &told).await?;

    let (second, taken) = claimed(analyses, 60).await?;
    ensure!(taken.progress.is_none(), "after a claim: {taken:?}");
    analyses.report(&second, &progress).await?;
    analyses
        .retry_at(&second, at(70), failure(), at(61))
        .await?;
    let (third, taken) = claimed(analyses, 70).await?;
    ensure!(taken.progress.is_none(), "after a retry: {taken:?}");
    analyses.report(&third, &progress).await?;
    let done = finished(analyses, &third, &job, completed(&job, "done"), 71).await?;
    ensure!(done.progress.is_none(), "after the end: {done:?}");
    is_stored(analyses, &done).await
}

pub(super) async fn finish_stores_the_outcome_and_ends_the_lease(
    analyses: &dyn Analyses,
) -> Verdict {
    let (lease, job) = started(analyses, request("1", 0), 1).await?;
    let read = Issue {
        title: "as it was read for this run".to_owned(),
        ..job.issue.clone()
    };
    let specification = Box::new(Specification {
        summary: "the total is missing".to_owned(),
        grounding: Some(Grounding {
            score: 0.1 + 0.2,
            unverified: vec!["cart.py".to_owned()],
        }),
        ..Specification::default()
    });
    let outcome = Outcome::Completed {
        issue: Box::new(read.clone()),
        specification: specification.clone(),
        fingerprint: "what it was made from".to_owned(),
    };
    let done = finished(analyses, &lease, &job, outcome, 2).await?;
    let expected = Analysis {
        issue: read,
        status: Status::Completed,
        specification: Some(specification),
        fingerprint: Some("what it was made from".to_owned()),
        updated_at: at(2),
        finished_at: Some(at(2)),
        ..job.clone()
    };
    ensure!(done == expected, "{done:?}");
    is_stored(analyses, &done).await?;
    can_do_nothing(analyses, &lease, &job).await?;
    let again = claim(analyses, 999).await?;
    ensure!(again.is_none(), "it is handed out again: {again:?}");
    Ok(())
}

pub(super) async fn a_finished_analysis_stays_that_of_its_issue_also_when_the_source_answered_with_another_id(
    analyses: &dyn Analyses,
) -> Verdict {
    analyses.enqueue(request("other", 5)).await?;
    let (lease, job) = started(analyses, request("1", 0), 1).await?;
    let outcome = Outcome::Completed {
        issue: Box::new(Issue {
            title: "merged".to_owned(),
            ..issue("other")
        }),
        specification: Box::default(),
        fingerprint: String::new(),
    };
    let done = finished(analyses, &lease, &job, outcome, 2).await?;
    ensure!(done.id == job.id && done.issue.id == "1", "{done:?}");
    ensure!(done.issue.title == "merged", "{}", done.issue.title);
    is_stored(analyses, &done).await
}

pub(super) async fn a_failed_run_keeps_the_former_specification(
    analyses: &dyn Analyses,
) -> Verdict {
    let (lease, job) = started(analyses, request("1", 0), 1).await?;
    let first = finished(analyses, &lease, &job, completed(&job, "the former"), 2).await?;
    let (lease, running) = started(analyses, request("1", 3), 4).await?;
    ensure!(
        running.specification == first.specification,
        "it is gone while it runs"
    );
    let failed = finished(analyses, &lease, &running, Outcome::Failed(failure()), 5).await?;
    let expected = Analysis {
        status: Status::Failed,
        error: Some(failure()),
        updated_at: at(5),
        finished_at: Some(at(5)),
        ..running
    };
    ensure!(failed == expected, "{failed:?}");
    is_stored(analyses, &failed).await
}

pub(super) async fn a_retried_job_is_due_at_its_time_and_not_before_and_tells_why_it_was_put_back(
    analyses: &dyn Analyses,
) -> Verdict {
    let (lease, job) = started(analyses, request("1", 0), 1).await?;
    let put_back = analyses.retry_at(&lease, at(30), failure(), at(2)).await?;
    ensure!(put_back, "the lease was lost");
    let waiting = Analysis {
        status: Status::Pending,
        error: Some(failure()),
        updated_at: at(2),
        ..job.clone()
    };
    is_stored(analyses, &waiting).await?;
    can_do_nothing(analyses, &lease, &job).await?;
    let early = claim(analyses, 29).await?;
    ensure!(early.is_none(), "before its time: {early:?}");
    let (_, job) = claimed(analyses, 30).await?;
    ensure!(job.attempt == 2 && job.error.is_none(), "{job:?}");
    Ok(())
}

pub(super) async fn a_deleted_analysis_is_gone_and_its_lease_is_lost(
    analyses: &dyn Analyses,
) -> Verdict {
    let (lease, job) = started(analyses, request("1", 0), 1).await?;
    let deleted = analyses.delete(&job.workspace_id, &job.id).await?;
    ensure!(deleted, "it was not there");
    can_do_nothing(analyses, &lease, &job).await?;
    is_gone(analyses, &job).await?;
    let again = analyses.delete(&job.workspace_id, &job.id).await?;
    ensure!(!again, "it was deleted twice");
    let claimed = claim(analyses, 999).await?;
    ensure!(claimed.is_none(), "it is handed out: {claimed:?}");
    Ok(())
}

async fn is_gone(analyses: &dyn Analyses, job: &Analysis) -> Verdict {
    let by_id = analyses.get(&job.workspace_id, &job.id).await?;
    ensure!(by_id.is_none(), "by id: {by_id:?}");
    let by_issue = analyses
        .of_issues(&job.workspace_id, &[&job.issue.id])
        .await?;
    ensure!(by_issue.is_empty(), "by issue: {by_issue:?}");
    let listed = analyses.list(&job.workspace_id, &all()).await?;
    ensure!(listed.is_empty(), "listed: {listed:?}");
    Ok(())
}

pub(super) async fn an_issue_whose_analysis_was_deleted_can_be_analysed_anew(
    analyses: &dyn Analyses,
) -> Verdict {
    let (former, job) = started(analyses, request("1", 0), 1).await?;
    analyses.delete(&job.workspace_id, &job.id).await?;
    let anew = NewAnalysis {
        id: id("anew"),
        ..request("1", 2)
    };
    let anew = analyses.enqueue(anew).await?;
    ensure!(anew.revision == 1 && anew.id == id("anew"), "{anew:?}");
    is_stored(analyses, &anew).await?;
    can_do_nothing(analyses, &former, &job).await?;
    let (_, claimed) = claimed(analyses, 3).await?;
    ensure!(claimed.id == anew.id, "{claimed:?}");
    Ok(())
}

pub(super) async fn the_backlog_is_the_jobs_that_are_due_and_since_when_the_first_has_been(
    analyses: &dyn Analyses,
) -> Verdict {
    let is = async |jobs, since, now| -> Verdict {
        let backlog = analyses.backlog(at(now)).await?;
        let expected = Backlog { jobs, since };
        ensure!(backlog == expected, "at {now}: {backlog:?}");
        Ok(())
    };
    is(0, None, 9).await?;
    for (issue, seconds) in [("a", 3), ("b", 1), ("c", 2)] {
        analyses.enqueue(request(issue, seconds)).await?;
    }
    is(2, Some(at(1)), 2).await?;
    is(3, Some(at(1)), 3).await?;
    let (lease, job) = claimed(analyses, 4).await?;
    is(2, Some(at(2)), 5).await?;
    // The worker died: its job is due again when the lease runs out.
    is(3, Some(at(2)), 64).await?;
    finished(analyses, &lease, &job, completed(&job, "done"), 65).await?;
    is(2, Some(at(2)), 65).await
}
