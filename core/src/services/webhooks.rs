//! Taking webhooks: a delivery is checked, what it asks for is queued, and that is all that happens
//! before it is answered.

use std::time::Duration;

use crate::{
    domain::{Workspace, WorkspaceId},
    ports::SourceSignal,
    services::{
        Failure, Ports,
        automatic::{Automatic, Back, Found},
    },
};

/// How long deliveries are remembered. Senders repeat one within minutes, if at all.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The longest mark that is remembered, in bytes; senders use 32 and 64.
const MAX_MARK: usize = 128;

/// A delivery as it came in.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// Every header, its name in any case.
    pub headers: &'a [(String, String)],
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// So many analyses were queued, or had been queued already.
    Queued(usize),
    /// It asked for nothing, or for nothing that the workspace wants.
    Nothing,
    /// It had been taken before.
    Again,
}

/// Taking webhooks.
#[derive(Debug)]
pub struct Webhooks {
    automatic: Automatic,
    ports: Ports,
}

impl Webhooks {
    pub(super) fn new(ports: Ports) -> Self {
        Self {
            automatic: Automatic::new(ports.clone()),
            ports,
        }
    }

    /// Takes a delivery of Sentry to a workspace. What it asks for is in the store when this is
    /// answered.
    pub async fn sentry(&self, workspace: &str, delivery: &Delivery<'_>) -> Result<Taken, Failure> {
        let workspace = self.workspace(workspace).await?;
        let Delivery { headers, body } = delivery;
        let sources = &self.ports.sources;
        let signals = sources.sentry_webhook(&workspace, headers, body).await?;
        let found: Vec<_> = signals.into_iter().filter_map(found).collect();
        if found.is_empty() {
            return Ok(Taken::Nothing);
        }
        let marks = marks(headers);
        if self
            .ports
            .deliveries
            .is_known(&workspace.id, &marks)
            .await?
        {
            return Ok(Taken::Again);
        }
        let queued = self.automatic.queue(&workspace, found).await?;
        // Remembered last: one that is cut short here is queued again, and joins what there is.
        let now = self.ports.clock.now();
        let until = now + REMEMBERED;
        let deliveries = &self.ports.deliveries;
        deliveries
            .remember(&workspace.id, &marks, until, now)
            .await?;
        Ok(match queued {
            0 => Taken::Nothing,
            queued => Taken::Queued(queued),
        })
    }

    async fn workspace(&self, id: &str) -> Result<Workspace, Failure> {
        let id: WorkspaceId = id.parse().map_err(|_| Failure::NoSuchWebhook)?;
        let found = self.ports.workspaces.get(&id).await?;
        found.ok_or(Failure::NoSuchWebhook)
    }
}

fn found(signal: SourceSignal) -> Option<Found> {
    match signal {
        SourceSignal::IssueSeen { issue, event } => {
            let back = if issue.substatus.as_deref() == Some("regressed") {
                Back::Now
            } else {
                Back::No
            };
            Some(Found {
                issue: *issue,
                event,
                back,
            })
        }
        SourceSignal::IssueClosed { .. } => None,
    }
}

/// What a delivery is known by: the sender's id for it, and its signature, which only the same body
/// has. The id is not signed, so whoever repeats a delivery could give it another.
fn marks(headers: &[(String, String)]) -> Vec<String> {
    let value = |name: &str| {
        let mut headers = headers.iter();
        let (_, value) = headers.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        let value = value.trim().to_ascii_lowercase();
        (1..=MAX_MARK).contains(&value.len()).then_some(value)
    };
    let marks = ["request-id", "sentry-hook-signature"];
    marks.into_iter().filter_map(value).collect()
}
