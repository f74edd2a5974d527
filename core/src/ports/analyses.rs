//! Where analyses are kept, and the queue they wait in.

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    Result,
    domain::{
        Analysis, AnalysisError, AnalysisFilter, AnalysisId, Backlog, Dispatch, Lease, Neighbour,
        NewAnalysis, Progress, Revision, Stale, Timestamp, WorkspaceId,
    },
};

/// Keeps analyses and hands them to workers.
///
/// # Behaviour
/// - a new request is stored as pending, revision 1
/// - what is stored reads back equal, whatever text it holds
/// - a request for an active analysis joins it and changes nothing
/// - of many simultaneous requests for one issue all get the same analysis
/// - a request that knows an outdated record goes by the one that is there
/// - the same issue in two workspaces is two analyses
/// - a request for an ended analysis begins the next revision and keeps the former result
/// - an analysis is found by its id and by its issue, only in its own workspace
/// - an unknown analysis is none, not an error
/// - the analyses of several issues are found together, without those that have none
/// - a list is newest first, filtered by status, and cut by limit and skip
/// - a list is filtered by priority, project and model of the newest result, and by all of them at once
/// - a text finds what it occurs in, in any case and taken literally
/// - a list goes on after a position, also when that one is gone and others came
/// - the neighbours of an issue are the completed analyses' issues, newest first and no more than asked for
/// - claim hands out the job that has waited longest
/// - claim hands out several jobs at once, and no more than asked for
/// - claim hands out nothing when nothing is due
/// - of many simultaneous claims each gets another job
/// - a claimed job is analyzing and its attempt is counted
/// - a job whose lease ran out is claimed again
/// - a renewed lease does not run out
/// - an expired lease that nobody took over can still be renewed and finished
/// - a lost lease can neither be renewed nor report nor finish nor retry
/// - a report is kept while its lease is good and gone when the run ends
/// - finish stores the outcome and ends the lease
/// - a finished analysis stays that of its issue, also when the source answered with another id
/// - a failed run keeps the former specification
/// - a retried job is due at its time and not before, and tells why it was put back
/// - a deleted analysis is gone and its lease is lost
/// - an issue whose analysis was deleted can be analysed anew
/// - former results stay readable, newest first, without those of failed runs
/// - only the newest results are kept
/// - a result is called out of date until the next one is there
/// - a result that was asked for again is not called out of date
/// - the results of a deleted analysis are gone
/// - the backlog is the jobs that are due, and since when the first has been
#[async_trait]
pub trait Analyses: Send + Sync + Debug + 'static {
    /// The analysis with this id.
    async fn get(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<Option<Analysis>>;

    /// The analyses of these issues, in no particular order; issues without one are left out.
    async fn of_issues(&self, workspace: &WorkspaceId, issues: &[&str]) -> Result<Vec<Analysis>>;

    /// Analyses, the newest [`Analysis::created_at`] first; of one moment, the greater id first.
    async fn list(&self, workspace: &WorkspaceId, filter: &AnalysisFilter)
    -> Result<Vec<Analysis>>;

    /// What tells the issues of the newest completed analyses apart, the newest first, `limit` at
    /// most.
    async fn neighbours(&self, workspace: &WorkspaceId, limit: u32) -> Result<Vec<Neighbour>>;

    /// The results of former runs, the newest first: those that the run after them has superseded.
    ///
    /// At most [`KEPT_REVISIONS`](crate::domain::KEPT_REVISIONS), the newest result included,
    /// which is in the record itself and not among them.
    async fn former_results(
        &self,
        workspace: &WorkspaceId,
        id: &AnalysisId,
    ) -> Result<Vec<Revision>>;

    /// Removes an analysis, also a running one, and its results; tells whether there was one.
    async fn delete(&self, workspace: &WorkspaceId, id: &AnalysisId) -> Result<bool>;

    /// Puts one job in the queue, or joins the active one of the same workspace and issue.
    /// Gives back the record as stored.
    async fn enqueue(&self, request: NewAnalysis) -> Result<Analysis>;

    /// Takes the jobs that are due and have waited longest, `most` at most, each under a lease from
    /// `now` for `lease`. There may be more even where it takes fewer; only where it takes none is
    /// none due.
    ///
    /// `token` must be new for each call.
    async fn claim(
        &self,
        token: &str,
        most: usize,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<(Lease, Analysis)>>;

    /// Moves the end of a lease; `false` when it was lost.
    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool>;

    /// Keeps how far the run is, for those who look on; `false` when the lease was lost.
    async fn report(&self, lease: &Lease, progress: &Progress) -> Result<bool>;

    /// Writes the record of a run that has [ended](Analysis::ended), and what is to be told of that, in
    /// one step; `false` when the lease was lost, and then nothing is written.
    async fn finish(&self, lease: &Lease, ended: Arc<Analysis>, told: &[Dispatch]) -> Result<bool>;

    /// Gives the job back to be taken up again not before `due`, with the reason it was put back;
    /// `false` when the lease was lost.
    async fn retry_at(
        &self,
        lease: &Lease,
        due: Timestamp,
        reason: AnalysisError,
        now: Timestamp,
    ) -> Result<bool>;

    /// Notes why the result in `of`, as it was read, is out of date; `false` when it is not the
    /// newest any more, or is gone, and then nothing is noted.
    async fn outdate(&self, of: &Analysis, why: Stale) -> Result<bool>;

    /// How much is due at `now`: what waits for a worker, and what a dead worker left behind.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog>;
}
