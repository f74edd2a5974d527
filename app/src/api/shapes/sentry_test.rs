//! Trying a connection to Sentry.

use explainer_core::{
    ports::SourceStatus,
    services::{Change, NotConnected, SentryTrial},
};
use poem_openapi::Object;
use serde::Serialize;

/// What to try instead of what is kept.
#[derive(Debug, Default, Object)]
#[expect(
    clippy::struct_field_names,
    reason = "these are the names of the same fields elsewhere"
)]
pub(crate) struct SentryTest {
    /// The token for Sentry's API.
    #[oai(nullable, validator(max_length = 1024))]
    sentry_api_token: Option<String>,
    /// The slug of the organisation.
    #[oai(nullable, validator(max_length = 200))]
    sentry_organization: Option<String>,
    /// The address of the server.
    #[oai(nullable, validator(max_length = 1024))]
    sentry_base_url: Option<String>,
}

/// Whether Sentry could be connected to.
#[derive(Debug, Default, Object, Serialize)]
pub(crate) struct SentryTested {
    /// Whether it could.
    connected: bool,
    /// One sentence: what was found, or what to do.
    message: String,
    /// The organisation.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<Organization>,
    /// How many projects can be read.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    projects_count: Option<usize>,
    /// The projects.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    projects: Option<Vec<ProjectName>>,
    /// `unauthorized`, `not_found`, `timeout`, `connection_error` or `api_error`.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
}

/// An organisation of Sentry.
#[derive(Debug, Object, Serialize)]
struct Organization {
    /// Its identifier.
    id: String,
    /// Its name.
    name: String,
    /// Its name in addresses.
    slug: String,
}

/// A project of Sentry.
#[derive(Debug, Object, Serialize)]
struct ProjectName {
    /// Its identifier.
    id: String,
    /// Its name.
    name: String,
}

impl From<SentryTest> for SentryTrial {
    fn from(sent: SentryTest) -> Self {
        // There is nothing to clear in a trial: an empty text is tried like what is kept.
        let text = |sent: Option<String>| match Change::of_text(sent) {
            Change::Clear => Change::Keep,
            other => other,
        };
        let token = match Change::of_secret(sent.sentry_api_token) {
            Change::Clear => Change::Keep,
            other => other,
        };
        Self {
            api_token: token,
            organization: text(sent.sentry_organization),
            base_url: text(sent.sentry_base_url),
        }
    }
}

impl From<SourceStatus> for SentryTested {
    fn from(status: SourceStatus) -> Self {
        let count = status.projects.len();
        let named = status.projects.into_iter().map(|project| ProjectName {
            id: project.id,
            name: project.name,
        });
        Self {
            connected: true,
            message: format!("Successfully connected to Sentry. Found {count} projects."),
            organization: status.organization.map(|it| Organization {
                id: it.id,
                name: it.name,
                slug: it.slug,
            }),
            projects_count: Some(count),
            projects: Some(named.collect()),
            error_code: None,
        }
    }
}

impl From<NotConnected> for SentryTested {
    fn from(why: NotConnected) -> Self {
        Self {
            message: why.message,
            error_code: Some(why.code.to_owned()),
            ..Self::default()
        }
    }
}
