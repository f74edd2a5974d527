//! The suite of [`Analyses`]: the records in here, lists in `lists`, the queue in `queue`, former
//! results in `results`.

mod claims;
mod lists;
mod queue;
mod results;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::future::join_all;
use serde_json::json;

use super::{Case, Stop, Verdict};
use crate::{
    Result, cases,
    domain::{Analysis, AnalysisFilter, Issue, Lease, NewAnalysis, Outcome, Status, WorkspaceId},
    ensure,
    ports::Analyses,
    testkit::samples::{at, ended, id, issue, request, user},
};
use claims::{
    a_claimed_job_is_analyzing_and_its_attempt_is_counted,
    a_job_whose_lease_ran_out_is_claimed_again, claim_hands_out_nothing_when_nothing_is_due,
    claim_hands_out_several_jobs_at_once_and_no_more_than_asked_for,
    claim_hands_out_the_job_that_has_waited_longest,
    of_many_simultaneous_claims_each_gets_another_job,
};
use lists::{
    a_list_goes_on_after_a_position_also_when_that_one_is_gone_and_others_came,
    a_list_is_filtered_by_priority_project_and_model_of_the_newest_result_and_by_all_of_them_at_once,
    a_list_is_newest_first_filtered_by_status_and_cut_by_limit_and_skip,
    a_text_finds_what_it_occurs_in_in_any_case_and_taken_literally,
    the_neighbours_of_an_issue_are_the_completed_analyses_issues_newest_first_and_no_more_than_asked_for,
};
use queue::{
    a_deleted_analysis_is_gone_and_its_lease_is_lost, a_failed_run_keeps_the_former_specification,
    a_finished_analysis_stays_that_of_its_issue_also_when_the_source_answered_with_another_id,
    a_lost_lease_can_neither_be_renewed_nor_report_nor_finish_nor_retry,
    a_renewed_lease_does_not_run_out,
    a_report_is_kept_while_its_lease_is_good_and_gone_when_the_run_ends,
    a_retried_job_is_due_at_its_time_and_not_before_and_tells_why_it_was_put_back,
    an_expired_lease_that_nobody_took_over_can_still_be_renewed_and_finished,
    an_issue_whose_analysis_was_deleted_can_be_analysed_anew,
    finish_stores_the_outcome_and_ends_the_lease,
    the_backlog_is_the_jobs_that_are_due_and_since_when_the_first_has_been,
};
use results::{
    a_request_for_an_ended_analysis_begins_the_next_revision_and_keeps_the_former_result,
    a_request_that_knows_an_outdated_record_goes_by_the_one_that_is_there,
    a_result_is_called_out_of_date_until_the_next_one_is_there,
    a_result_that_was_asked_for_again_is_not_called_out_of_date,
    former_results_stay_readable_newest_first_without_those_of_failed_runs,
    only_the_newest_results_are_kept, the_results_of_a_deleted_analysis_are_gone,
};

/// How long a claim of the cases lasts.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// Every promise of [`Analyses`], for a store that holds no analysis.
pub const CASES: &[Case<dyn Analyses>] = cases![dyn Analyses;
    "a new request is stored as pending, revision 1" =>
        a_new_request_is_stored_as_pending_revision_1,
    "what is stored reads back equal, whatever text it holds" =>
        what_is_stored_reads_back_equal_whatever_text_it_holds,
    "a request for an active analysis joins it and changes nothing" =>
        a_request_for_an_active_analysis_joins_it_and_changes_nothing,
    "of many simultaneous requests for one issue all get the same analysis" =>
        of_many_simultaneous_requests_for_one_issue_all_get_the_same_analysis,
    "a request that knows an outdated record goes by the one that is there" =>
        a_request_that_knows_an_outdated_record_goes_by_the_one_that_is_there,
    "the same issue in two workspaces is two analyses" =>
        the_same_issue_in_two_workspaces_is_two_analyses,
    "a request for an ended analysis begins the next revision and keeps the former result" =>
        a_request_for_an_ended_analysis_begins_the_next_revision_and_keeps_the_former_result,
    "an analysis is found by its id and by its issue, only in its own workspace" =>
        an_analysis_is_found_by_its_id_and_by_its_issue_only_in_its_own_workspace,
    "an unknown analysis is none, not an error" => an_unknown_analysis_is_none_not_an_error,
    "the analyses of several issues are found together, without those that have none" =>
        the_analyses_of_several_issues_are_found_together_without_those_that_have_none,
    "a list is newest first, filtered by status, and cut by limit and skip" =>
        a_list_is_newest_first_filtered_by_status_and_cut_by_limit_and_skip,
    "a list is filtered by priority, project and model of the newest result, and by all of them at once" =>
        a_list_is_filtered_by_priority_project_and_model_of_the_newest_result_and_by_all_of_them_at_once,
    "a text finds what it occurs in, in any case and taken literally" =>
        a_text_finds_what_it_occurs_in_in_any_case_and_taken_literally,
    "a list goes on after a position, also when that one is gone and others came" =>
        a_list_goes_on_after_a_position_also_when_that_one_is_gone_and_others_came,
    "the neighbours of an issue are the completed analyses' issues, newest first and no more than asked for" =>
        the_neighbours_of_an_issue_are_the_completed_analyses_issues_newest_first_and_no_more_than_asked_for,
    "claim hands out the job that has waited longest" =>
        claim_hands_out_the_job_that_has_waited_longest,
    "claim hands out several jobs at once, and no more than asked for" =>
        claim_hands_out_several_jobs_at_once_and_no_more_than_asked_for,
    "claim hands out nothing when nothing is due" => claim_hands_out_nothing_when_nothing_is_due,
    "of many simultaneous claims each gets another job" =>
        of_many_simultaneous_claims_each_gets_another_job,
    "a claimed job is analyzing and its attempt is counted" =>
        a_claimed_job_is_analyzing_and_its_attempt_is_counted,
    "a job whose lease ran out is claimed again" => a_job_whose_lease_ran_out_is_claimed_again,
    "a renewed lease does not run out" => a_renewed_lease_does_not_run_out,
    "an expired lease that nobody took over can still be renewed and finished" =>
        an_expired_lease_that_nobody_took_over_can_still_be_renewed_and_finished,
    "a lost lease can neither be renewed nor report nor finish nor retry" =>
        a_lost_lease_can_neither_be_renewed_nor_report_nor_finish_nor_retry,
    "a report is kept while its lease is good and gone when the run ends" =>
        a_report_is_kept_while_its_lease_is_good_and_gone_when_the_run_ends,
    "finish stores the outcome and ends the lease" => finish_stores_the_outcome_and_ends_the_lease,
    "a finished analysis stays that of its issue, also when the source answered with another id" =>
        a_finished_analysis_stays_that_of_its_issue_also_when_the_source_answered_with_another_id,
    "a failed run keeps the former specification" => a_failed_run_keeps_the_former_specification,
    "a retried job is due at its time and not before, and tells why it was put back" =>
        a_retried_job_is_due_at_its_time_and_not_before_and_tells_why_it_was_put_back,
    "a deleted analysis is gone and its lease is lost" =>
        a_deleted_analysis_is_gone_and_its_lease_is_lost,
    "an issue whose analysis was deleted can be analysed anew" =>
        an_issue_whose_analysis_was_deleted_can_be_analysed_anew,
    "former results stay readable, newest first, without those of failed runs" =>
        former_results_stay_readable_newest_first_without_those_of_failed_runs,
    "only the newest results are kept" => only_the_newest_results_are_kept,
    "a result is called out of date until the next one is there" =>
        a_result_is_called_out_of_date_until_the_next_one_is_there,
    "a result that was asked for again is not called out of date" =>
        a_result_that_was_asked_for_again_is_not_called_out_of_date,
    "the results of a deleted analysis are gone" => the_results_of_a_deleted_analysis_are_gone,
    "the backlog is the jobs that are due, and since when the first has been" =>
        the_backlog_is_the_jobs_that_are_due_and_since_when_the_first_has_been,
];

async fn a_new_request_is_stored_as_pending_revision_1(analyses: &dyn Analyses) -> Verdict {
    let asked = NewAnalysis {
        force: true,
        trace: Some("its trace".to_owned()),
        ..request("1", 5)
    };
    let stored = analyses.enqueue(asked.clone()).await?;
    let expected = Analysis {
        event: None,
        id: asked.id,
        workspace_id: asked.workspace_id,
        issue: asked.issue,
        status: Status::Pending,
        specification: None,
        outdated: None,
        error: None,
        fingerprint: None,
        force: true,
        revision: 1,
        attempt: 0,
        progress: None,
        created_by: asked.requested_by,
        trace: asked.trace,
        assigned_to: None,
        created_at: at(5),
        updated_at: at(5),
        started_at: None,
        finished_at: None,
    };
    ensure!(stored == expected, "{stored:?}");
    is_stored(analyses, &stored).await
}

async fn what_is_stored_reads_back_equal_whatever_text_it_holds(
    analyses: &dyn Analyses,
) -> Verdict {
    let odd = "\0 '\"\\ $where a.b \u{1F980} \u{FEFF}\u{202E} \u{10FFFF} %_ {}".to_owned();
    let asked = NewAnalysis {
        issue: Issue {
            id: odd.clone(),
            title: String::new(),
            message: "x".repeat(1_000_000),
            count: 9_007_199_254_740_993,
            tags: [(odd.clone(), odd.clone()), (String::new(), String::new())].into(),
            metadata: [
                (
                    "$set".to_owned(),
                    json!({ "a.b": [null, true, -1, 0.1, 1e300, {}], "": "" }),
                ),
                (
                    "deep".to_owned(),
                    (0..100).fold(json!(1), |inner, _| json!([inner])),
                ),
            ]
            .into(),
            ..issue("1")
        },
        ..request("1", 0)
    };
    let (_, job) = started(analyses, asked, 0).await?;
    is_stored(analyses, &job).await?;
    let found = analyses.of_issues(&job.workspace_id, &[&odd]).await?;
    ensure!(
        found.as_slice() == [job],
        "{} are found by the issue",
        found.len()
    );
    Ok(())
}

async fn a_request_for_an_active_analysis_joins_it_and_changes_nothing(
    analyses: &dyn Analyses,
) -> Verdict {
    let waiting = analyses.enqueue(request("1", 0)).await?;
    let joined = analyses.enqueue(asked_otherwise(7)).await?;
    ensure!(joined == waiting, "while it waits: {joined:?}");
    let (lease, running) = claimed(analyses, 1).await?;
    let joined = analyses.enqueue(asked_otherwise(7)).await?;
    ensure!(joined == running, "while it runs: {joined:?}");
    is_stored(analyses, &running).await?;
    ensure!(analyses.renew(&lease, at(99)).await?, "it took the lease");
    Ok(())
}

async fn of_many_simultaneous_requests_for_one_issue_all_get_the_same_analysis(
    analyses: &dyn Analyses,
) -> Verdict {
    let requests = (0..32).map(|number| {
        analyses.enqueue(NewAnalysis {
            id: id(&format!("id-{number}")),
            ..request("1", 0)
        })
    });
    let mut got = BTreeSet::new();
    for stored in join_all(requests).await {
        let stored = stored?;
        got.insert((stored.id, stored.revision));
    }
    ensure!(got.len() == 1, "{got:?}");
    let listed = analyses.list(&id("ws"), &all()).await?;
    ensure!(listed.len() == 1, "{} are stored", listed.len());
    Ok(())
}

async fn the_same_issue_in_two_workspaces_is_two_analyses(analyses: &dyn Analyses) -> Verdict {
    let one = analyses.enqueue(request("1", 0)).await?;
    let other = analyses
        .enqueue(NewAnalysis {
            id: id("other"),
            workspace_id: id("elsewhere"),
            ..request("1", 0)
        })
        .await?;
    ensure!(one.id != other.id, "both are {}", one.id);
    is_stored(analyses, &one).await?;
    is_stored(analyses, &other).await
}

async fn an_analysis_is_found_by_its_id_and_by_its_issue_only_in_its_own_workspace(
    analyses: &dyn Analyses,
) -> Verdict {
    let stored = analyses.enqueue(request("1", 0)).await?;
    is_stored(analyses, &stored).await?;
    let elsewhere: WorkspaceId = id("elsewhere");
    let by_id = analyses.get(&elsewhere, &stored.id).await?;
    ensure!(by_id.is_none(), "elsewhere, by id: {by_id:?}");
    let by_issue = analyses.of_issues(&elsewhere, &["1"]).await?;
    ensure!(by_issue.is_empty(), "elsewhere, by issue: {by_issue:?}");
    let listed = analyses.list(&elsewhere, &all()).await?;
    ensure!(listed.is_empty(), "elsewhere, listed: {listed:?}");
    let deleted = analyses.delete(&elsewhere, &stored.id).await?;
    ensure!(!deleted, "it was deleted from elsewhere");
    is_stored(analyses, &stored).await
}

async fn an_unknown_analysis_is_none_not_an_error(analyses: &dyn Analyses) -> Verdict {
    let (ws, unknown) = (id("ws"), id("unknown"));
    let found = analyses.get(&ws, &unknown).await?;
    ensure!(found.is_none(), "{found:?}");
    let found = analyses.of_issues(&ws, &["1", "", "$gt"]).await?;
    ensure!(found.is_empty(), "{found:?}");
    let listed = analyses.list(&ws, &all()).await?;
    ensure!(listed.is_empty(), "{listed:?}");
    let deleted = analyses.delete(&ws, &unknown).await?;
    ensure!(!deleted, "one was deleted");
    Ok(())
}

async fn the_analyses_of_several_issues_are_found_together_without_those_that_have_none(
    analyses: &dyn Analyses,
) -> Verdict {
    for issue in ["1", "2", "3"] {
        analyses.enqueue(request(issue, 0)).await?;
    }
    let asked = ["3", "unknown", "1", "1"];
    let found = analyses.of_issues(&id("ws"), &asked).await?;
    let mut issues: Vec<_> = found.iter().map(|found| found.issue.id.as_str()).collect();
    issues.sort_unstable();
    ensure!(issues == ["1", "3"], "{issues:?}");
    let none = analyses.of_issues(&id("ws"), &[]).await?;
    ensure!(none.is_empty(), "of no issue: {none:?}");
    Ok(())
}

/// Everything, as far as one page goes.
fn all() -> AnalysisFilter {
    AnalysisFilter {
        limit: 100,
        ..AnalysisFilter::default()
    }
}

/// That `expected` is found by its id and by its issue.
async fn is_stored(analyses: &dyn Analyses, expected: &Analysis) -> Verdict {
    let workspace = &expected.workspace_id;
    let by_id = analyses.get(workspace, &expected.id).await?;
    ensure!(
        by_id.as_ref() == Some(expected),
        "by id: {by_id:?}\nnot {expected:?}"
    );
    let by_issue = analyses.of_issues(workspace, &[&expected.issue.id]).await?;
    ensure!(
        by_issue.first() == Some(expected),
        "by issue: {by_issue:?}\nnot {expected:?}"
    );
    Ok(())
}

/// Claims at `seconds`, under a token that says so.
async fn claim(analyses: &dyn Analyses, seconds: i64) -> Result<Option<(Lease, Analysis)>> {
    let token = format!("claimed-at-{seconds}");
    let claimed = analyses.claim(&token, 1, at(seconds), LEASE).await?;
    Ok(claimed.into_iter().next())
}

/// A request for issue 1 that differs from the first in all it may.
fn asked_otherwise(seconds: i64) -> NewAnalysis {
    NewAnalysis {
        id: id("another"),
        issue: Issue {
            title: "another title".to_owned(),
            ..issue("1")
        },
        force: true,
        requested_by: user("bob").id,
        ..request("1", seconds)
    }
}

/// Claims what must be there to be claimed.
async fn claimed(analyses: &dyn Analyses, seconds: i64) -> Result<(Lease, Analysis), Stop> {
    let claimed = claim(analyses, seconds).await?;
    claimed.ok_or_else(|| Stop::Failed(format!("nothing could be claimed at {seconds} s")))
}

/// Enqueues a request and claims it at `seconds`.
async fn started(
    analyses: &dyn Analyses,
    request: NewAnalysis,
    seconds: i64,
) -> Result<(Lease, Analysis), Stop> {
    analyses.enqueue(request).await?;
    claimed(analyses, seconds).await
}

/// Finishes a run of `job`, which must still be held.
async fn finished(
    analyses: &dyn Analyses,
    lease: &Lease,
    job: &Analysis,
    outcome: Outcome,
    seconds: i64,
) -> Result<Analysis, Stop> {
    let done = ended(job, outcome, seconds);
    let held = analyses.finish(lease, done.clone(), &[]).await?;
    ensure!(held, "the lease was lost");
    Ok(Arc::unwrap_or_clone(done))
}
