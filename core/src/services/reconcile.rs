//! Looking through a source for issues that no webhook told of: deliveries get lost, and not every
//! source has them. When to look is the app's.

use std::{collections::HashSet, time::Duration};

use crate::{
    Error,
    domain::{Issue, IssueQuery, Timestamp, Watch, Workspace, WorkspaceId},
    services::{
        Failure, Ports,
        automatic::{Automatic, Back, Found},
    },
};

/// How long a look may take before another replica begins one.
const LEASE: Duration = Duration::from_secs(300);
/// How long a look goes on to another page: whoever reads a slow source holds up others, and is
/// to be done before somebody else begins.
const LONGEST: Duration = Duration::from_secs(120);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How far back the first look reaches.
const FIRST: Duration = DAY;
/// How much of what was seen is looked at again: what a source counts late is not missed.
const OVERLAP: Duration = Duration::from_secs(300);
/// Pages of one look at most.
const PAGES: usize = 400;

/// What a look brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// Issues that were seen since the look before.
    pub seen: usize,
    /// Analyses that were queued.
    pub queued: usize,
}

/// Looking through sources.
#[derive(Debug)]
pub struct Reconciler {
    automatic: Automatic,
    ports: Ports,
}

impl Reconciler {
    pub(super) fn new(ports: Ports) -> Self {
        Self {
            automatic: Automatic::new(ports.clone()),
            ports,
        }
    }

    /// At most `limit` of the workspaces that want it, from the first one after `after`.
    pub async fn workspaces(
        &self,
        after: Option<&WorkspaceId>,
        limit: u16,
    ) -> Result<Vec<Workspace>, Error> {
        self.ports.workspaces.automatic(after, limit).await
    }

    /// Looks through the source of a workspace, if it is time and nobody else is at it; the next
    /// look is due in about `interval`.
    pub async fn look(
        &self,
        of: &Workspace,
        interval: Duration,
    ) -> Result<Option<Looked>, Failure> {
        let token = self.ports.ids.next();
        let now = self.ports.clock.now();
        let watches = &self.ports.watches;
        let Some(watch) = watches.claim(&of.id, &token, now, LEASE).await? else {
            return Ok(None);
        };
        let looked = self.look_through(of, &watch, now + LONGEST).await;
        let asked = looked.as_ref().err().and_then(Failure::retry_after);
        let pause = asked.unwrap_or_default().min(DAY);
        let pause = pause.max(spread(&of.id, interval));
        let seen_until = looked
            .as_ref()
            .map_or(watch.seen_until, |(_, until)| *until);
        let due = self.ports.clock.now() + pause;
        watches.end(&of.id, &token, seen_until, due).await?;
        looked.map(|(looked, _)| Some(looked))
    }

    /// Reads pages, the most recently seen first, until they are older than what was seen before.
    async fn look_through(
        &self,
        of: &Workspace,
        watch: &Watch,
        end: Timestamp,
    ) -> Result<(Looked, Option<Timestamp>), Failure> {
        let source = self.ports.sources.open(of)?;
        let began = watch.began - FIRST;
        // A clock that is wrong somewhere must not hide what comes until then.
        let now = self.ports.clock.now();
        let mut until = watch.seen_until.map(|until| until.min(now));
        let since = until.map_or(began, |until| until - OVERLAP);
        let mut looked = Looked { seen: 0, queued: 0 };
        let mut cursors = HashSet::new();
        let mut query = IssueQuery {
            limit: 100,
            ..IssueQuery::default()
        };
        for _ in 0..PAGES {
            let page = source.issues(&query).await.map_err(Failure::Source)?;
            let recent = |issue: &Issue| issue.last_seen.is_none_or(|seen| seen >= since);
            let all = page.items.len();
            let recent: Vec<_> = page.items.into_iter().filter(recent).collect();
            let older = recent.len() < all;
            let newest = recent.iter().filter_map(|it| it.last_seen).max();
            until = newest.map(|newest| newest.min(now)).max(until);
            looked.seen += recent.len();
            let found = recent
                .into_iter()
                .filter_map(|it| news(it, began))
                .collect();
            looked.queued += self.automatic.queue(of, found).await?;
            match page.next {
                // A cursor that comes back would lead round in a circle.
                Some(cursor) if !older && cursors.insert(cursor.clone()) => {
                    query.cursor = Some(cursor);
                }
                _ => return Ok((looked, until)),
            }
            if self.ports.clock.now() >= end {
                tracing::warn!(workspace = %of.id, seconds = LONGEST.as_secs(), "a look was cut short");
                // The next one is to reach as far back as this one should have.
                return Ok((looked, watch.seen_until));
            }
        }
        tracing::warn!(workspace = %of.id, pages = PAGES, "a look ended before the last page");
        Ok((looked, until))
    }
}

/// What is new since `began`, or came back.
fn news(issue: Issue, began: Timestamp) -> Option<Found> {
    let new = issue.first_seen.is_none_or(|seen| seen >= began);
    let back = if issue.substatus.as_deref() == Some("regressed") {
        Back::Once
    } else {
        Back::No
    };
    (new || back == Back::Once).then_some(Found {
        issue,
        event: None,
        back,
    })
}

/// `interval`, up to a tenth more or less: workspaces that began together do not stay together.
fn spread(workspace: &WorkspaceId, interval: Duration) -> Duration {
    let sum = workspace.as_str().bytes().map(u32::from).sum::<u32>();
    interval * (90 + sum % 21) / 100
}
