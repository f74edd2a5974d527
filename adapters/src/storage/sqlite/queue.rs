//! The work queue: how a row of `analyses` is taken, held and given back.
//!
//! Which steps a record goes through is [`Analysis`]'s; in here is who may take the next one. Every
//! function runs inside a write transaction, so what it reads stays true until it has written.

use std::time::Duration;

use explainer_core::{
    ErrorKind,
    domain::{
        Analysis, AnalysisError, Backlog, Dispatch, Lease, NewAnalysis, Priority, Progress,
        Revision, Stale, Timestamp, WorkspaceId,
    },
    ports::{FormerResult, QueuedAnalysis},
};
use rusqlite::{Connection, params};

use super::{
    fault::Fault,
    outbox,
    statement::{Sql, encode, statements},
};

statements! {
    OF_ISSUE = "SELECT doc FROM analyses WHERE workspace_id = ?1 AND issue_id = ?2";
    IS_THERE = "SELECT 1 FROM analyses WHERE id = ?1";
    DUE = "SELECT doc FROM analyses WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2";
    HELD = "SELECT doc FROM analyses WHERE id = ?1 AND workspace_id = ?2 AND lease = ?3";
    RENEW = "UPDATE analyses SET due_at = ?4 WHERE id = ?1 AND workspace_id = ?2 AND lease = ?3";
    BACKLOG = "SELECT COUNT(*), MIN(due_at) FROM analyses WHERE due_at <= ?1";
    REPORT = "UPDATE analyses SET doc = ?2 WHERE id = ?1";
    INSERT = "INSERT INTO analyses
                (id, workspace_id, issue_id, created_at, status, due_at, lease, doc,
                 priority, project_id, project_slug, model, searched)
              VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    UPDATE = "UPDATE analyses SET status = ?5, due_at = ?6, lease = ?7, doc = ?8,
                priority = ?9, project_id = ?10, project_slug = ?11, model = ?12, searched = ?13
              WHERE id = ?1";
    PUT_ASIDE = "INSERT INTO former_results (analysis_id, revision, doc) VALUES (?1, ?2, ?3)";
    DROP_OLD = "DELETE FROM former_results WHERE analysis_id = ?1 AND revision <= ?2";
}

pub(super) fn of_issue(
    connection: &Connection,
    workspace: &WorkspaceId,
    issue: &str,
) -> Result<Option<Analysis>, Fault> {
    OF_ISSUE.document(connection, [workspace.as_str(), issue])
}

pub(super) fn enqueue(connection: &Connection, request: NewAnalysis) -> Result<Analysis, Fault> {
    let now = Place::Waiting { due: request.at };
    match of_issue(connection, &request.workspace_id, &request.issue.id)? {
        Some(analysis) if analysis.status.is_active() => Ok(analysis),
        Some(mut analysis) => {
            let result = analysis.result();
            analysis.request_again(request);
            if let Some(result) = result {
                put_aside(connection, &analysis, &result)?;
            }
            store(UPDATE, connection, &analysis, now)?;
            Ok(analysis)
        }
        None => {
            let analysis = Analysis::requested(request);
            store(INSERT, connection, &analysis, now)?;
            Ok(analysis)
        }
    }
}

/// Adds an analysis as it is, in its place, unless there is another of its issue.
pub(super) fn add(connection: &Connection, queued: &QueuedAnalysis) -> Result<(), Fault> {
    let QueuedAnalysis {
        analysis,
        due_at,
        lease,
    } = queued.clone().in_its_place();
    let (workspace, issue) = (&analysis.workspace_id, &analysis.issue.id);
    if OF_ISSUE.finds(connection, [workspace.as_str(), issue])? {
        return Err(Fault::refused(
            ErrorKind::Conflict,
            "could not add the analysis because there is another of its issue",
        ));
    }
    let until = due_at.unwrap_or(analysis.updated_at);
    let lease = lease.map(|token| Lease {
        workspace_id: workspace.clone(),
        analysis_id: analysis.id.clone(),
        token,
        until,
    });
    let place = match &lease {
        Some(lease) => Place::Held(lease),
        None if due_at.is_some() => Place::Waiting { due: until },
        None => Place::Left,
    };
    store(INSERT, connection, &analysis, place)
}

/// Adds the result of a former run, if its analysis is there.
pub(super) fn add_former(connection: &Connection, former: &FormerResult) -> Result<(), Fault> {
    let id = former.analysis_id.as_str();
    if !IS_THERE.finds(connection, [id])? {
        return Err(Fault::refused(
            ErrorKind::Conflict,
            "could not add the result because its analysis is not there",
        ));
    }
    let result = &former.result;
    PUT_ASIDE.run(connection, params![id, result.revision, encode(result)?])?;
    Ok(())
}

pub(super) fn claim(
    connection: &Connection,
    token: &str,
    most: usize,
    now: Timestamp,
    length: Duration,
) -> Result<Vec<(Lease, Analysis)>, Fault> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let due: Vec<Analysis> = DUE.documents(connection, [now.as_millisecond(), most])?;
    let take = |mut analysis: Analysis| {
        let lease = analysis.begin(token, now, length);
        store(UPDATE, connection, &analysis, Place::Held(&lease))?;
        Ok((lease, analysis))
    };
    due.into_iter().map(take).collect()
}

pub(super) fn renew(
    connection: &Connection,
    lease: &Lease,
    until: Timestamp,
) -> Result<bool, Fault> {
    let renewed = RENEW.run(
        connection,
        params![
            lease.analysis_id.as_str(),
            lease.workspace_id.as_str(),
            lease.token,
            until.as_millisecond()
        ],
    )?;
    Ok(renewed > 0)
}

pub(super) fn report(
    connection: &Connection,
    lease: &Lease,
    progress: Progress,
) -> Result<bool, Fault> {
    let Some(mut analysis) = held(connection, lease)? else {
        return Ok(false);
    };
    analysis.report(progress);
    let doc = encode(&analysis)?;
    Ok(REPORT.run(connection, [analysis.id.as_str(), &doc])? > 0)
}

pub(super) fn finish(
    connection: &Connection,
    lease: &Lease,
    ended: &Analysis,
    told: &[Dispatch],
) -> Result<bool, Fault> {
    if !HELD.finds(connection, key(lease))? {
        return Ok(false);
    }
    store(UPDATE, connection, ended, Place::Left)?;
    outbox::post(connection, told, ended.updated_at)?;
    Ok(true)
}

pub(super) fn retry_at(
    connection: &Connection,
    lease: &Lease,
    due: Timestamp,
    reason: AnalysisError,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some(mut analysis) = held(connection, lease)? else {
        return Ok(false);
    };
    analysis.put_back(reason, now);
    store(UPDATE, connection, &analysis, Place::Waiting { due })?;
    Ok(true)
}

pub(super) fn outdate(connection: &Connection, of: &Analysis, why: Stale) -> Result<bool, Fault> {
    let Some(mut stored) = of_issue(connection, &of.workspace_id, &of.issue.id)? else {
        return Ok(false);
    };
    if stored.id != of.id || !stored.outdate(of.revision, why) {
        return Ok(false);
    }
    REPORT.run(connection, params![of.id.as_str(), encode(&stored)?])?;
    Ok(true)
}

fn held(connection: &Connection, lease: &Lease) -> Result<Option<Analysis>, Fault> {
    HELD.document(connection, key(lease))
}

fn key(lease: &Lease) -> [&str; 3] {
    let (analysis, workspace) = (&lease.analysis_id, &lease.workspace_id);
    [analysis.as_str(), workspace.as_str(), &lease.token]
}

pub(super) fn backlog(connection: &Connection, now: Timestamp) -> Result<Backlog, Fault> {
    let (jobs, since) = BACKLOG.row(connection, [now.as_millisecond()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?))
    })?;
    Ok(Backlog {
        jobs: u64::try_from(jobs).unwrap_or_default(),
        since: since.and_then(|since| Timestamp::from_millisecond(since).ok()),
    })
}

/// Keeps the result of the run before this one, and drops those that are no longer kept.
fn put_aside(connection: &Connection, analysis: &Analysis, result: &Revision) -> Result<(), Fault> {
    let id = analysis.id.as_str();
    PUT_ASIDE.run(connection, params![id, result.revision, encode(result)?])?;
    let dropped = analysis.newest_dropped();
    if dropped > 0 {
        DROP_OLD.run(connection, params![id, dropped])?;
    }
    Ok(())
}

/// Where a record stands in the queue.
#[derive(Clone, Copy)]
enum Place<'a> {
    Waiting { due: Timestamp },
    Held(&'a Lease),
    Left,
}

/// Writes the document and every column that follows from it, in the one place that does so.
fn store(
    statement: Sql,
    connection: &Connection,
    analysis: &Analysis,
    place: Place<'_>,
) -> Result<(), Fault> {
    let (due, token) = match place {
        Place::Waiting { due } => (Some(due), None),
        Place::Held(lease) => (Some(lease.until), Some(&lease.token)),
        Place::Left => (None, None),
    };
    let facets = analysis.facets();
    statement.run(
        connection,
        params![
            analysis.id.as_str(),
            analysis.workspace_id.as_str(),
            analysis.issue.id,
            analysis.created_at.as_millisecond(),
            analysis.status.as_str(),
            due.map(Timestamp::as_millisecond),
            token,
            encode(analysis)?,
            facets.priority.map(Priority::as_str),
            facets.project_id,
            facets.project_slug,
            facets.model,
            facets.text,
        ],
    )?;
    Ok(())
}
