//! Reading what an explanation is made from.

use futures::future::join;

use crate::{
    Result,
    domain::{Analysis, Event, Evidence, Issue, Neighbour, Workspace},
    explain,
    services::{Failure, Ports, recent::Recent},
};

/// How many events of an issue are looked at to find the one that tells most.
const EVENTS: u16 = 5;

/// Reading what an explanation is made from.
#[derive(Debug)]
pub(super) struct Reading {
    ports: Ports,
    recent: Recent,
}

impl Reading {
    pub(super) fn new(ports: Ports) -> Self {
        Self {
            ports,
            recent: Recent::default(),
        }
    }

    /// The evidence of an issue, as its source has it now, with the issue and the event that came
    /// with the request, if one did.
    pub(super) async fn evidence(
        &self,
        of: &Workspace,
        issue: &str,
        delivered: Option<(&Issue, &Event)>,
    ) -> Result<Evidence, Failure> {
        let source = self.ports.sources.open(of)?;
        let both = join(source.issue(issue), source.events(issue, EVENTS));
        let (found, mut events) = both.await;
        let found = found.map_err(Failure::Source)?;
        if let Some(other) = found.as_ref().filter(|found| found.id != issue) {
            // The source has merged it into that one, which has the events now.
            events = source.events(&other.id, EVENTS).await;
        }
        // Gone by now, or kept where the token does not reach: what was delivered is here.
        let found = found.or_else(|| delivered.map(|(issue, _)| issue.clone()));
        let issue = found.ok_or(Failure::IssueNotFound)?;
        let events = with_delivered(events, delivered.map(|(_, event)| event))?;
        Ok(explain::collect(issue, events))
    }

    /// Issues that may have to do with this one: of those explained last, the ones of the same
    /// project that failed at the same place or in the same way.
    pub(super) async fn candidates(
        &self,
        of: &Workspace,
        evidence: &Evidence,
    ) -> Result<Vec<Neighbour>, Failure> {
        let own = &evidence.issue;
        let alike = |other: &Neighbour| {
            other.id != own.id
                && other.project.id == own.project.id
                && (other.culprit.is_some() && other.culprit == own.culprit
                    || kind(&other.title) == kind(&own.title))
        };
        let Ports {
            analyses, clock, ..
        } = &self.ports;
        let found = self.recent.alike(&**analyses, &**clock, &of.id, alike);
        Ok(found.await?)
    }

    /// Notes that an analysis has come to a result.
    pub(super) fn explained(&self, analysis: &Analysis) {
        self.recent.add(analysis);
    }
}

/// The events of the source, and the one that came with the request, which is enough where the
/// source fails.
fn with_delivered(
    events: Result<Vec<Event>>,
    delivered: Option<&Event>,
) -> Result<Vec<Event>, Failure> {
    let Some(delivered) = delivered else {
        return events.map_err(Failure::Source);
    };
    let mut events = events.unwrap_or_else(|error| {
        tracing::warn!(?error, "only the delivered event is looked at");
        Vec::new()
    });
    if events.iter().all(|event| event.id != delivered.id) {
        events.push(delivered.clone());
    }
    Ok(events)
}

/// What failed: the title up to its message.
fn kind(title: &str) -> &str {
    let end = title.find(':').unwrap_or(title.len());
    title[..end].trim()
}
