//! The work queue: how a document of `analyses` is taken, held and given back.
//!
//! Which steps a record goes through is [`Analysis`]'s; in here is who may take the next one. A
//! document in the queue has two fields more: `due_at`, when a worker may take it next (its turn
//! while it waits, the end of the lease while it is worked on), and `lease`, the token of the
//! worker that holds it. Once it has ended it has neither.
//!
//! A step is read, taken and written back under a condition that makes the write miss where
//! somebody else was quicker: the token for who holds the document, the revision for one that has
//! ended.

use std::time::Duration;

use ::mongodb::{
    Collection,
    bson::{Bson, Document, doc},
    options::ReturnDocument,
};
use explainer_core::{
    ErrorKind,
    domain::{
        Analysis, AnalysisError, Backlog, Dispatch, Lease, NewAnalysis, Progress, Stale, Status,
        Timestamp,
    },
};

use super::{
    MongoStore,
    documents::{self, Record, SCHEMA},
    fault::Fault,
    forms::{date, time},
    indexes::{ANALYSES, FORMER_RESULTS, OF_ISSUE, OUTBOX},
    outbox, query, results,
    writers::Updates,
};

/// How often a step is tried where somebody else is quicker each time.
const TRIES: u32 = 16;

pub(super) async fn enqueue(
    store: &MongoStore,
    mut request: NewAnalysis,
) -> Result<Analysis, Fault> {
    let of_issue = doc! {
        "workspace_id": request.workspace_id.as_str(),
        "issue_id": &request.issue.id,
    };
    let former_run = request.former.take().map(|it| *it);
    let mut found = former_run.filter(|it| !it.status.is_active());
    for _ in 0..TRIES {
        let added = match found {
            None => add_first(store, &request).await,
            Some(active) if active.status.is_active() => return Ok(active),
            Some(analysis) => again(store, &analysis, &request).await,
        };
        let taken = match added {
            Err(Fault::Taken(index)) => index,
            other => return other,
        };
        found = query::one(&store.collection(ANALYSES), of_issue.clone()).await?;
        if found.is_none() && taken != OF_ISSUE {
            return Err(Fault::Taken(taken));
        }
    }
    Err(contended())
}

/// A command puts the lease on what has waited longest and takes the step of [`Analysis::begin`]
/// with it, so that no two workers meet over a job and none dies in between: first on one job, since
/// there often is but one, and then on as many others as there are. What a newer version wrote is left
/// to those who can read it.
pub(super) async fn claim(
    jobs: &Collection<Document>,
    token: &str,
    most: usize,
    now: Timestamp,
    length: Duration,
) -> Result<Vec<(Lease, Analysis)>, Fault> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let until = now.saturating_add(length).unwrap_or(Timestamp::MAX);
    let due = doc! {
        "due_at": { "$lte": date(now) },
        "schema": { "$not": { "$gt": SCHEMA } },
    };
    let begun = doc! {
        "lease": { "$literal": token },
        "due_at": date(until),
        "status": Status::Analyzing.as_str(),
        "error": Bson::Null,
        "attempt": { "$add": ["$attempt", 1] },
        "progress": Bson::Null,
        "updated_at": date(now),
        "started_at": { "$ifNull": ["$started_at", date(now)] },
    };
    let begun = vec![doc! { "$set": begun }];
    let first = jobs.find_one_and_update(due.clone(), begun.clone());
    let first = first.return_document(ReturnDocument::After);
    let Some(document) = first.sort(longest_waiting()).await? else {
        return Ok(Vec::new());
    };
    let mut claimed = vec![Analysis::from_document(document)?];
    match claim_more(jobs, token, most - 1, due, begun).await {
        Ok(more) => claimed.extend(more),
        Err(fault) => {
            let error = fault.into_error("claim");
            tracing::warn!(?error, "took one job where there may be more");
        }
    }
    let lease = |job: Analysis| {
        let lease = Lease {
            workspace_id: job.workspace_id.clone(),
            analysis_id: job.id.clone(),
            token: token.to_owned(),
            until,
        };
        (lease, job)
    };
    Ok(claimed.into_iter().map(lease).collect())
}

/// Does what `begun` says to as many of the jobs that are `due` as others do not take first.
async fn claim_more(
    jobs: &Collection<Document>,
    token: &str,
    most: usize,
    due: Document,
    begun: Vec<Document>,
) -> Result<Vec<Analysis>, Fault> {
    if most == 0 {
        return Ok(Vec::new());
    }
    let next = jobs.find(due.clone()).projection(doc! { "_id": 1 });
    let next = next.limit(i64::try_from(most).unwrap_or(i64::MAX));
    let id = |mut job: Document| Ok(job.remove("_id").unwrap_or_default());
    let ids: Vec<Bson> = query::all_as(next.sort(longest_waiting()).await?, id).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let among = doc! { "$in": &ids };
    let mut still_due = due;
    still_due.insert("_id", &among);
    let written = jobs.update_many(still_due, begun).await;
    // What has our token is ours, also where the answer got lost.
    let ours = jobs.find(doc! { "_id": among, "lease": token }).await?;
    let ours = query::all_as(ours, |job| Ok(Analysis::from_document(job))).await?;
    if ours.is_empty() {
        written?;
    }
    // What cannot be read keeps nobody from the others.
    let readable = |job: Result<Analysis, Fault>| {
        let told = |fault: Fault| {
            let error = fault.into_error("claim");
            tracing::error!(?error, "could not take a job");
        };
        job.map_err(told).ok()
    };
    let mut ours: Vec<Analysis> = ours.into_iter().filter_map(readable).collect();
    ours.sort_by_key(|job| {
        ids.iter()
            .position(|id| id.as_str() == Some(job.id.as_str()))
    });
    Ok(ours)
}

fn longest_waiting() -> Document {
    doc! { "due_at": 1, "_id": 1 }
}

pub(super) async fn renew(steps: &Updates, lease: &Lease, until: Timestamp) -> Result<bool, Fault> {
    let later = doc! { "due_at": date(until) };
    steps.change(held(lease), later, &[]).await
}

pub(super) async fn report(
    steps: &Updates,
    lease: &Lease,
    progress: &Progress,
) -> Result<bool, Fault> {
    let progress = documents::progress(progress)?;
    steps.change(held(lease), progress, &[]).await
}

pub(super) async fn finish(
    store: &MongoStore,
    lease: &Lease,
    ended: &Analysis,
    told: &[Dispatch],
) -> Result<bool, Fault> {
    let mut set = ended.to_document()?;
    set.remove("_id");
    let mut told = outbox::told(told)?;
    set.extend(told.clone());
    let steps = &store.writers.steps;
    if !steps.change(held(lease), set, &["due_at", "lease"]).await? {
        return Ok(false);
    }
    if !told.is_empty() {
        told.insert("_id", ended.id.as_str());
        let (jobs, outbox) = (store.collection(ANALYSES), store.collection(OUTBOX));
        // It is in the document: where this fails, `gather` does it.
        if let Err(fault) = outbox::move_out(&jobs, &outbox, &told).await {
            let error = fault.into_error("finish");
            tracing::warn!(?error, analysis = %ended.id, "notifications are late");
        }
    }
    Ok(true)
}

pub(super) async fn retry_at(
    store: &MongoStore,
    lease: &Lease,
    due: Timestamp,
    reason: AnalysisError,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some(analysis) = query::one::<Analysis>(&store.collection(ANALYSES), held(lease)).await?
    else {
        return Ok(false);
    };
    let mut waiting = analysis.clone();
    waiting.put_back(reason, now);
    let steps = &store.writers.steps;
    put_back(steps, held(lease), &analysis, &waiting, due).await
}

pub(super) async fn outdate(steps: &Updates, of: &Analysis, why: Stale) -> Result<bool, Fault> {
    if of.status != Status::Completed {
        return Ok(false);
    }
    let mut condition = ended(of);
    condition.insert("workspace_id", of.workspace_id.as_str());
    let noted = doc! { "outdated": why.as_str() };
    steps.change(condition, noted, &[]).await
}

pub(super) async fn backlog(jobs: &Collection<Document>, now: Timestamp) -> Result<Backlog, Fault> {
    let due = doc! { "due_at": { "$lte": date(now) } };
    let first = jobs.find_one(due.clone()).sort(doc! { "due_at": 1 });
    let first = first.projection(doc! { "due_at": 1, "_id": 0 }).await?;
    let since = first.and_then(|first| time(*first.get_datetime("due_at").ok()?).ok());
    Ok(Backlog {
        jobs: jobs.count_documents(due).await?,
        since,
    })
}

/// The document while `lease` is good.
fn held(lease: &Lease) -> Document {
    doc! {
        "_id": lease.analysis_id.as_str(),
        "workspace_id": lease.workspace_id.as_str(),
        "lease": &lease.token,
    }
}

/// The document while nobody has asked for it again.
fn ended(analysis: &Analysis) -> Document {
    doc! {
        "_id": analysis.id.as_str(),
        "status": analysis.status.as_str(),
        "revision": analysis.revision,
    }
}

/// Adds the record of an issue that has none.
async fn add_first(store: &MongoStore, request: &NewAnalysis) -> Result<Analysis, Fault> {
    let analysis = Analysis::requested(request.clone());
    let mut document = analysis.to_document()?;
    document.insert("due_at", date(request.at));
    store.writers.added.add(&document).await?;
    Ok(analysis)
}

/// Begins the next revision of a record that has ended; `Taken` where somebody else did.
async fn again(
    store: &MongoStore,
    analysis: &Analysis,
    request: &NewAnalysis,
) -> Result<Analysis, Fault> {
    let former = store.collection(FORMER_RESULTS);
    let mut next = analysis.clone();
    next.request_again(request.clone());
    results::put_aside(&store.writers.former, analysis).await?;
    let steps = &store.writers.steps;
    if !put_back(steps, ended(analysis), analysis, &next, request.at).await? {
        let by_id = doc! { "_id": analysis.id.as_str() };
        if query::one::<Analysis>(&store.collection(ANALYSES), by_id)
            .await?
            .is_none()
        {
            // It was deleted, and its results are to be gone with it.
            results::drop_all(&former, &analysis.workspace_id, &analysis.id).await?;
        }
        return Err(Fault::Taken(OF_ISSUE.to_owned()));
    }
    results::drop_old(&former, &next).await?;
    Ok(next)
}

/// Puts a record back in the queue, where its turn comes at `due`, with what a step changed in it, if
/// `condition` still finds it; tells whether it did.
async fn put_back(
    steps: &Updates,
    condition: Document,
    before: &Analysis,
    after: &Analysis,
    due: Timestamp,
) -> Result<bool, Fault> {
    let before = before.to_document()?;
    let changed = |(field, value): &(String, Bson)| before.get(field) != Some(value);
    let mut set: Document = after.to_document()?.into_iter().filter(changed).collect();
    set.insert("due_at", date(due));
    steps.change(condition, set, &["lease"]).await
}

fn contended() -> Fault {
    Fault::refused(
        ErrorKind::Unavailable,
        "could not change the record because others kept changing it; try again",
    )
}
