//! What is sent and answered about notifications.

use explainer_core::domain::{Dispatch, DispatchState, Occasion, Recipient, Webhook as Kept};
use poem_openapi::{Enum, Object};
use serde::Serialize;

use crate::api::time::Time;

/// What a webhook can be told of.
#[derive(Debug, Clone, Copy, Enum, Serialize)]
pub(super) enum WebhookEvent {
    /// An analysis has a result.
    #[oai(rename = "analysis.completed")]
    #[serde(rename = "analysis.completed")]
    Completed,
    /// An analysis failed for good.
    #[oai(rename = "analysis.failed")]
    #[serde(rename = "analysis.failed")]
    Failed,
}

/// A webhook to be made.
#[derive(Debug, Object)]
#[oai(rename = "NewWebhook")]
pub(super) struct NewWebhookBody {
    /// Where requests go.
    #[oai(validator(min_length = 1, max_length = 2048))]
    pub url: String,
    /// What it is told of; everything when left out.
    #[oai(
        default = "all_events",
        nullable,
        validator(min_items = 1, max_items = 10)
    )]
    pub events: Vec<WebhookEvent>,
}

fn all_events() -> Vec<WebhookEvent> {
    vec![WebhookEvent::Completed, WebhookEvent::Failed]
}

/// Changes to a webhook.
#[derive(Debug, Object)]
pub(super) struct WebhookUpdate {
    /// Where requests go.
    #[oai(nullable, validator(min_length = 1, max_length = 2048))]
    pub url: Option<String>,
    /// What it is told of.
    #[oai(nullable, validator(min_items = 1, max_items = 10))]
    pub events: Option<Vec<WebhookEvent>>,
    /// Whether it is told anything.
    #[oai(nullable)]
    pub enabled: Option<bool>,
}

/// Where a program is told.
#[derive(Debug, Object, Serialize)]
pub(super) struct Webhook {
    /// Its identifier.
    id: String,
    /// Where requests go.
    url: String,
    /// What it is told of.
    events: Vec<WebhookEvent>,
    /// Whether it is told anything.
    enabled: bool,
    /// Why the service disabled it, where the service did.
    #[oai(nullable)]
    disabled_because: Option<String>,
    /// Until when requests are signed with its former secret too.
    #[oai(nullable)]
    former_secret_until: Option<Time>,
    /// When it was made.
    created_at: Time,
}

/// A webhook and the secret that requests to it are signed with.
#[derive(Debug, Object, Serialize)]
pub(super) struct WebhookCreated {
    /// The secret: `whsec_` and a key in base64. It is shown this once.
    pub secret: String,
    /// What is known of it from now on.
    #[oai(flatten)]
    #[serde(flatten)]
    pub about: Webhook,
}

/// How a test went.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "NotificationTested")]
pub(super) struct Tried {
    /// Whether it was taken.
    delivered: bool,
    /// The HTTP status of the answer, where there was one.
    #[oai(nullable)]
    status: Option<u16>,
    /// How long it took, in milliseconds.
    latency_ms: u64,
    /// What went wrong, and what to do.
    #[oai(nullable)]
    error: Option<String>,
    /// What it is called among the deliveries.
    delivery_id: String,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum DeliveryState {
    /// It waits for its time, or is being sent.
    Waiting,
    /// It was taken.
    Delivered,
    /// It was not, as often as it was tried.
    Failed,
    /// Nobody wants it any more: what it goes to was removed, disabled or changed.
    Cancelled,
}

/// By which way it goes.
#[derive(Debug, Clone, Copy, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Channel {
    /// A request to a program.
    Webhook,
    /// A mail.
    Email,
}

/// One notification to one recipient.
#[derive(Debug, Object, Serialize)]
pub(super) struct Delivery {
    /// Its identifier, and the `webhook-id` of its requests.
    id: String,
    /// By which way it goes.
    channel: Channel,
    /// The webhook's id, or the address.
    to: String,
    /// What it tells of: `analysis.completed`, `analysis.failed` or `notification.test`.
    event: String,
    /// The analysis it is about.
    analysis_id: String,
    /// The issue that is about.
    issue_id: String,
    /// The issue's title.
    title: String,
    /// How far it is.
    state: DeliveryState,
    /// How often it was sent, or begun to be.
    attempts: u32,
    /// When it was sent the last time.
    #[oai(nullable)]
    last_attempt_at: Option<Time>,
    /// The HTTP status of the last answer, where there was one.
    #[oai(nullable)]
    last_status: Option<u16>,
    /// How long the last try took, in milliseconds.
    #[oai(nullable)]
    last_latency_ms: Option<u64>,
    /// What went wrong the last time.
    #[oai(nullable)]
    last_error: Option<String>,
    /// When it is sent next; while it is being sent, when it is at the latest.
    #[oai(nullable)]
    next_attempt_at: Option<Time>,
    /// When it was written.
    created_at: Time,
    /// When it ended.
    #[oai(nullable)]
    ended_at: Option<Time>,
}

/// Some deliveries.
#[derive(Debug, Object, Serialize)]
pub(super) struct DeliveryPage {
    /// The deliveries, newest first.
    pub deliveries: Vec<Delivery>,
    /// What to send as `cursor` for those before; null when there are none.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

impl From<WebhookEvent> for Occasion {
    fn from(event: WebhookEvent) -> Self {
        match event {
            WebhookEvent::Completed => Self::Completed,
            WebhookEvent::Failed => Self::Failed,
        }
    }
}

impl From<Kept> for Webhook {
    fn from(kept: Kept) -> Self {
        let event = |occasion| match occasion {
            Occasion::Completed => Some(WebhookEvent::Completed),
            Occasion::Failed => Some(WebhookEvent::Failed),
            Occasion::Test => None,
        };
        Self {
            id: kept.id.into(),
            url: kept.url,
            events: kept.events.into_iter().filter_map(event).collect(),
            enabled: kept.enabled,
            disabled_because: kept.disabled_because,
            former_secret_until: kept.former_secret.map(|former| former.until.into()),
            created_at: kept.created_at.into(),
        }
    }
}

impl From<Dispatch> for Tried {
    fn from(dispatch: Dispatch) -> Self {
        let last = dispatch.last;
        Self {
            delivered: dispatch.state == DispatchState::Delivered,
            status: last.as_ref().and_then(|last| last.status),
            latency_ms: last.as_ref().map_or(0, |last| last.milliseconds),
            error: last.and_then(|last| last.error),
            delivery_id: dispatch.id.into(),
        }
    }
}

impl From<Dispatch> for Delivery {
    fn from(dispatch: Dispatch) -> Self {
        let (channel, to) = match dispatch.to {
            Recipient::Webhook(id) => (Channel::Webhook, id.into()),
            Recipient::Mail(address) => (Channel::Email, address),
        };
        let last = dispatch.last.as_ref();
        let told = dispatch.notification;
        Self {
            id: dispatch.id.into(),
            channel,
            to,
            event: told.occasion.as_str().to_owned(),
            analysis_id: told.analysis_id.into(),
            issue_id: told.issue_id,
            title: told.title,
            state: match dispatch.state {
                DispatchState::Waiting => DeliveryState::Waiting,
                DispatchState::Delivered => DeliveryState::Delivered,
                DispatchState::Failed => DeliveryState::Failed,
                DispatchState::Cancelled => DeliveryState::Cancelled,
            },
            attempts: dispatch.attempts,
            last_attempt_at: last.map(|last| last.at.into()),
            last_status: last.and_then(|last| last.status),
            last_latency_ms: last.map(|last| last.milliseconds),
            last_error: last.and_then(|last| last.error.clone()),
            next_attempt_at: dispatch.due_at.map(Into::into),
            created_at: dispatch.created_at.into(),
            ended_at: dispatch.ended_at.map(Into::into),
        }
    }
}
