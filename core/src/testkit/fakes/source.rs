//! An issue source that holds what a test put in, and fails and waits when a test says so.

use std::{
    cmp::Reverse,
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use futures::channel::oneshot;

use crate::{
    Error, ErrorKind, Result,
    domain::{Event, Issue, IssueQuery, Page, Project},
    ports::{IssueSource, SourceStatus},
};

/// Issues with their events, in memory.
///
/// It knows no search language: a query other than an empty one or `is:unresolved` is looked for
/// in the title.
#[derive(Debug, Default)]
pub struct FakeSource {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The most recently seen first.
    issues: Vec<(Issue, Vec<Event>)>,
    /// What happens to the next calls.
    upsets: VecDeque<Upset>,
    calls: usize,
}

#[derive(Debug)]
enum Upset {
    Fail(ErrorKind),
    Wait(oneshot::Receiver<()>),
}

impl FakeSource {
    /// A source of these issues, each with its events in any order.
    pub fn new(issues: impl IntoIterator<Item = (Issue, Vec<Event>)>) -> Self {
        let source = Self::default();
        for (issue, events) in issues {
            source.put(issue, events);
        }
        source
    }

    /// Adds an issue with its events, or replaces the one with its id.
    pub fn put(&self, issue: Issue, mut events: Vec<Event>) {
        events.sort_by_key(|event| Reverse(event.timestamp));
        let issues = &mut self.state().issues;
        issues.retain(|(known, _)| known.id != issue.id);
        issues.push((issue, events));
        issues.sort_by(|(a, _), (b, _)| b.last_seen.cmp(&a.last_seen).then(a.id.cmp(&b.id)));
    }

    /// The next call fails with this; called twice, the one after it too.
    pub fn fail_next(&self, kind: ErrorKind) {
        self.state().upsets.push_back(Upset::Fail(kind));
    }

    /// The next call waits until the answer is used to let it go on, or is dropped.
    #[must_use]
    pub fn hold_next(&self) -> oneshot::Sender<()> {
        let (go, held) = oneshot::channel();
        self.state().upsets.push_back(Upset::Wait(held));
        go
    }

    /// How many calls there were, failed ones too.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn called(&self, operation: &'static str) -> Result<()> {
        let upset = {
            let mut state = self.state();
            state.calls += 1;
            state.upsets.pop_front()
        };
        match upset {
            None => Ok(()),
            Some(Upset::Wait(held)) => {
                // Dropped or used, the wait is over.
                let _ = held.await;
                Ok(())
            }
            Some(Upset::Fail(kind)) => {
                let why = "could not answer because a test said so; ask again";
                Err(Error::new(kind, "fake", operation, why))
            }
        }
    }
}

#[async_trait]
impl IssueSource for FakeSource {
    async fn check(&self) -> Result<SourceStatus> {
        let projects = self.projects().await?;
        Ok(SourceStatus {
            organization: None,
            projects,
        })
    }

    async fn projects(&self) -> Result<Vec<Project>> {
        self.called("projects").await?;
        let mut projects: Vec<Project> = Vec::new();
        for (issue, _) in &self.state().issues {
            if projects.iter().all(|known| known.id != issue.project.id) {
                projects.push(issue.project.clone());
            }
        }
        Ok(projects)
    }

    async fn issues(&self, query: &IssueQuery) -> Result<Page<Issue>> {
        self.called("issues").await?;
        if query.period.is_some() {
            let why = "could not list the issues of a period because there is no clock here";
            return Err(Error::new(ErrorKind::Unsupported, "fake", "issues", why));
        }
        let start = query.cursor.as_deref().map_or(Ok(0), |cursor| {
            let why = "could not go on because the cursor is not one of ours; start again";
            let invalid = |_| Error::new(ErrorKind::Invalid, "fake", "issues", why);
            cursor.parse::<usize>().map_err(invalid)
        })?;
        let found: Vec<_> = {
            let state = self.state();
            let wanted = state.issues.iter().filter(|(issue, events)| {
                is_wanted(issue, query) && happened_in(query.environment.as_deref(), events)
            });
            wanted.map(|(issue, _)| issue.clone()).collect()
        };
        let limit = usize::from(query.limit);
        let end = start.saturating_add(limit);
        Ok(Page {
            next: (end < found.len()).then(|| end.to_string()),
            prev: (start > 0).then(|| start.saturating_sub(limit).to_string()),
            items: found.into_iter().skip(start).take(limit).collect(),
        })
    }

    async fn issue(&self, id: &str) -> Result<Option<Issue>> {
        self.called("issue").await?;
        let state = self.state();
        let found = state.issues.iter().find(|(issue, _)| issue.id == id);
        Ok(found.map(|(issue, _)| issue.clone()))
    }

    async fn events(&self, issue: &str, limit: u16) -> Result<Vec<Event>> {
        self.called("events").await?;
        let state = self.state();
        let found = state.issues.iter().find(|(known, _)| known.id == issue);
        let events = found.map(|(_, events)| events.as_slice());
        let newest = events.unwrap_or_default().iter().take(limit.into());
        Ok(newest.cloned().collect())
    }
}

fn is_wanted(issue: &Issue, query: &IssueQuery) -> bool {
    let project = query.project.as_deref();
    let in_project =
        project.is_none_or(|wanted| wanted == issue.project.id || wanted == issue.project.slug);
    let everything = matches!(query.query.as_str(), "" | "is:unresolved");
    in_project && (everything || issue.title.contains(&query.query))
}

fn happened_in(environment: Option<&str>, events: &[Event]) -> bool {
    environment.is_none_or(|it| {
        events
            .iter()
            .any(|event| event.environment.as_deref() == Some(it))
    })
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, executor::block_on};

    use super::*;
    use crate::testkit::conformance::{issue_source::CASES, run};

    fn issue(number: i64) -> (Issue, Vec<Event>) {
        let event = |second| Event {
            timestamp: jiff::Timestamp::from_second(second).ok(),
            ..Event::default()
        };
        let project = if number % 2 == 0 { "shop" } else { "billing" };
        let issue = Issue {
            id: number.to_string(),
            title: format!("Error: number {number}"),
            project: Project {
                id: format!("{}", project.len() + 1000),
                slug: project.to_owned(),
                name: project.to_owned(),
                platform: None,
            },
            last_seen: jiff::Timestamp::from_second(number).ok(),
            ..Issue::default()
        };
        (issue, vec![event(number - 9), event(number)])
    }

    #[test]
    fn it_is_an_issue_source() {
        let report = run("fake", CASES, |case| {
            let source = FakeSource::new((1..=5).map(issue));
            block_on((case.run)(&source))
        });
        assert_eq!(report.skipped, []);
    }

    #[test]
    fn it_fails_and_waits_when_told_to() {
        let source = FakeSource::new([issue(1)]);
        source.fail_next(ErrorKind::RateLimited);
        let error = block_on(source.issue("1")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);

        let go = source.hold_next();
        let mut held = source.issue("1");
        assert!((&mut held).now_or_never().is_none());
        go.send(()).unwrap();
        assert!(block_on(held).unwrap().is_some());
        assert_eq!(source.calls(), 2);
    }
}
