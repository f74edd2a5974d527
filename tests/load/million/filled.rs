//! Fills a store: four fifths of its analyses have ended, one fifth waits.

use std::time::{Duration, Instant};

use explainer_core::{
    domain::{Analysis, Issue, NewAnalysis, Specification, Status, Timestamp, WorkspaceId},
    ports::{Added, Entry, Kind, QueuedAnalysis},
};

use crate::{Outcome, side::Store};

/// How many are written at once.
const PAGE: usize = 500;

/// When the first was asked for, in seconds; each of the others a second later.
const BEGIN: i64 = 1_600_000_000;

/// When those that wait are due, in seconds: so late that no worker of a service takes them up.
const DUE: i64 = 3_900_000_000;

/// When they are claimed, in seconds: all are due by then.
pub(crate) const CLAIMED: i64 = 4_000_000_000;

pub(crate) async fn fill(
    store: &impl Store,
    workspace: &WorkspaceId,
    size: usize,
) -> Outcome<Duration> {
    let begin = Instant::now();
    for first in (0..size).step_by(PAGE) {
        let numbers = first..size.min(first + PAGE);
        let page: Vec<Entry> = numbers.map(|number| entry(workspace, number)).collect();
        let added = store.add(Kind::Analyses, &page).await?;
        if let Some(other) = added.iter().find(|added| **added != Added::Written) {
            return Err(format!("could not fill the store because of {other:?}").into());
        }
        if first % 100_000 == 0 && first > 0 {
            eprintln!("{first} written after {:.0?}", begin.elapsed());
        }
    }
    Ok(begin.elapsed())
}

/// The id of an analysis by its number.
pub(crate) fn id(number: usize) -> String {
    format!("analysis-{number:09}")
}

/// The issue of an analysis by its number.
pub(crate) fn issue(number: usize) -> String {
    // Neighbours in time are none in the index, as with a tracker's ids.
    format!(
        "{:016x}",
        (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
}

/// When an analysis was asked for.
pub(crate) fn at(number: usize) -> Timestamp {
    after(BEGIN, number)
}

fn after(begin: i64, number: usize) -> Timestamp {
    let seconds = begin + i64::try_from(number).unwrap_or_default();
    Timestamp::from_second(seconds).unwrap_or_default()
}

fn entry(workspace: &WorkspaceId, number: usize) -> Entry {
    let request = NewAnalysis {
        trace: None,
        id: id(number).parse().expect("an id"),
        workspace_id: workspace.clone(),
        issue: Issue {
            id: issue(number),
            title: format!("KeyError: 'total' in cart {number}"),
            culprit: Some("shop.cart in checkout".to_owned()),
            message: "it broke ".repeat(20),
            platform: "python".to_owned(),
            ..Issue::default()
        },
        former: None,
        event: None,
        force: false,
        requested_by: "user".parse().expect("an id"),
        at: at(number),
    };
    let mut analysis = Analysis::requested(request);
    let waits = number.is_multiple_of(5);
    if !waits {
        analysis.status = Status::Completed;
        analysis.finished_at = Some(at(number));
        analysis.specification = Some(Box::new(Specification {
            summary: format!("The cart {number} has no total."),
            technical_description: "One step after another. ".repeat(20),
            ..Specification::default()
        }));
    }
    let queued = QueuedAnalysis {
        due_at: waits.then(|| after(DUE, number)),
        lease: None,
        analysis,
    };
    Entry {
        id: id(number),
        document: serde_json::to_value(queued).expect("JSON"),
        notes: Vec::new(),
    }
}
