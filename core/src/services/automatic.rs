//! Queueing analyses that nobody asked for in person: what a webhook or a look at the source found,
//! if the workspace wants that and it is not there yet.

use std::collections::HashMap;

use futures::future::try_join_all;

use crate::{
    Error,
    domain::{Analysis, AutoAnalyze, Event, Evidence, Issue, NewAnalysis, Stale, Workspace},
    explain::{self, stale},
    ports::NoticeKind,
    services::{Failure, Ports, new_id},
};

/// An issue that a source reported or listed.
#[derive(Debug)]
pub(super) struct Found {
    pub issue: Issue,
    /// The event that came with it, where one did.
    pub event: Option<Box<Event>>,
    /// Whether it came back after it had been dealt with, as far as this source says when.
    pub back: Back,
}

/// Whether an issue came back after it had been dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Back {
    /// It is not known to have.
    No,
    /// Just now.
    Now,
    /// At some time: it is news only if the analysis was made before.
    Once,
}

/// Queueing analyses that nobody asked for in person.
#[derive(Debug)]
pub(super) struct Automatic {
    ports: Ports,
}

impl Automatic {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Queues those of `found` that the workspace wants explained and that are not, in the owner's
    /// name; tells how many. Once this is answered they are kept.
    pub(super) async fn queue(&self, of: &Workspace, found: Vec<Found>) -> Result<usize, Failure> {
        if !of.settings.auto_analyze {
            return Ok(0);
        }
        let only = &of.settings.auto_analyze_only;
        let mut wanted: Vec<_> = found
            .into_iter()
            .filter(|it| wants(only, &it.issue))
            .collect();
        let ids: Vec<&str> = wanted.iter().map(|it| it.issue.id.as_str()).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        let known = self.ports.analyses.of_issues(&of.id, &ids).await?;
        let known = known.into_iter().map(|it| (it.issue.id.clone(), it));
        let mut known: HashMap<_, _> = known.collect();
        wanted.retain(|it| is_missing(known.get(&it.issue.id), it));
        let queued = wanted.into_iter().map(|it| {
            let former = known.remove(&it.issue.id);
            self.enqueue(of, it, former)
        });
        Ok(try_join_all(queued).await?.len())
    }

    /// Notes which results are out of date by what the events in `found` show.
    pub(super) async fn note_newer(&self, of: &Workspace, found: &[Found]) -> Result<(), Failure> {
        let events = found
            .iter()
            .filter_map(|it| Some((&it.issue, it.event.as_deref()?)));
        let events: HashMap<&str, _> = events.map(|it| (it.0.id.as_str(), it)).collect();
        if events.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = events.keys().copied().collect();
        for known in self.ports.analyses.of_issues(&of.id, &ids).await? {
            // One that was sent late may have been looked at.
            let is_newer =
                |event: &Event| event.timestamp.is_none_or(|at| Some(at) > known.started_at);
            if let Some((issue, event)) = events.get(known.issue.id.as_str())
                && is_newer(event)
            {
                let newer = explain::collect((*issue).clone(), vec![(*event).clone()]);
                self.ports.note_newer(&known, &newer).await?;
            }
        }
        Ok(())
    }

    async fn enqueue(
        &self,
        of: &Workspace,
        found: Found,
        former: Option<Analysis>,
    ) -> Result<(), Failure> {
        let request = NewAnalysis {
            id: new_id(&*self.ports.ids)?,
            workspace_id: of.id.clone(),
            issue: found.issue,
            former: former.map(Box::new),
            event: found.event,
            force: false,
            requested_by: of.owner_id.clone(),
            trace: None,
            at: self.ports.clock.now(),
        };
        let analysis = self.ports.analyses.enqueue(request).await?;
        self.ports
            .tell(&of.id, &analysis.id, NoticeKind::Queued)
            .await;
        Ok(())
    }
}

/// Whether the workspace wants this issue. What the source left out stands in nobody's way.
fn wants(only: &AutoAnalyze, issue: &Issue) -> bool {
    let level = only.min_level.is_none_or(|least| issue.level <= least);
    let priority = |word: &str| ["low", "medium", "high"].iter().position(|it| *it == word);
    let least = only.min_priority.as_deref().and_then(priority);
    let urgent = issue.priority.as_deref().and_then(priority);
    let urgent = urgent.is_none_or(|it| least.is_none_or(|least| it >= least));
    let often = issue.count == 0 || issue.count >= u64::from(only.min_count);
    let project = &issue.project;
    let ours = |name: &String| *name == project.id || *name == project.slug;
    let projects = only.projects.is_empty() || only.projects.iter().any(ours);
    level && urgent && often && projects
}

/// Whether there is no analysis of it, or only one from before it came back.
fn is_missing(known: Option<&Analysis>, found: &Found) -> bool {
    let Some(known) = known else { return true };
    let before = known.issue.substatus != found.issue.substatus;
    match found.back {
        _ if known.status.is_active() => false,
        Back::No => false,
        Back::Now => true,
        Back::Once => before,
    }
}

impl Ports {
    /// Why the result of `known` is out of date, by what a newer event shows; kept, where it is the
    /// event that says so.
    pub(super) async fn note_newer(
        &self,
        known: &Analysis,
        newer: &Evidence,
    ) -> Result<Option<Stale>, Error> {
        let result = known.specification.as_deref();
        let why = result.and_then(|result| stale::by_evidence(result, newer));
        let by_event = why.filter(|why| *why != Stale::PromptChanged);
        if let Some(why) = by_event
            && known.outdated != by_event
        {
            self.analyses.outdate(known, why).await?;
        }
        Ok(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Level, testkit::samples};

    #[test]
    fn only_what_the_workspace_wants_is_explained_without_being_asked() {
        let only = AutoAnalyze {
            min_level: Some(Level::Error),
            min_priority: Some("medium".to_owned()),
            min_count: 10,
            projects: vec!["shop".to_owned(), "7".to_owned()],
        };
        let mut issue = samples::issue("1");
        issue.count = 10;
        let wanted = |change: fn(&mut Issue)| {
            let mut changed = issue.clone();
            change(&mut changed);
            wants(&only, &changed)
        };
        assert!(wanted(|_| {}));
        assert!(wanted(|it| it.level = Level::Fatal));
        assert!(!wanted(|it| it.level = Level::Warning));
        assert!(!wanted(|it| it.count = 9));
        assert!(wanted(|it| it.count = 0));
        assert!(wanted(|it| it.priority = Some("high".to_owned())));
        assert!(!wanted(|it| it.priority = Some("low".to_owned())));
        assert!(wanted(|it| it.priority = Some("unheard of".to_owned())));
        assert!(!wanted(|it| it.project.slug = "till".to_owned()));
        assert!(wanted(|it| it.project.id = "7".to_owned()));
        assert!(wants(&AutoAnalyze::default(), &Issue::default()));
    }

    #[test]
    fn what_is_explained_is_explained_again_only_when_it_came_back() {
        let known = Analysis::requested(samples::request("1", 0));
        let found = |back| Found {
            issue: Issue {
                substatus: Some("regressed".to_owned()),
                ..samples::issue("1")
            },
            event: None,
            back,
        };
        assert!(is_missing(None, &found(Back::No)));
        assert!(!is_missing(Some(&known), &found(Back::Now)), "it is active");
        let done = samples::completed(&known, "done");
        let mut known = known.ended(done, samples::at(1));
        assert!(!is_missing(Some(&known), &found(Back::No)));
        assert!(is_missing(Some(&known), &found(Back::Now)));
        assert!(is_missing(Some(&known), &found(Back::Once)));
        known.issue.substatus = Some("regressed".to_owned());
        assert!(!is_missing(Some(&known), &found(Back::Once)));
    }
}
