//! Fills a store: four fifths of its analyses have ended, one fifth waits.

use std::time::{Duration, Instant};

use explainer_core::{
    domain::{Analysis, Issue, NewAnalysis, Specification, Status, Timestamp},
    ports::{Added, Entry, Kind, QueuedAnalysis},
};

use crate::{Outcome, Store};

/// How many are written at once.
const PAGE: usize = 500;

/// The only workspace: no other divides the lists.
pub(crate) const WORKSPACE: &str = "workspace";

/// When the first was asked for, in seconds; each of the others a second later.
const BEGIN: i64 = 1_600_000_000;

pub(crate) async fn fill(store: &dyn Store, size: usize) -> Outcome<Duration> {
    let begin = Instant::now();
    for first in (0..size).step_by(PAGE) {
        let page: Vec<Entry> = (first..size.min(first + PAGE)).map(entry).collect();
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
    let seconds = BEGIN + i64::try_from(number).unwrap_or_default();
    Timestamp::from_second(seconds).unwrap_or_default()
}

fn entry(number: usize) -> Entry {
    let request = NewAnalysis {
        id: id(number).parse().expect("an id"),
        workspace_id: WORKSPACE.parse().expect("an id"),
        issue: Issue {
            id: issue(number),
            title: format!("KeyError: 'total' in cart {number}"),
            culprit: Some("shop.cart in checkout".to_owned()),
            message: "it broke ".repeat(20),
            platform: "python".to_owned(),
            ..Issue::default()
        },
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
        due_at: waits.then(|| at(number)),
        lease: None,
        analysis,
    };
    Entry {
        id: id(number),
        document: serde_json::to_value(queued).expect("JSON"),
        notes: Vec::new(),
    }
}
