//! Pages of a list that may change between two of them.
//!
//! A cursor names the issue it stands at and not a count, so that nothing is shown twice or left
//! out when files come or go.

use std::cmp::Reverse;

use explainer_core::{
    Error, ErrorKind, Result,
    domain::{Issue, IssueQuery, Page, Timestamp},
};

use super::ADAPTER;

/// Where an issue stands in the list: the most recently seen first.
type Place<'i> = (Reverse<Option<Timestamp>>, &'i str);

fn place(issue: &Issue) -> Place<'_> {
    (Reverse(issue.last_seen), &issue.id)
}

/// The page of `found`, which is in the list's order, that `query` asks for.
pub(super) fn cut(found: &[&Issue], query: &IssueQuery) -> Result<Page<Issue>> {
    let limit = usize::from(query.limit.clamp(1, 100));
    let (start, end) = match query.cursor.as_deref().map(read).transpose()? {
        None => (0, limit),
        Some((Way::After, at)) => {
            let start = found.partition_point(|issue| place(issue) <= at);
            (start, start + limit)
        }
        Some((Way::Before, at)) => {
            let end = found.partition_point(|issue| place(issue) < at);
            (end.saturating_sub(limit), end)
        }
    };
    let end = end.min(found.len());
    let items = found.get(start..end).unwrap_or_default();
    let cursor = |way, issue: Option<&&Issue>| issue.map(|issue| write(way, issue));
    Ok(Page {
        next: cursor(Way::After, items.last()).filter(|_| end < found.len()),
        prev: cursor(Way::Before, items.first()).filter(|_| start > 0),
        items: items.iter().copied().cloned().collect(),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    After,
    Before,
}

/// `a` or `b`, the milliseconds of the last sighting if known, and the id, with `.` between.
fn write(way: Way, issue: &Issue) -> String {
    let way = if way == Way::After { 'a' } else { 'b' };
    let seen = issue
        .last_seen
        .map(|seen| seen.as_millisecond().to_string());
    format!("{way}.{}.{}", seen.unwrap_or_default(), issue.id)
}

fn read(cursor: &str) -> Result<(Way, Place<'_>)> {
    let parts = || {
        let (way, rest) = cursor.split_once('.')?;
        let (seen, id) = rest.split_once('.')?;
        let way = match way {
            "a" => Way::After,
            "b" => Way::Before,
            _ => return None,
        };
        let seen = match seen {
            "" => None,
            seen => Some(Timestamp::from_millisecond(seen.parse().ok()?).ok()?),
        };
        let is_id = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then_some((way, (Reverse(seen), id)))
    };
    parts().ok_or_else(|| {
        let why = "could not go on in the list because the cursor is not one of ours; \
                   start again without one";
        Error::new(ErrorKind::Invalid, ADAPTER, "issues", why)
    })
}
