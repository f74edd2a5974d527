//! `/sentry`: how the service is monitored, and test events that show it works.

#![expect(
    clippy::unused_async,
    reason = "the framework wants every operation async"
)]

use std::{collections::BTreeMap, sync::Arc};

use explainer_core::{
    domain::{ExposeSecret, SecretString},
    services::Services,
};
use poem::http::StatusCode;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Serialize;

use super::{
    Tags,
    answer::{Answer, Result},
    body::OptionalBody,
    problem::{Problem, of_upstream},
    security::Token,
};
use crate::{
    config::Config,
    telemetry::{
        Telemetry,
        test_events::{NotTaken, TEMPLATES, Template, Told, Wanted, Whose},
    },
};

/// What a set DSN is shown as.
const CONFIGURED: &str = "***configured***";

/// The operations.
pub(crate) struct MonitoringApi {
    pub services: Arc<Services>,
    pub telemetry: Telemetry,
    pub monitored: Monitored,
}

/// What the configuration says of monitoring.
#[derive(Debug, Clone)]
pub struct Monitored {
    dsn: Option<SecretString>,
    environment: String,
    release: String,
    private_networks: bool,
}

impl Monitored {
    /// Takes it from the configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            dsn: config.telemetry.dsn.clone(),
            environment: config.telemetry.environment.clone(),
            release: config.telemetry.release(),
            private_networks: config.outbound.private_networks,
        }
    }

    /// What anybody may know of it.
    pub(super) fn status(&self) -> PublicSentryStatus {
        PublicSentryStatus {
            sentry_configured: self.dsn.is_some(),
            app_sentry_dsn_set: shown(self.dsn.is_some()),
            environment: self.environment.clone(),
            release: self.release.clone(),
        }
    }
}

/// Where the service reports its own errors.
#[derive(Debug, Object, Serialize)]
pub(super) struct PublicSentryStatus {
    /// Whether it reports them anywhere.
    sentry_configured: bool,
    /// `***configured***` when the installation has a DSN.
    #[oai(nullable)]
    app_sentry_dsn_set: Option<String>,
    /// The environment named in reports.
    environment: String,
    /// The release named in reports.
    release: String,
}

/// Where the service reports its own errors, and where the workspace's test events go.
#[derive(Debug, Object, Serialize)]
struct SentryStatus {
    /// Whether test events can be sent.
    sentry_configured: bool,
    /// `***configured***` when the installation has a DSN.
    #[oai(nullable)]
    app_sentry_dsn_set: Option<String>,
    /// `***configured***` when the workspace has a test DSN.
    #[oai(nullable)]
    workspace_sentry_dsn_set: Option<String>,
    /// Whether test events go to the workspace's.
    using_workspace_dsn: bool,
    /// The environment named in reports.
    environment: String,
    /// The release named in reports.
    release: String,
}

/// Which kind of event to send.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "lowercase")]
enum EventType {
    Error,
    Warning,
    Info,
    Random,
}

/// Which events to send.
#[derive(Debug, Default, Object)]
struct TestEvents {
    /// Their kind; any of them when left out.
    #[oai(nullable)]
    event_type: Option<EventType>,
    /// How many; one when left out.
    #[oai(nullable, validator(minimum(value = "1"), maximum(value = "10")))]
    count: Option<u8>,
}

/// What was sent.
#[derive(Debug, Object, Serialize)]
struct TestEventsSent {
    /// Always true: what is not taken is answered as a problem.
    success: bool,
    /// One sentence.
    message: String,
    /// Each event.
    events: Vec<TestEvent>,
    /// How many.
    total_generated: usize,
}

/// An event that was sent.
#[derive(Debug, Object, Serialize)]
struct TestEvent {
    /// What Sentry finds it by.
    event_id: String,
    /// `error`, `warning` or `info`.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    /// The type of an error.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<String>,
    /// What it says.
    message: String,
    /// What it happened to; the event's tags.
    context: BTreeMap<String, String>,
}

/// What test events are made from.
#[derive(Debug, Object, Serialize)]
#[expect(
    clippy::struct_field_names,
    reason = "clients know them by these names"
)]
struct EventTemplates {
    /// Errors, which are really raised.
    error_templates: Vec<EventTemplate>,
    /// Warnings.
    warning_templates: Vec<EventTemplate>,
    /// Things worth knowing.
    info_templates: Vec<EventTemplate>,
}

/// What a test event is made from.
#[derive(Debug, Object, Serialize)]
struct EventTemplate {
    /// The type of an error, or the subject of a message.
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    kind: String,
    /// What it says.
    message: String,
    /// What it happens to.
    context: BTreeMap<String, String>,
}

#[OpenApi(prefix_path = "/api/v1/sentry", tag = "Tags::Monitoring")]
impl MonitoringApi {
    /// How the service is monitored, for anybody
    #[oai(
        path = "/sentry-status-public",
        method = "get",
        operation_id = "publicSentryStatus"
    )]
    async fn public_status(&self) -> Answer<PublicSentryStatus> {
        Answer(self.monitored.status())
    }

    /// How the service is monitored, and where test events go
    #[oai(path = "/sentry-status", method = "get", operation_id = "sentryStatus")]
    async fn status(&self, token: Token) -> Result<Answer<SentryStatus>> {
        let workspace = self.services.workspaces.current(&token.0).await?;
        let own = workspace.sentry.test_dsn.is_some();
        let of_all = self.monitored.status();
        Ok(Answer(SentryStatus {
            sentry_configured: own || of_all.sentry_configured,
            app_sentry_dsn_set: of_all.app_sentry_dsn_set,
            workspace_sentry_dsn_set: shown(own),
            using_workspace_dsn: own,
            environment: of_all.environment,
            release: of_all.release,
        }))
    }

    /// What test events are made from
    #[oai(
        path = "/event-templates",
        method = "get",
        operation_id = "eventTemplates"
    )]
    async fn templates(&self, _token: Token) -> Result<Answer<EventTemplates>> {
        let of = |kind: &str| {
            let fit = TEMPLATES.iter().filter(|it| it.kind == kind);
            fit.map(EventTemplate::from).collect()
        };
        Ok(Answer(EventTemplates {
            error_templates: of("error"),
            warning_templates: of("warning"),
            info_templates: of("info"),
        }))
    }

    /// Send test events
    ///
    /// They go to the workspace's test DSN, else to the installation's. An error is really raised,
    /// with its causes and the stack. Answered once the server has taken them.
    #[oai(
        path = "/generate-random-event",
        method = "post",
        operation_id = "generateRandomEvent"
    )]
    async fn generate(
        &self,
        token: Token,
        body: OptionalBody<TestEvents>,
    ) -> Result<Answer<TestEventsSent>> {
        let asked = body.0.unwrap_or_default();
        let wanted = match asked.event_type {
            Some(EventType::Error) => Wanted::Error,
            Some(EventType::Warning) => Wanted::Warning,
            Some(EventType::Info) => Wanted::Info,
            Some(EventType::Random) | None => Wanted::Any,
        };
        let count = usize::from(asked.count.unwrap_or(1));
        let workspace = self.services.workspaces.current(&token.0).await?;
        let of_workspace = self.services.workspaces.test_dsn(&workspace)?;
        let private_networks = self.monitored.private_networks;
        let (dsn, whose) = match (of_workspace, &self.monitored.dsn) {
            (Some(dsn), _) => (dsn, Whose::Workspace { private_networks }),
            (None, Some(dsn)) => (dsn.clone(), Whose::Application),
            (None, None) => return Err(no_dsn()),
        };
        let monitor = &self.telemetry.monitor;
        let dsn = dsn.expose_secret();
        let sent = monitor.send_test_events(dsn, whose, &token.0, wanted, count);
        let events = sent.await.map_err(not_taken)?;
        Ok(Answer(TestEventsSent {
            success: true,
            message: format!("Successfully generated {} Sentry events", events.len()),
            total_generated: events.len(),
            events: events.into_iter().map(TestEvent::from).collect(),
        }))
    }
}

fn shown(set: bool) -> Option<String> {
    set.then(|| CONFIGURED.to_owned())
}

fn no_dsn() -> Problem {
    let detail = "Sentry DSN not configured. Set the workspace's sentry_test_dsn, or APP_SENTRY_DSN for the installation";
    Problem::new(StatusCode::BAD_REQUEST, "no_sentry_dsn", detail)
}

fn not_taken(why: NotTaken) -> Problem {
    let detail = why.to_string();
    let (status, code) = match why {
        NotTaken::BadDsn(_) => (StatusCode::BAD_REQUEST, "bad_sentry_dsn"),
        NotTaken::Unreachable(error) => (of_upstream(&error), "sentry_unreachable"),
        NotTaken::Refused { .. } => (StatusCode::BAD_GATEWAY, "sentry_refused"),
        #[cfg(not(feature = "telemetry-sentry"))]
        NotTaken::Absent => (StatusCode::NOT_IMPLEMENTED, "no_sentry_in_this_build"),
    };
    Problem::new(status, code, detail)
}

impl From<Told> for TestEvent {
    fn from(told: Told) -> Self {
        Self {
            event_id: told.event_id,
            kind: told.kind.to_owned(),
            error_type: told.error_type,
            message: told.message,
            context: owned(told.context.into_iter()),
        }
    }
}

impl From<&Template> for EventTemplate {
    fn from(template: &Template) -> Self {
        Self {
            kind: template.name.to_owned(),
            message: template.message.to_owned(),
            context: owned(template.context.iter().copied()),
        }
    }
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
