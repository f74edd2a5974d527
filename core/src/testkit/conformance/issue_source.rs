//! What every [`IssueSource`] does, whatever it reads from.
//!
//! The suite knows nothing of what a source holds beyond what it finds by asking; it wants at
//! least one issue, and skips what takes several where there are too few.

use std::collections::BTreeSet;

use super::{Case, Stop, Verdict};
use crate::{
    Error, ErrorKind,
    domain::{Issue, IssueQuery, Page},
    ports::IssueSource,
};

/// Every promise of [`IssueSource`].
pub const CASES: &[Case<dyn IssueSource>] = crate::cases![dyn IssueSource;
    "check says that the source answers" => check_says_that_the_source_answers,
    "projects have an id and a slug and no two share an id" => projects_have_an_id_and_a_slug_and_no_two_share_an_id,
    "a listed issue has an id, a title and a project" => a_listed_issue_has_an_id_a_title_and_a_project,
    "a page holds at most limit issues" => a_page_holds_at_most_limit_issues,
    "following the next cursor reaches every issue once and ends" => following_the_next_cursor_reaches_every_issue_once_and_ends,
    "the previous cursor leads back" => the_previous_cursor_leads_back,
    "a listed issue is found by its id" => a_listed_issue_is_found_by_its_id,
    "an unknown issue is none, not an error" => an_unknown_issue_is_none_not_an_error,
    "a hostile issue id is none or invalid, never a fault" => a_hostile_issue_id_is_none_or_invalid_never_a_fault,
    "only issues of the project asked for are listed, by id and by slug" => only_issues_of_the_project_asked_for_are_listed_by_id_and_by_slug,
    "an unknown project lists nothing or is not found" => an_unknown_project_lists_nothing_or_is_not_found,
    "an environment that nobody has lists nothing or is refused" => an_environment_that_nobody_has_lists_nothing_or_is_refused,
    "a cursor that is not ours is invalid, not a fault" => a_cursor_that_is_not_ours_is_invalid_not_a_fault,
    "every issue has at least one event" => every_issue_has_at_least_one_event,
    "events are at most limit, newest first" => events_are_at_most_limit_newest_first,
    "the events of an unknown issue are none or not found" => the_events_of_an_unknown_issue_are_none_or_not_found,
];

/// An id that is well formed for any source and that none has.
const UNKNOWN: &str = "999999999999999";
/// Ids and cursors that someone may try.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "..",
    "../../etc/passwd",
    "%2e%2e%2f",
    "a/b?c=d#e",
    "1 OR 1=1; --",
    "\0",
    "\r\nX-Injected: 1",
    "{\"$ne\": null}",
    "é🙂\u{202e}",
];

/// See the Behaviour of [`IssueSource`].
pub async fn check_says_that_the_source_answers(source: &dyn IssueSource) -> Verdict {
    source.check().await?;
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn projects_have_an_id_and_a_slug_and_no_two_share_an_id(
    source: &dyn IssueSource,
) -> Verdict {
    let projects = source.projects().await?;
    let mut ids = BTreeSet::new();
    for project in &projects {
        crate::ensure!(
            !project.id.is_empty() && !project.slug.is_empty(),
            "a project lacks one: {project:?}"
        );
        crate::ensure!(
            ids.insert(&project.id),
            "two projects have the id {}",
            project.id
        );
    }
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn a_listed_issue_has_an_id_a_title_and_a_project(source: &dyn IssueSource) -> Verdict {
    for issue in some_issues(source).await? {
        let named = !issue.project.id.is_empty() || !issue.project.slug.is_empty();
        crate::ensure!(
            !issue.id.is_empty() && !issue.title.is_empty() && named,
            "an issue lacks one: {issue:?}"
        );
    }
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn a_page_holds_at_most_limit_issues(source: &dyn IssueSource) -> Verdict {
    for limit in [1, 2, 100] {
        let held = source.issues(&page(limit, None)).await?.items.len();
        crate::ensure!(held <= usize::from(limit), "a page of {limit} holds {held}");
    }
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn following_the_next_cursor_reaches_every_issue_once_and_ends(
    source: &dyn IssueSource,
) -> Verdict {
    let at_once = ids(&walk(source, 100).await?);
    several(&at_once)?;
    for limit in [1, 2] {
        let one_by_one = ids(&walk(source, limit).await?);
        crate::ensure!(
            one_by_one == at_once,
            "pages of {limit} hold {one_by_one:?} and one page {at_once:?}"
        );
    }
    let distinct: BTreeSet<_> = at_once.iter().collect();
    crate::ensure!(
        distinct.len() == at_once.len(),
        "an issue is listed twice: {at_once:?}"
    );
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn the_previous_cursor_leads_back(source: &dyn IssueSource) -> Verdict {
    let first = source.issues(&page(1, None)).await?;
    crate::ensure!(
        first.prev.is_none(),
        "there is something before the first page"
    );
    if first.next.is_none() {
        return several(&ids(&[first]));
    }
    let second = source.issues(&page(1, first.next.clone())).await?;
    crate::ensure!(
        second.prev.is_some(),
        "there is nothing before the second page"
    );
    let back = source.issues(&page(1, second.prev)).await?;
    crate::ensure!(
        back.items == first.items,
        "back from the second page is {back:?} and not {first:?}"
    );
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn a_listed_issue_is_found_by_its_id(source: &dyn IssueSource) -> Verdict {
    for listed in some_issues(source).await? {
        let found = source.issue(&listed.id).await?;
        let same = found.as_ref().is_some_and(|found| found.id == listed.id);
        crate::ensure!(same, "asked for {}, found {found:?}", listed.id);
    }
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn an_unknown_issue_is_none_not_an_error(source: &dyn IssueSource) -> Verdict {
    let found = source.issue(UNKNOWN).await?;
    crate::ensure!(found.is_none(), "found {found:?}");
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn a_hostile_issue_id_is_none_or_invalid_never_a_fault(
    source: &dyn IssueSource,
) -> Verdict {
    let long = "9".repeat(100_000);
    for id in HOSTILE.iter().copied().chain([long.as_str()]) {
        match source.issue(id).await {
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::Invalid => {}
            other => return failed(format!("{:?} is {other:?}", start_of(id))),
        }
    }
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn only_issues_of_the_project_asked_for_are_listed_by_id_and_by_slug(
    source: &dyn IssueSource,
) -> Verdict {
    let mut listed = 0;
    for project in source.projects().await? {
        let mut found = Vec::new();
        for name in [&project.id, &project.slug] {
            let query = IssueQuery {
                project: Some(name.clone()),
                ..page(100, None)
            };
            let page = source.issues(&query).await?;
            for issue in &page.items {
                let is_it = issue.project.id == project.id || issue.project.slug == project.slug;
                crate::ensure!(is_it, "asked for {name}, listed {issue:?}");
            }
            found.push(ids(&[page]));
        }
        let same = found.windows(2).all(|pair| pair[0] == pair[1]);
        crate::ensure!(
            same,
            "id and slug of {project:?} list different issues: {found:?}"
        );
        listed += found.concat().len();
    }
    crate::ensure!(listed > 0, "no project has an issue");
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn an_unknown_project_lists_nothing_or_is_not_found(source: &dyn IssueSource) -> Verdict {
    let query = IssueQuery {
        project: Some("no-such-project-here".to_owned()),
        ..page(100, None)
    };
    none_or_not_found(source.issues(&query).await.map(|page| page.items))
}

/// See the Behaviour of [`IssueSource`].
pub async fn an_environment_that_nobody_has_lists_nothing_or_is_refused(
    source: &dyn IssueSource,
) -> Verdict {
    let query = IssueQuery {
        environment: Some("no-such-environment-here".to_owned()),
        ..page(100, None)
    };
    match source.issues(&query).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        listed => none_or_not_found(listed.map(|page| page.items)),
    }
}

/// See the Behaviour of [`IssueSource`].
pub async fn a_cursor_that_is_not_ours_is_invalid_not_a_fault(source: &dyn IssueSource) -> Verdict {
    for cursor in HOSTILE {
        let query = page(10, Some((*cursor).to_owned()));
        match source.issues(&query).await {
            Err(error) if error.kind() == ErrorKind::Invalid => {}
            other => return failed(format!("{cursor:?} is {other:?}")),
        }
    }
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn every_issue_has_at_least_one_event(source: &dyn IssueSource) -> Verdict {
    for issue in some_issues(source).await? {
        let events = source.events(&issue.id, 1).await?;
        crate::ensure!(!events.is_empty(), "{} has none", issue.id);
    }
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn events_are_at_most_limit_newest_first(source: &dyn IssueSource) -> Verdict {
    for issue in some_issues(source).await? {
        for limit in [1, 3, 100] {
            let events = source.events(&issue.id, limit).await?;
            crate::ensure!(
                events.len() <= usize::from(limit),
                "{} of at most {limit} events of {}",
                events.len(),
                issue.id
            );
            let times: Vec<_> = events.iter().filter_map(|event| event.timestamp).collect();
            let newest_first = times.windows(2).all(|pair| pair[0] >= pair[1]);
            crate::ensure!(newest_first, "the events of {} are of {times:?}", issue.id);
        }
    }
    Ok(())
}

/// See the Behaviour of [`IssueSource`].
pub async fn the_events_of_an_unknown_issue_are_none_or_not_found(
    source: &dyn IssueSource,
) -> Verdict {
    none_or_not_found(source.events(UNKNOWN, 10).await)
}

fn page(limit: u16, cursor: Option<String>) -> IssueQuery {
    IssueQuery {
        query: String::new(),
        limit,
        cursor,
        ..IssueQuery::default()
    }
}

/// The issues of the first page; there must be one.
async fn some_issues(source: &dyn IssueSource) -> Result<Vec<Issue>, Stop> {
    let issues = source.issues(&page(20, None)).await?.items;
    crate::ensure!(
        !issues.is_empty(),
        "the source lists no issue, so nothing can be tried"
    );
    Ok(issues)
}

/// Every page from the first on.
async fn walk(source: &dyn IssueSource, limit: u16) -> Result<Vec<Page<Issue>>, Stop> {
    let mut pages = Vec::new();
    let mut query = page(limit, None);
    while pages.len() < 1000 {
        let page = source.issues(&query).await?;
        query.cursor.clone_from(&page.next);
        pages.push(page);
        if query.cursor.is_none() {
            return Ok(pages);
        }
    }
    Err(Stop::Failed("there is no end of pages".to_owned()))
}

fn ids(pages: &[Page<Issue>]) -> Vec<String> {
    let issues = pages.iter().flat_map(|page| &page.items);
    issues.map(|issue| issue.id.clone()).collect()
}

fn several(ids: &[String]) -> Verdict {
    if ids.len() < 2 {
        return Err(Stop::Skipped("it takes two issues at least".to_owned()));
    }
    Ok(())
}

fn none_or_not_found<T: std::fmt::Debug>(found: Result<Vec<T>, Error>) -> Verdict {
    match found {
        Ok(found) if found.is_empty() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => failed(format!("found {other:?}")),
    }
}

fn failed(why: String) -> Verdict {
    Err(Stop::Failed(why))
}

fn start_of(id: &str) -> String {
    id.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::CASES;
    use crate::testkit::conformance::assert_covers;

    #[test]
    fn the_suite_covers_the_port() {
        let source = include_str!("../../ports/issue_source.rs");
        assert_covers(source, "IssueSource", CASES);
    }
}
