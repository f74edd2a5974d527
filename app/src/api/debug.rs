//! `/debug`: things to try in development. In any other mode these paths are not there.

#![expect(
    clippy::unused_async,
    reason = "the framework wants every operation async"
)]

use poem_openapi::{Object, OpenApi};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result},
    monitoring::{Monitored, PublicSentryStatus},
    security::Token,
};
use crate::telemetry::Telemetry;

/// The operations.
pub(crate) struct DebugApi {
    pub telemetry: Telemetry,
    pub monitored: Monitored,
}

/// What was reported.
#[derive(Debug, Object, Serialize)]
struct Reported {
    /// One sentence.
    message: String,
    /// What Sentry finds it by; null when nothing is reported anywhere.
    #[oai(nullable)]
    event_id: Option<String>,
}

#[OpenApi(prefix_path = "/api/v1/debug", tag = "Tags::Monitoring")]
impl DebugApi {
    /// Raise an error and report it
    #[oai(path = "/test-error", method = "post", operation_id = "testError")]
    async fn test_error(&self, _token: Token) -> Result<Answer<Reported>> {
        let event_id = self.telemetry.monitor.test_error();
        Ok(Answer(Reported::of("the error", event_id)))
    }

    /// Report a message
    #[oai(path = "/test-message", method = "post", operation_id = "testMessage")]
    async fn test_message(&self, _token: Token) -> Result<Answer<Reported>> {
        let text = "A test message of the Issue Explainer";
        let event_id = self.telemetry.monitor.test_message(text);
        Ok(Answer(Reported::of("the message", event_id)))
    }

    /// How the service is monitored
    #[oai(
        path = "/sentry-status",
        method = "get",
        operation_id = "debugSentryStatus"
    )]
    async fn status(&self, _token: Token) -> Result<Answer<PublicSentryStatus>> {
        Ok(Answer(self.monitored.status()))
    }
}

impl Reported {
    fn of(what: &str, event_id: Option<String>) -> Self {
        let message = match &event_id {
            Some(_) => format!("{what} is on its way to Sentry"),
            None => format!("{what} went nowhere: set APP_SENTRY_DSN"),
        };
        Self { message, event_id }
    }
}
