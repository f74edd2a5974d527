//! Events grouped into issues.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use explainer_core::{
    domain::{Event, Issue, Project},
    explain::collect::{group_key, issue_of},
};

/// Every issue, the most recently seen first.
#[derive(Debug)]
pub(super) struct Index {
    entries: Vec<Entry>,
    by_id: HashMap<String, usize>,
}

/// An issue and its events.
#[derive(Debug)]
pub(super) struct Entry {
    pub issue: Issue,
    /// The newest first.
    pub events: Vec<Event>,
}

impl Index {
    /// Groups `events`; those that name no project belong to one called `name`.
    pub(super) fn new(name: &str, events: Vec<Event>) -> Self {
        let mut groups: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        for event in events {
            groups.entry(group_key(&event)).or_default().push(event);
        }
        let mut entries: Vec<_> = groups
            .into_values()
            .map(|events| entry(name, events))
            .collect();
        entries.sort_by(|one, other| sort_key(&one.issue).cmp(&sort_key(&other.issue)));
        let ids = entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.issue.id.clone(), at));
        let by_id = ids.collect();
        Self { entries, by_id }
    }

    /// The same for documents that are part of the program.
    pub(super) fn of_samples(name: &str, events: Vec<Event>) -> Self {
        let mut index = Self::new(name, events);
        for entry in &mut index.entries {
            entry.issue.sample = true;
        }
        index
    }

    /// Every issue, the most recently seen first.
    pub(super) fn issues(&self) -> impl Iterator<Item = &Issue> {
        self.entries.iter().map(|entry| &entry.issue)
    }

    /// The issue with this id.
    pub(super) fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.get(*self.by_id.get(id)?)
    }

    /// Every project, by id.
    pub(super) fn projects(&self) -> Vec<Project> {
        let projects = self
            .issues()
            .map(|issue| (issue.project.id.clone(), issue.project.clone()));
        projects.collect::<BTreeMap<_, _>>().into_values().collect()
    }
}

/// What issues are listed by: the most recently seen first, and then by id.
pub(super) fn sort_key(issue: &Issue) -> (Reverse<i64>, &str) {
    let seen = issue
        .last_seen
        .map_or(0, explainer_core::domain::Timestamp::as_millisecond);
    (Reverse(seen), &issue.id)
}

fn entry(name: &str, mut events: Vec<Event>) -> Entry {
    events.sort_by_key(|event| Reverse(event.timestamp));
    let mut issue = issue_of(&events);
    if issue.project.id.is_empty() {
        let name = || name.to_owned();
        issue.project = Project {
            id: name(),
            slug: name(),
            name: name(),
            platform: None,
        };
    }
    "unresolved".clone_into(&mut issue.status);
    Entry { issue, events }
}
