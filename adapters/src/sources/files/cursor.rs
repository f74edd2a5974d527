//! Pages of a sorted list. A cursor names the issue at the edge of a page, not a position, so
//! that issues which come or go meanwhile shift nothing.

use std::cmp::Reverse;

use explainer_core::{
    Error, ErrorKind, Result,
    domain::{Issue, Page},
};

use super::{ADAPTER, index::sort_key};

/// The page of `issues`, which are sorted, that `cursor` leads to.
pub(super) fn page<'i>(
    issues: impl Iterator<Item = &'i Issue>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Issue>> {
    let issues: Vec<_> = issues.collect();
    let start = match cursor.map(Cursor::parse).transpose()? {
        None => 0,
        Some(Cursor::After(seen, id)) => {
            issues.partition_point(|issue| sort_key(issue) <= (Reverse(seen), id))
        }
        Some(Cursor::Before(seen, id)) => {
            let end = issues.partition_point(|issue| sort_key(issue) < (Reverse(seen), id));
            end.saturating_sub(limit)
        }
    };
    let rest = issues.get(start..).unwrap_or_default();
    let items = rest.get(..limit).unwrap_or(rest);
    let next = items.last().filter(|_| items.len() < rest.len());
    let prev = items.first().filter(|_| start > 0);
    Ok(Page {
        next: next.map(|issue| written('n', issue)),
        prev: prev.map(|issue| written('p', issue)),
        items: items.iter().map(|issue| (*issue).clone()).collect(),
    })
}

/// Where a page begins or ends, as [`sort_key`] has it.
enum Cursor<'c> {
    After(i64, &'c str),
    Before(i64, &'c str),
}

impl<'c> Cursor<'c> {
    fn parse(text: &'c str) -> Result<Self> {
        let mut parts = text.splitn(3, '.');
        let (way, seen, id) = (parts.next(), parts.next(), parts.next());
        match (way, seen.and_then(|seen| seen.parse().ok()), id) {
            (Some("n"), Some(seen), Some(id)) => Ok(Self::After(seen, id)),
            (Some("p"), Some(seen), Some(id)) => Ok(Self::Before(seen, id)),
            _ => {
                let message = "could not go on with the list because its cursor is not one of ours; begin again without a cursor";
                Err(Error::new(ErrorKind::Invalid, ADAPTER, "issues", message))
            }
        }
    }
}

fn written(way: char, issue: &Issue) -> String {
    let (Reverse(seen), id) = sort_key(issue);
    format!("{way}.{seen}.{id}")
}
