//! Issues made of events: grouped, counted, the most recently seen first.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use explainer_core::{
    domain::{Event, Issue, Project},
    explain::collect::{group_key, issue_of},
};

/// Every issue there is, with its events.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// The most recently seen first.
    issues: Vec<(Issue, Vec<Arc<Event>>)>,
    by_id: HashMap<String, usize>,
}

impl Index {
    /// Groups `events`; those that name no project belong to the one called `name`.
    pub(super) fn new(name: &str, events: impl Iterator<Item = Arc<Event>>) -> Self {
        let mut groups: HashMap<String, Vec<Arc<Event>>> = HashMap::new();
        for event in events {
            let group = groups.entry(group_key(&event)).or_default();
            // The same event may lie in several files.
            if event.id.is_none() || group.iter().all(|known| known.id != event.id) {
                group.push(event);
            }
        }
        let project = named(name);
        let mut issues: Vec<_> = groups
            .into_values()
            .map(|events| entry(events, &project))
            .collect();
        issues.sort_by(|(a, _), (b, _)| b.last_seen.cmp(&a.last_seen).then(a.id.cmp(&b.id)));
        let ids = issues.iter().enumerate();
        let by_id = ids.map(|(at, (issue, _))| (issue.id.clone(), at)).collect();
        Self { issues, by_id }
    }

    pub(super) fn mark_as_samples(&mut self) {
        for (issue, _) in &mut self.issues {
            issue.sample = true;
        }
    }

    /// The issues, the most recently seen first.
    pub(super) fn issues(&self) -> impl Iterator<Item = &Issue> {
        self.issues.iter().map(|(issue, _)| issue)
    }

    /// An issue and its events, the newest first.
    pub(super) fn get(&self, id: &str) -> Option<(&Issue, &[Arc<Event>])> {
        let (issue, events) = self.issues.get(*self.by_id.get(id)?)?;
        Some((issue, events))
    }

    /// The projects of all issues, by id.
    pub(super) fn projects(&self) -> Vec<Project> {
        let mut projects: Vec<_> = self.issues().map(|issue| issue.project.clone()).collect();
        projects.sort_by(|a, b| a.id.cmp(&b.id));
        projects.dedup_by(|a, b| a.id == b.id);
        projects
    }
}

fn entry(mut events: Vec<Arc<Event>>, project: &Project) -> (Issue, Vec<Arc<Event>>) {
    events.sort_by_key(|event| Reverse(event.timestamp));
    let mut issue = issue_of(&events);
    if issue.project.id.is_empty() {
        issue.project = project.clone();
    }
    (issue, events)
}

/// The project of documents that name none.
fn named(name: &str) -> Project {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let slug: String = name.chars().map(plain).take(50).collect();
    let slug = match slug.trim_matches('-') {
        "" => "files",
        slug => slug,
    };
    Project {
        id: slug.to_owned(),
        slug: slug.to_owned(),
        name: name.to_owned(),
        platform: None,
    }
}
