//! What a workspace's admins do with notifications: who is told, whether that works, and what
//! became of what was told. Sending is in `couriers`.

mod couriers;
mod letter;

use std::time::Duration;

pub use couriers::{Claimed, Couriers};
pub(super) use letter::BY_RULES;

use crate::{
    domain::{
        Dispatch, DispatchId, FormerSecret, MAX_WEBHOOKS, Notification, Occasion, Recipient,
        SecretString, Webhook, WebhookId, Workspace,
    },
    ports::{Mailer, NoticeKind, WebhookSender},
    services::{Access, Failure, Ports, Right, new_id},
};

/// How long requests are signed with a former secret too.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest address, in bytes.
const LONGEST_URL: usize = 2_048;

/// By which ways notifications go out, and how patiently.
#[derive(Debug, Clone)]
pub struct NotificationRules {
    /// How often a notification is sent before it has failed for good, from 1.
    pub attempts: u32,
    /// How long it waits after the first attempt that failed.
    pub first_wait: Duration,
    /// How long one attempt may take.
    pub patience: Duration,
    /// How long it is kept what became of it.
    pub keep: Duration,
}

/// The ways out that this installation has.
#[derive(Debug, Clone, Default)]
pub struct Channels {
    /// Mail, where a server for it is configured.
    pub mail: Option<std::sync::Arc<dyn Mailer>>,
    /// Webhooks, where the build has them.
    pub webhooks: Option<std::sync::Arc<dyn WebhookSender>>,
}

/// A webhook to be made.
#[derive(Debug)]
pub struct NewWebhook {
    /// Where requests go.
    pub url: String,
    /// What it is told of.
    pub events: Vec<Occasion>,
}

/// Changes to a webhook.
#[derive(Debug, Default)]
pub struct WebhookChanges {
    /// Where requests go.
    pub url: Option<String>,
    /// What it is told of.
    pub events: Option<Vec<Occasion>>,
    /// Whether it is told anything.
    pub enabled: Option<bool>,
}

/// Notifications, for the admins of a workspace.
#[derive(Debug)]
pub struct Notifications {
    ports: Ports,
    couriers: Couriers,
}

impl Notifications {
    pub(super) fn new(ports: Ports) -> Self {
        Self {
            couriers: Couriers::new(ports.clone()),
            ports,
        }
    }

    /// The workspace's webhooks, oldest first. Their addresses may hold secrets, so that admins
    /// alone see them.
    pub fn webhooks(&self, of: &Access) -> Result<Vec<Webhook>, Failure> {
        of.require(Right::Configure)?;
        Ok(of.webhooks.clone())
    }

    /// Makes a webhook. Its secret is shown this once.
    pub async fn add(
        &self,
        of: &Access,
        new: NewWebhook,
    ) -> Result<(Webhook, SecretString), Failure> {
        of.require(Right::Configure)?;
        let sender = self.sender()?;
        let secret = sender.new_secret()?;
        let webhook = Webhook {
            id: new_id(&*self.ports.ids)?,
            url: checked_url(sender, &new.url)?,
            events: checked_events(new.events)?,
            secret: self.ports.vault.seal(&secret)?,
            former_secret: None,
            enabled: true,
            disabled_because: None,
            created_at: self.ports.clock.now(),
        };
        let add = |workspace: &mut Workspace| {
            if workspace.webhooks.len() >= MAX_WEBHOOKS {
                return Err(Failure::TooMany {
                    what: "webhooks",
                    most: MAX_WEBHOOKS,
                });
            }
            workspace.webhooks.push(webhook.clone());
            Ok(())
        };
        self.ports.change_workspace(&of.id, add).await?;
        let id = webhook.id.as_str();
        self.ports.note_in(of, "webhook.created", id).await;
        Ok((webhook, secret))
    }

    /// Changes a webhook.
    pub async fn change(
        &self,
        of: &Access,
        id: &str,
        changes: WebhookChanges,
    ) -> Result<Webhook, Failure> {
        of.require(Right::Configure)?;
        let url = changes.url.map(|url| checked_url(self.sender()?, &url));
        let url = url.transpose()?;
        let events = changes.events.map(checked_events).transpose()?;
        self.change_one(of, id, "webhook.updated", |webhook| {
            if let Some(url) = &url {
                webhook.url.clone_from(url);
            }
            if let Some(events) = &events {
                webhook.events.clone_from(events);
            }
            if let Some(enabled) = changes.enabled {
                webhook.enabled = enabled;
                webhook.disabled_because = None;
            }
        })
        .await
    }

    /// Gives a webhook another secret, which is shown this once. Requests are signed with the former
    /// one as well for a day.
    pub async fn renew_secret(
        &self,
        of: &Access,
        id: &str,
    ) -> Result<(Webhook, SecretString), Failure> {
        of.require(Right::Configure)?;
        let secret = self.sender()?.new_secret()?;
        let sealed = self.ports.vault.seal(&secret)?;
        let until = self.ports.clock.now() + OVERLAP;
        let changed = self.change_one(of, id, "webhook.secret_changed", |webhook| {
            let former = std::mem::replace(&mut webhook.secret, sealed.clone());
            let secret = former;
            webhook.former_secret = Some(FormerSecret { secret, until });
        });
        Ok((changed.await?, secret))
    }

    /// Removes a webhook; what waits to be sent to it is not.
    pub async fn remove(&self, of: &Access, id: &str) -> Result<(), Failure> {
        of.require(Right::Configure)?;
        let id: WebhookId = id.parse().map_err(|_| Failure::WebhookNotFound)?;
        let remove = |workspace: &mut Workspace| {
            let before = workspace.webhooks.len();
            workspace.webhooks.retain(|webhook| webhook.id != id);
            if workspace.webhooks.len() == before {
                return Err(Failure::WebhookNotFound);
            }
            Ok(())
        };
        self.ports.change_workspace(&of.id, remove).await?;
        self.ports.note_in(of, "webhook.deleted", id.as_str()).await;
        Ok(())
    }

    /// Sends a test to a webhook, enabled or not, once and at once; the log keeps how that went.
    pub async fn try_webhook(&self, of: &Access, id: &str) -> Result<Dispatch, Failure> {
        of.require(Right::Configure)?;
        let known = |webhook: &&Webhook| webhook.id.as_str() == id;
        let webhook = of.webhooks.iter().find(known);
        let webhook = webhook.ok_or(Failure::WebhookNotFound)?;
        self.try_out(of, Recipient::Webhook(webhook.id.clone()))
            .await
    }

    /// Sends a test to the workspace's mailbox, once and at once; the log keeps how that went.
    pub async fn try_mail(&self, of: &Access) -> Result<Dispatch, Failure> {
        of.require(Right::Configure)?;
        let address = of.settings.notification_email.clone();
        let address = address.ok_or_else(|| Failure::Invalid {
            field: "notification_email",
            message: "is not set; set it in the settings".to_owned(),
        })?;
        if self.ports.channels.mail.is_none() {
            return Err(Failure::NoMail);
        }
        self.try_out(of, Recipient::Mail(address)).await
    }

    async fn try_out(&self, of: &Access, to: Recipient) -> Result<Dispatch, Failure> {
        let now = self.ports.clock.now();
        let test = Notification {
            occasion: Occasion::Test,
            at: now,
            analysis_id: new_id(&*self.ports.ids)?,
            revision: 1,
            issue_id: "0".to_owned(),
            short_id: None,
            title: "This is a test".to_owned(),
            project: "test".to_owned(),
            issue_url: None,
            priority: None,
            summary: Some("If you can read this, notifications arrive.".to_owned()),
            model: None,
            error: None,
        };
        let id = new_id(&*self.ports.ids)?;
        let dispatch = Dispatch::new(id, of.id.clone(), to, test);
        let tried = self.couriers.try_once(of, dispatch).await;
        self.ports
            .outbox
            .put(&tried, self.ports.clock.now())
            .await?;
        Ok(tried)
    }

    /// What was sent, or is to be: the newest, or those before the one with this id.
    pub async fn log(
        &self,
        of: &Access,
        before: Option<&str>,
        limit: u16,
    ) -> Result<Vec<Dispatch>, Failure> {
        of.require(Right::Configure)?;
        let before: Option<DispatchId> = before.map(str::parse).transpose().map_err(|_| {
            let message = "must be the `next_cursor` of a page before".to_owned();
            let field = "cursor";
            Failure::Invalid { field, message }
        })?;
        let outbox = &self.ports.outbox;
        Ok(outbox.newest(&of.id, before.as_ref(), limit).await?)
    }

    /// Has a notification sent once more, under its id.
    pub async fn send_again(&self, of: &Access, id: &str) -> Result<Dispatch, Failure> {
        of.require(Right::Configure)?;
        let id: DispatchId = id.parse().map_err(|_| Failure::DispatchNotFound)?;
        let now = self.ports.clock.now();
        let found = self.ports.outbox.send_again(&of.id, &id, now).await?;
        let dispatch = found.ok_or(Failure::DispatchNotFound)?;
        self.ports
            .note_in(of, "notification.sent_again", id.as_str())
            .await;
        self.ports.ring(&dispatch).await;
        Ok(dispatch)
    }

    async fn change_one(
        &self,
        of: &Access,
        id: &str,
        action: &str,
        change: impl Fn(&mut Webhook) + Send + Sync,
    ) -> Result<Webhook, Failure> {
        let find = |workspace: &mut Workspace| {
            let mut all = workspace.webhooks.iter_mut();
            let webhook = all.find(|webhook| webhook.id.as_str() == id);
            change(webhook.ok_or(Failure::WebhookNotFound)?);
            Ok(())
        };
        let (workspace, changed) = self.ports.change_workspace(&of.id, find).await?;
        if changed {
            self.ports.note_in(of, action, id).await;
        }
        let mut all = workspace.webhooks.into_iter();
        let webhook = all.find(|webhook| webhook.id.as_str() == id);
        webhook.ok_or(Failure::WebhookNotFound)
    }

    fn sender(&self) -> Result<&dyn WebhookSender, Failure> {
        let sender = self.ports.channels.webhooks.as_deref();
        sender.ok_or_else(|| Failure::Invalid {
            field: "url",
            message: "cannot be used: this build has no `webhook` (feature notify-webhook)"
                .to_owned(),
        })
    }
}

impl Ports {
    /// Wakes whoever sends notifications. The store has them: a bell that nobody hears costs time.
    pub(super) async fn ring(&self, dispatch: &Dispatch) {
        let analysis = &dispatch.notification.analysis_id;
        self.tell(&dispatch.workspace_id, analysis, NoticeKind::Outgoing)
            .await;
    }
}

fn checked_url(sender: &dyn WebhookSender, url: &str) -> Result<String, Failure> {
    let refuse = |message: String| Failure::Invalid {
        field: "url",
        message,
    };
    if url.len() > LONGEST_URL {
        return Err(refuse(format!("must have at most {LONGEST_URL} bytes")));
    }
    let url = url.trim();
    let checked = sender.check(url);
    checked.map_err(|error| refuse(error.message().to_owned()))?;
    Ok(url.to_owned())
}

fn checked_events(mut events: Vec<Occasion>) -> Result<Vec<Occasion>, Failure> {
    events.sort_unstable();
    events.dedup();
    if events.is_empty() {
        let message = "must name at least one".to_owned();
        let field = "events";
        return Err(Failure::Invalid { field, message });
    }
    Ok(events)
}
