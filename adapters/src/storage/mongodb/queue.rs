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
};
use explainer_core::{
    ErrorKind,
    domain::{
        Analysis, AnalysisError, Backlog, Dispatch, Lease, NewAnalysis, Progress, Stale, Status,
        Timestamp,
    },
};

use super::{
    documents::{self, Record, SCHEMA},
    fault::Fault,
    forms::{date, time},
    indexes::OF_ISSUE,
    outbox, query, results,
};

/// How often a step is tried where somebody else is quicker each time.
const TRIES: u32 = 16;

pub(super) async fn enqueue(
    jobs: &Collection<Document>,
    former: &Collection<Document>,
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
            None => add_first(jobs, &request).await,
            Some(active) if active.status.is_active() => return Ok(active),
            Some(analysis) => again(jobs, former, &analysis, &request).await,
        };
        let taken = match added {
            Err(Fault::Taken(index)) => index,
            other => return other,
        };
        found = query::one(jobs, of_issue.clone()).await?;
        if found.is_none() && taken != OF_ISSUE {
            return Err(Fault::Taken(taken));
        }
    }
    Err(contended())
}

/// One command puts the lease on whatever has waited longest and takes the step of
/// [`Analysis::begin`] with it, so that no two workers meet over a job and none dies in between. What a
/// newer version wrote is left to those who can read it.
pub(super) async fn claim(
    jobs: &Collection<Document>,
    token: &str,
    now: Timestamp,
    length: Duration,
) -> Result<Option<(Lease, Analysis)>, Fault> {
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
    let next = jobs.find_one_and_update(due, vec![doc! { "$set": begun }]);
    let longest_waiting = doc! { "due_at": 1, "_id": 1 };
    let Some(document) = next.sort(longest_waiting).await? else {
        return Ok(None);
    };
    let mut analysis = Analysis::from_document(document)?;
    let lease = analysis.begin(token, now, length);
    Ok(Some((lease, analysis)))
}

pub(super) async fn renew(
    jobs: &Collection<Document>,
    lease: &Lease,
    until: Timestamp,
) -> Result<bool, Fault> {
    let later = doc! { "$set": { "due_at": date(until) } };
    let renewed = jobs.update_one(held(lease), later).await?;
    Ok(renewed.matched_count > 0)
}

pub(super) async fn report(
    jobs: &Collection<Document>,
    lease: &Lease,
    progress: &Progress,
) -> Result<bool, Fault> {
    let progress = documents::progress(progress)?;
    let reported = jobs.update_one(held(lease), doc! { "$set": progress });
    Ok(reported.await?.matched_count > 0)
}

pub(super) async fn finish(
    jobs: &Collection<Document>,
    outbox: &Collection<Document>,
    lease: &Lease,
    ended: &Analysis,
    told: &[Dispatch],
) -> Result<bool, Fault> {
    let mut set = ended.to_document()?;
    set.remove("_id");
    let mut told = outbox::told(told)?;
    set.extend(told.clone());
    let left = doc! { "$set": set, "$unset": { "due_at": "", "lease": "" } };
    if jobs.update_one(held(lease), left).await?.matched_count == 0 {
        return Ok(false);
    }
    if !told.is_empty() {
        told.insert("_id", ended.id.as_str());
        // It is in the document: where this fails, `gather` does it.
        if let Err(fault) = outbox::move_out(jobs, outbox, &told).await {
            let error = fault.into_error("finish");
            tracing::warn!(?error, analysis = %ended.id, "notifications are late");
        }
    }
    Ok(true)
}

pub(super) async fn retry_at(
    jobs: &Collection<Document>,
    lease: &Lease,
    due: Timestamp,
    reason: AnalysisError,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some(analysis) = query::one::<Analysis>(jobs, held(lease)).await? else {
        return Ok(false);
    };
    let mut waiting = analysis.clone();
    waiting.put_back(reason, now);
    put_back(jobs, held(lease), &analysis, &waiting, due).await
}

pub(super) async fn outdate(
    jobs: &Collection<Document>,
    of: &Analysis,
    why: Stale,
) -> Result<bool, Fault> {
    if of.status != Status::Completed {
        return Ok(false);
    }
    let mut condition = ended(of);
    condition.insert("workspace_id", of.workspace_id.as_str());
    let noted = doc! { "$set": { "outdated": why.as_str() } };
    Ok(jobs.update_one(condition, noted).await?.matched_count > 0)
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
async fn add_first(jobs: &Collection<Document>, request: &NewAnalysis) -> Result<Analysis, Fault> {
    let analysis = Analysis::requested(request.clone());
    let mut document = analysis.to_document()?;
    document.insert("due_at", date(request.at));
    query::add(jobs, document).await?;
    Ok(analysis)
}

/// Begins the next revision of a record that has ended; `Taken` where somebody else did.
async fn again(
    jobs: &Collection<Document>,
    former: &Collection<Document>,
    analysis: &Analysis,
    request: &NewAnalysis,
) -> Result<Analysis, Fault> {
    let mut next = analysis.clone();
    next.request_again(request.clone());
    results::put_aside(former, analysis).await?;
    if !put_back(jobs, ended(analysis), analysis, &next, request.at).await? {
        let by_id = doc! { "_id": analysis.id.as_str() };
        if query::one::<Analysis>(jobs, by_id).await?.is_none() {
            // It was deleted, and its results are to be gone with it.
            results::drop_all(former, &analysis.workspace_id, &analysis.id).await?;
        }
        return Err(Fault::Taken(OF_ISSUE.to_owned()));
    }
    results::drop_old(former, &next).await?;
    Ok(next)
}

/// Puts a record back in the queue, where its turn comes at `due`, with what a step changed in it, if
/// `condition` still finds it; tells whether it did.
async fn put_back(
    jobs: &Collection<Document>,
    condition: Document,
    before: &Analysis,
    after: &Analysis,
    due: Timestamp,
) -> Result<bool, Fault> {
    let before = before.to_document()?;
    let changed = |(field, value): &(String, Bson)| before.get(field) != Some(value);
    let mut set: Document = after.to_document()?.into_iter().filter(changed).collect();
    set.insert("due_at", date(due));
    let update = doc! { "$set": set, "$unset": { "lease": "" } };
    let changed = jobs.update_one(condition, update).await?;
    Ok(changed.matched_count > 0)
}

fn contended() -> Fault {
    Fault::refused(
        ErrorKind::Unavailable,
        "could not change the record because others kept changing it; try again",
    )
}
