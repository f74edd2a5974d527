//! The cases about the results of former runs.

use super::{asked_otherwise, claimed, finished, is_stored, started};
use crate::{
    Result,
    domain::{Analysis, AnalysisId, KEPT_REVISIONS, NewAnalysis, Outcome, Stale, Status},
    ensure,
    ports::Analyses,
    testkit::{
        conformance::{Stop, Verdict},
        samples::{at, completed, failure, id, request},
    },
};

pub(super) async fn former_results_stay_readable_newest_first_without_those_of_failed_runs(
    analyses: &dyn Analyses,
) -> Verdict {
    let job = run(analyses, 1, Some("one")).await?;
    ensure!(former(analyses).await?.is_empty(), "the newest is former");
    run(analyses, 2, Some("two")).await?;
    run(analyses, 3, None).await?;
    let fourth = run(analyses, 4, Some("four")).await?;
    let last = run(analyses, 5, None).await?;
    let summaries = former(analyses).await?;
    let expected = [(4, "four"), (2, "two"), (1, "one")];
    let expected = expected.map(|(revision, summary)| (revision, summary.to_owned()));
    ensure!(summaries == expected, "{summaries:?}");

    let stored = analyses.former_results(&id("ws"), &job.id).await?;
    ensure!(
        stored.first() == fourth.result().as_ref(),
        "{stored:?}\nnot {fourth:?}"
    );
    ensure!(last.specification == fourth.specification, "{last:?}");
    is_stored(analyses, &last).await?;
    let elsewhere = analyses.former_results(&id("elsewhere"), &job.id).await?;
    ensure!(elsewhere.is_empty(), "elsewhere: {elsewhere:?}");
    let unknown: AnalysisId = id("unknown");
    let unknown = analyses.former_results(&id("ws"), &unknown).await?;
    ensure!(unknown.is_empty(), "of an unknown one: {unknown:?}");
    Ok(())
}

pub(super) async fn a_request_for_an_ended_analysis_begins_the_next_revision_and_keeps_the_former_result(
    analyses: &dyn Analyses,
) -> Verdict {
    let (lease, first) = started(analyses, request("1", 0), 1).await?;
    let outcome = completed(&first, "the first result");
    let first = finished(analyses, &lease, &first, outcome, 2).await?;
    let again = asked_otherwise(3);
    let second = analyses.enqueue(again.clone()).await?;
    let expected = Analysis {
        issue: again.issue,
        status: Status::Pending,
        force: true,
        revision: 2,
        attempt: 0,
        updated_at: at(3),
        started_at: None,
        finished_at: None,
        ..first
    };
    ensure!(second == expected, "{second:?}");
    is_stored(analyses, &second).await?;

    let (lease, second) = claimed(analyses, 4).await?;
    ensure!(second.attempt == 1, "attempt {}", second.attempt);
    let failed = finished(analyses, &lease, &second, Outcome::Failed(failure()), 5).await?;
    let third = analyses.enqueue(request("1", 6)).await?;
    ensure!(
        (third.revision, third.status) == (3, Status::Pending),
        "{third:?}"
    );
    ensure!(
        third.error.is_none() && failed.error.is_some(),
        "{:?}",
        third.error
    );
    ensure!(third.specification == failed.specification, "{third:?}");
    Ok(())
}

pub(super) async fn a_request_that_knows_an_outdated_record_goes_by_the_one_that_is_there(
    analyses: &dyn Analyses,
) -> Verdict {
    let knows = |known: &Analysis, second| NewAnalysis {
        former: Some(Box::new(known.clone())),
        ..request("1", second)
    };
    let first = run(analyses, 1, Some("one")).await?;
    let second = run(analyses, 2, Some("two")).await?;
    let third = analyses.enqueue(knows(&first, 3)).await?;
    ensure!(third.revision == 3, "revision {}", third.revision);
    ensure!(third.specification == second.specification, "{third:?}");
    is_stored(analyses, &third).await?;
    let joined = analyses.enqueue(knows(&second, 4)).await?;
    ensure!(joined == third, "{joined:?}\nnot {third:?}");
    let summaries = former(analyses).await?;
    let expected = [(2, "two"), (1, "one")];
    let expected = expected.map(|(revision, summary)| (revision, summary.to_owned()));
    ensure!(summaries == expected, "{summaries:?}");

    analyses.delete(&third.workspace_id, &third.id).await?;
    let anew = analyses.enqueue(knows(&second, 5)).await?;
    ensure!(anew.revision == 1, "revision {}", anew.revision);
    ensure!(anew.specification.is_none(), "{anew:?}");
    let gone = former(analyses).await?;
    ensure!(gone.is_empty(), "of the deleted one: {gone:?}");
    Ok(())
}

pub(super) async fn only_the_newest_results_are_kept(analyses: &dyn Analyses) -> Verdict {
    let runs = KEPT_REVISIONS + 3;
    for number in 1..=runs {
        run(analyses, number.into(), Some("done")).await?;
    }
    let kept = former(analyses).await?.into_iter();
    let kept: Vec<u32> = kept.map(|(revision, _)| revision).collect();
    let expected: Vec<u32> = (4..runs).rev().collect();
    ensure!(kept == expected, "{kept:?}");
    Ok(())
}

pub(super) async fn the_results_of_a_deleted_analysis_are_gone(analyses: &dyn Analyses) -> Verdict {
    run(analyses, 1, Some("one")).await?;
    let job = run(analyses, 2, Some("two")).await?;
    let foreign = analyses.delete(&id("elsewhere"), &job.id).await?;
    ensure!(!foreign, "it was deleted from elsewhere");
    ensure!(former(analyses).await?.len() == 1, "they went too early");
    analyses.delete(&job.workspace_id, &job.id).await?;
    // Of the same name, so that nothing but the deletion can have taken them.
    let anew = run(analyses, 3, Some("anew")).await?;
    ensure!(anew.id == job.id && anew.revision == 1, "{anew:?}");
    let left = former(analyses).await?;
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

pub(super) async fn a_result_is_called_out_of_date_until_the_next_one_is_there(
    analyses: &dyn Analyses,
) -> Verdict {
    let mut job = run(analyses, 1, Some("one")).await?;
    for why in [Stale::NewRelease, Stale::NewInAppFrame] {
        ensure!(analyses.outdate(&job, why).await?, "{why:?} was not noted");
        job.outdated = Some(why);
        is_stored(analyses, &job).await?;
    }
    let failed = run(analyses, 2, None).await?;
    ensure!(failed.outdated == job.outdated, "a failure: {failed:?}");
    let next = run(analyses, 3, Some("three")).await?;
    ensure!(next.outdated.is_none(), "{next:?}");
    is_stored(analyses, &next).await
}

pub(super) async fn a_result_that_was_asked_for_again_is_not_called_out_of_date(
    analyses: &dyn Analyses,
) -> Verdict {
    let first = run(analyses, 1, Some("one")).await?;
    let again = analyses.enqueue(request("1", 2)).await?;
    let noted = async |of: &Analysis| analyses.outdate(of, Stale::NewRelease).await;
    ensure!(!noted(&first).await?, "it was noted of a waiting one");
    ensure!(!noted(&again).await?, "there is no newer result yet");
    let second = run(analyses, 3, Some("two")).await?;
    ensure!(!noted(&first).await?, "it was noted of the next result");
    is_stored(analyses, &second).await?;
    let foreign = Analysis {
        workspace_id: id("elsewhere"),
        ..second.clone()
    };
    ensure!(!noted(&foreign).await?, "it was noted from elsewhere");
    is_stored(analyses, &second).await?;
    analyses.delete(&second.workspace_id, &second.id).await?;
    ensure!(!noted(&second).await?, "it was noted of one that is gone");
    Ok(())
}

/// Runs the analysis of issue 1 at `second`, to a result with this summary or to a failure.
async fn run(
    analyses: &dyn Analyses,
    second: i64,
    summary: Option<&str>,
) -> Result<Analysis, Stop> {
    let (lease, job) = started(analyses, request("1", second), second).await?;
    let outcome = match summary {
        Some(summary) => completed(&job, summary),
        None => Outcome::Failed(failure()),
    };
    finished(analyses, &lease, &job, outcome, second).await
}

/// Revision and summary of each former result.
async fn former(analyses: &dyn Analyses) -> Result<Vec<(u32, String)>> {
    let found = analyses
        .former_results(&id("ws"), &id("analysis-1"))
        .await?;
    let of = found.into_iter();
    Ok(of
        .map(|it| (it.revision, it.specification.summary))
        .collect())
}
