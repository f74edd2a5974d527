//! `/notifications`: who is told that an analysis has ended, and what became of that.

mod shapes;

use std::{sync::Arc, time::Duration};

use explainer_core::{
    domain::ExposeSecret,
    services::{Access, NewWebhook, Services, WebhookChanges},
};
use poem_openapi::{
    OpenApi,
    param::{Path, Query},
};

use self::shapes::{
    Delivery, DeliveryPage, NewWebhookBody, Tried, Webhook, WebhookCreated, WebhookUpdate,
};
use super::{
    Message, Tags,
    answer::{Answer, Result, next_cursor},
    body::Body,
    limits::Patience,
    security::Token,
    workspaces::no_workspace_here,
};

/// How long a test is waited for at most; each has a shorter limit of its own.
const TEST: Duration = Duration::from_secs(120);

/// The operations.
pub(crate) struct NotificationsApi {
    pub services: Arc<Services>,
}

#[OpenApi(prefix_path = "/api/v1/notifications", tag = "Tags::Notifications")]
impl NotificationsApi {
    /// Have a program told
    ///
    /// Admins of the workspace may, five at most. What happens is sent as a POST, as
    /// [Standard Webhooks](https://www.standardwebhooks.com) describes it: the headers `webhook-id`
    /// (the same however often it is sent), `webhook-timestamp` and `webhook-signature`, and the body
    ///
    /// `{"type": "analysis.completed", "timestamp": "…", "data": {"workspace_id", "analysis_id",
    /// "revision", "status", "issue": {"id", "short_id", "title", "project", "url"}, "priority",
    /// "summary", "written_by": "model" or "heuristic", "model",
    /// "error": {"code", "message", "retryable"} or null, "url"}}`
    ///
    /// Answer with a status of 200 to 299, in time. Anything else is tried again, after seconds at
    /// first and after hours at last, for about a day; 410 ends it and disables the webhook. The
    /// address must be `https` and public, unless the installation allows others.
    #[oai(path = "/webhooks", method = "post", operation_id = "createWebhook")]
    async fn create(
        &self,
        token: Token,
        body: Body<NewWebhookBody>,
    ) -> Result<Answer<WebhookCreated>> {
        let access = self.current(&token).await?;
        let new = NewWebhook {
            url: body.0.url,
            events: body.0.events.into_iter().map(Into::into).collect(),
        };
        let (webhook, secret) = self.services.notifications.add(&access, new).await?;
        Ok(Answer(WebhookCreated {
            secret: secret.expose_secret().to_owned(),
            about: webhook.into(),
        }))
    }

    /// The workspace's webhooks, oldest first
    ///
    /// Their addresses may hold secrets: admins of the workspace alone see them.
    #[oai(path = "/webhooks", method = "get", operation_id = "listWebhooks")]
    async fn list(&self, token: Token) -> Result<Answer<Vec<Webhook>>> {
        let access = self.current(&token).await?;
        let webhooks = self.services.notifications.webhooks(&access)?;
        Ok(Answer(webhooks.into_iter().map(Into::into).collect()))
    }

    /// Change a webhook
    ///
    /// What is left out or null stays.
    #[oai(path = "/webhooks/:id", method = "put", operation_id = "updateWebhook")]
    async fn update(
        &self,
        token: Token,
        /// The webhook's id.
        id: Path<String>,
        body: Body<WebhookUpdate>,
    ) -> Result<Answer<Webhook>> {
        let access = self.current(&token).await?;
        let events = body.0.events;
        let changes = WebhookChanges {
            url: body.0.url,
            events: events.map(|events| events.into_iter().map(Into::into).collect()),
            enabled: body.0.enabled,
        };
        let notifications = &self.services.notifications;
        let webhook = notifications.change(&access, &id.0, changes).await?;
        Ok(Answer(webhook.into()))
    }

    /// Give a webhook another secret
    ///
    /// Requests are signed with the former one as well for a day, so that the receiver can change it
    /// at leisure.
    #[oai(
        path = "/webhooks/:id/secret",
        method = "post",
        operation_id = "renewWebhookSecret"
    )]
    async fn renew_secret(
        &self,
        token: Token,
        /// The webhook's id.
        id: Path<String>,
    ) -> Result<Answer<WebhookCreated>> {
        let access = self.current(&token).await?;
        let notifications = &self.services.notifications;
        let (webhook, secret) = notifications.renew_secret(&access, &id.0).await?;
        Ok(Answer(WebhookCreated {
            secret: secret.expose_secret().to_owned(),
            about: webhook.into(),
        }))
    }

    /// Remove a webhook
    ///
    /// What waits to be sent to it is not.
    #[oai(
        path = "/webhooks/:id",
        method = "delete",
        operation_id = "deleteWebhook"
    )]
    async fn delete(
        &self,
        token: Token,
        /// The webhook's id.
        id: Path<String>,
    ) -> Result<Answer<Message>> {
        let access = self.current(&token).await?;
        self.services.notifications.remove(&access, &id.0).await?;
        Ok(Answer(Message::new("Webhook deleted successfully")))
    }

    /// Try a webhook
    ///
    /// Sends `notification.test` once, now, also to one that is disabled, and tells how that went.
    #[oai(
        path = "/webhooks/:id/test",
        method = "post",
        operation_id = "testWebhook"
    )]
    async fn test_webhook(
        &self,
        token: Token,
        patience: Patience,
        /// The webhook's id.
        id: Path<String>,
    ) -> Result<Answer<Tried>> {
        let access = self.current(&token).await?;
        patience.waits(TEST);
        let notifications = &self.services.notifications;
        let tried = notifications.try_webhook(&access, &id.0).await?;
        Ok(Answer(tried.into()))
    }

    /// Try the mailbox
    ///
    /// Sends a test to the `notification_email` of the settings, once, now, and tells how that went.
    #[oai(path = "/email/test", method = "post", operation_id = "testEmail")]
    async fn test_email(&self, token: Token, patience: Patience) -> Result<Answer<Tried>> {
        let access = self.current(&token).await?;
        patience.waits(TEST);
        let tried = self.services.notifications.try_mail(&access).await?;
        Ok(Answer(tried.into()))
    }

    /// What was sent, or is to be
    ///
    /// Admins of the workspace see it.
    #[oai(path = "/deliveries", method = "get", operation_id = "listDeliveries")]
    async fn deliveries(
        &self,
        token: Token,
        /// The `next_cursor` of the page before.
        #[oai(validator(max_length = 64))]
        cursor: Query<Option<String>>,
        /// How many.
        #[oai(
            default = "page_size",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        limit: Query<u16>,
    ) -> Result<Answer<DeliveryPage>> {
        let access = self.current(&token).await?;
        let notifications = &self.services.notifications;
        let found = notifications.log(&access, cursor.0.as_deref(), limit.0);
        let found = found.await?;
        Ok(Answer(DeliveryPage {
            next_cursor: next_cursor(&found, limit.0, |dispatch| &dispatch.id),
            deliveries: found.into_iter().map(Into::into).collect(),
        }))
    }

    /// Send something once more
    ///
    /// Under the same id, with all the tries it had at first. What is being sent right now stays as
    /// it is.
    #[oai(
        path = "/deliveries/:id/retry",
        method = "post",
        operation_id = "retryDelivery"
    )]
    async fn retry(
        &self,
        token: Token,
        /// The delivery's id.
        id: Path<String>,
    ) -> Result<Answer<Delivery>> {
        let access = self.current(&token).await?;
        let notifications = &self.services.notifications;
        let dispatch = notifications.send_again(&access, &id.0).await?;
        Ok(Answer(dispatch.into()))
    }

    async fn current(&self, token: &Token) -> Result<Access> {
        let access = self.services.workspaces.current(&token.0).await;
        access.map_err(no_workspace_here)
    }
}

fn page_size() -> u16 {
    50
}
