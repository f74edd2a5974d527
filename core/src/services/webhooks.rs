//! Taking webhooks: a delivery is checked, what it asks for is queued, and that is all that happens
//! before it is answered.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::{
    digest::hex,
    domain::{Workspace, WorkspaceId},
    ports::SourceSignal,
    services::{
        Failure, Ports,
        automatic::{Automatic, Back, Found},
    },
};

/// How long deliveries are remembered. Senders repeat one within minutes, if at all.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The headers that senders put their id of a delivery in: Sentry, and those who follow the
/// specification «Standard Webhooks».
const ID_HEADERS: [&str; 2] = ["request-id", "webhook-id"];
/// The longest id that is remembered, in bytes; senders use some 30.
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

    /// Takes a delivery to a workspace from the tracker behind its source, of this kind. What it
    /// asks for is in the store when this is answered.
    pub async fn take(
        &self,
        kind: &str,
        workspace: &str,
        delivery: &Delivery<'_>,
    ) -> Result<Taken, Failure> {
        let sources = &self.ports.sources;
        // First of all, so that the answer tells nothing of the workspace.
        let kind = sources.with_webhooks(kind).ok_or(Failure::NoSuchWebhook)?;
        let workspace = self.workspace(workspace).await?;
        let Delivery { headers, body } = delivery;
        let signals = sources.webhook(kind, &workspace, headers, body).await?;
        let found: Vec<_> = signals.into_iter().filter_map(found).collect();
        if found.is_empty() {
            return Ok(Taken::Nothing);
        }
        let marks = marks(delivery);
        if self
            .ports
            .deliveries
            .is_known(&workspace.id, &marks)
            .await?
        {
            return Ok(Taken::Again);
        }
        self.automatic.note_newer(&workspace, &found).await?;
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

/// What a delivery is known by: the sender's id for it, and its body. The id is not always signed,
/// so whoever repeats a delivery could give it another.
fn marks(delivery: &Delivery<'_>) -> Vec<String> {
    let value = |name: &str| {
        let mut headers = delivery.headers.iter();
        let (_, value) = headers.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        let value = value.trim().to_ascii_lowercase();
        (1..=MAX_MARK).contains(&value.len()).then_some(value)
    };
    let digest = hex(&Sha256::digest(delivery.body));
    let ids = ID_HEADERS.into_iter().filter_map(value);
    ids.chain([digest]).collect()
}
