//! `/webhooks`: what issue sources tell by themselves.

use std::sync::Arc;

use explainer_core::services::{Delivery, Services, Taken};
use poem::Request;
use poem_openapi::{Object, OpenApi, param::Path};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result},
    body::RawBody,
};

/// The operations.
pub(crate) struct WebhooksApi {
    pub services: Arc<Services>,
}

/// What became of a delivery.
#[derive(Debug, Object, Serialize)]
struct Acknowledged {
    /// `queued`, `ignored` when it asks for nothing that the workspace wants, or `repeated`.
    status: String,
    /// How many analyses were queued.
    queued: usize,
}

#[OpenApi(prefix_path = "/api/v1/webhooks", tag = "Tags::Issues")]
impl WebhooksApi {
    /// Take a webhook of a workspace's source
    ///
    /// The address for an integration of Sentry, or of whatever tracker the workspace reads: the
    /// kind of its source, and its own id at the end. There is no token; each kind checks how a
    /// delivery is signed. Sentry's is signed with the integration's client secret, which is set as
    /// `sentry_client_secret` of the workspace; `GET /sources` tells which other kinds take webhooks,
    /// and their settings what those are signed with. With `auto_analyze`, new issues, issues that
    /// came back and those that alerts are about are queued; everything else, such as that an issue
    /// was resolved, archived or assigned, is acknowledged and changes nothing.
    #[oai(
        path = "/:kind/:workspace",
        method = "post",
        operation_id = "takeWebhook"
    )]
    async fn take(
        &self,
        request: &Request,
        /// The kind of the workspace's source, such as `sentry`.
        kind: Path<String>,
        /// The workspace it is for.
        workspace: Path<String>,
        body: RawBody,
    ) -> Result<Answer<Acknowledged>> {
        let headers = request.headers().iter().filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        let headers: Vec<_> = headers.collect();
        let delivery = Delivery {
            headers: &headers,
            body: &body.0,
        };
        let webhooks = &self.services.webhooks;
        let (status, queued) = match webhooks.take(&kind.0, &workspace.0, &delivery).await? {
            Taken::Queued(queued) => ("queued", queued),
            Taken::Nothing => ("ignored", 0),
            Taken::Again => ("repeated", 0),
        };
        Ok(Answer(Acknowledged {
            status: status.to_owned(),
            queued,
        }))
    }
}
