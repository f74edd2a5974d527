//! Pages of a list that a source holds whole.
//!
//! A cursor names the issue it stands at and not a count, so that nothing is shown twice or left
//! out when issues come or go between two pages.

use crate::{Error, Issue, Page, Query};

impl Page {
    /// The page of `issues`, which are in the list's order, that `query` asks for: its project, its
    /// limit and its cursor. What to look for (`query.query`) is for the source to have applied.
    pub fn of(issues: &[Issue], query: &Query) -> Result<Self, Error> {
        let wanted = |issue: &&Issue| {
            let project = query.project.as_ref();
            project.is_none_or(|it| *it == issue.project.id || *it == issue.project.slug)
        };
        let found: Vec<_> = issues.iter().filter(wanted).collect();
        let limit = usize::from(query.limit);
        let start = match &query.cursor {
            None => 0,
            Some(cursor) => start(&found, cursor, limit).ok_or_else(|| {
                Error::invalid(
                    "could not go on in the list because the cursor is not one of ours; start again without one",
                )
            })?,
        };
        let end = start.saturating_add(limit).min(found.len());
        let items: Vec<_> = found[start..end].iter().map(|&it| it.clone()).collect();
        let next = items.last().filter(|_| end < found.len());
        let prev = items.first().filter(|_| start > 0);
        Ok(Self {
            next: next.map(|issue| format!("after.{}", issue.id)),
            prev: prev.map(|issue| format!("before.{}", issue.id)),
            items,
        })
    }
}

/// Where the page of a cursor starts.
fn start(found: &[&Issue], cursor: &str, limit: usize) -> Option<usize> {
    let (way, id) = cursor.split_once('.')?;
    let at = found.iter().position(|issue| issue.id == id)?;
    match way {
        "after" => Some(at + 1),
        "before" => Some(at.saturating_sub(limit)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(page: &Page) -> Vec<&str> {
        page.items.iter().map(|issue| issue.id.as_str()).collect()
    }

    #[test]
    fn pages_lead_on_and_back() {
        let issue = |id: &str| Issue {
            id: id.to_owned(),
            ..Issue::default()
        };
        let issues = ["a", "b", "c"].map(issue);
        let page = |cursor: Option<String>| {
            let query = Query {
                limit: 2,
                cursor,
                ..Query::default()
            };
            Page::of(&issues, &query)
        };
        let first = page(None).unwrap();
        assert_eq!((ids(&first), &first.prev), (vec!["a", "b"], &None));
        let second = page(first.next).unwrap();
        assert_eq!((ids(&second), &second.next), (vec!["c"], &None));
        assert_eq!(ids(&page(second.prev).unwrap()), ["a", "b"]);
        for foreign in ["", "after", "after.", "after.z", "before.", "beside.a"] {
            assert!(page(Some(foreign.to_owned())).is_err(), "{foreign}");
        }
    }
}
