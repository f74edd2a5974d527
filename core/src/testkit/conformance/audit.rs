//! The suite of [`AuditLog`].

use super::{Case, Verdict};
use crate::{
    cases,
    domain::AuditEntry,
    ensure,
    ports::AuditLog,
    testkit::samples::{at, id, user},
};

/// Every promise of [`AuditLog`], for a store that holds no entry.
pub const CASES: &[Case<dyn AuditLog>] = cases![dyn AuditLog;
    "an entry reads back equal" => an_entry_reads_back_equal,
    "entries are listed newest first, a page at a time, each once" =>
        entries_are_listed_newest_first_a_page_at_a_time_each_once,
    "an entry is forgotten once it has expired" => an_entry_is_forgotten_once_it_has_expired,
];

fn entry(name: &str) -> AuditEntry {
    AuditEntry {
        id: id(name),
        at: at(0),
        user_id: user("ada").id,
        username: "ada".to_owned(),
        address: None,
        action: "workspace.updated".to_owned(),
        target: "name".to_owned(),
        workspace_id: None,
        expires_at: at(60),
    }
}

async fn an_entry_reads_back_equal(log: &dyn AuditLog) -> Verdict {
    let four = AuditEntry {
        address: Some([192, 0, 2, 1].into()),
        workspace_id: Some(id("ws")),
        target: "Größe \u{1F980} \0 '\"$where".to_owned(),
        ..entry("b")
    };
    let six = AuditEntry {
        address: "2001:db8::1".parse().ok(),
        ..entry("a")
    };
    for stored in [&six, &four] {
        log.append(stored, at(0)).await?;
    }
    let found = log.newest(None, 10).await?;
    ensure!(found == [four, six], "{found:?}");
    Ok(())
}

async fn entries_are_listed_newest_first_a_page_at_a_time_each_once(log: &dyn AuditLog) -> Verdict {
    // All within one tick of the clock.
    for name in ["a", "b", "c", "d", "e"] {
        log.append(&entry(name), at(0)).await?;
    }
    let mut before = None;
    for expected in [vec!["e", "d"], vec!["c", "b"], vec!["a"], vec![]] {
        let page = log.newest(before.as_ref(), 2).await?;
        let names: Vec<_> = page.iter().map(|entry| entry.id.as_str()).collect();
        ensure!(names == expected, "{names:?}");
        before = page.last().map(|entry| entry.id.clone()).or(before);
    }
    Ok(())
}

async fn an_entry_is_forgotten_once_it_has_expired(log: &dyn AuditLog) -> Verdict {
    log.append(&entry("a"), at(0)).await?;
    let lasting = |name| AuditEntry {
        expires_at: at(99),
        ..entry(name)
    };
    log.append(&lasting("b"), at(59)).await?;
    let found = log.newest(None, 10).await?;
    ensure!(found.len() == 2, "too early: {found:?}");
    log.append(&lasting("c"), at(60)).await?;
    let found = log.newest(None, 10).await?;
    ensure!(found == [lasting("c"), lasting("b")], "{found:?}");
    Ok(())
}
