//! What a Sentry is opened with, and the kind that opens it.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{ExposeSecret, SecretString},
    ports::{IssueSource, SourceKind, SourceSignal},
};
use serde::Deserialize;
use serde_json::json;

use super::{ADAPTER, SentrySource, client::Client, webhook};
use crate::outbound::Target;

/// Clients kept at most; the one that was not used for longest goes first.
const CLIENTS: usize = 128;

/// One Sentry, one organisation, one token.
#[derive(Clone)]
pub struct SentryConfig {
    /// The server.
    pub target: Target,
    /// The token.
    pub api_token: SecretString,
    /// The organisation's slug.
    pub organization: String,
}

/// What the operator set, for workspaces that leave it out.
#[derive(Debug, Clone)]
pub struct SentryDefaults {
    /// The server.
    pub target: Target,
    /// The token; it is sent to no other server.
    pub api_token: Option<SecretString>,
    /// The organisation's slug; where it is set, the operator's token reads no other.
    pub organization: Option<String>,
    /// Whether workspaces may name servers in private networks.
    pub private_networks: bool,
}

/// Opens Sentry for workspaces: those with the same server, token and organisation share a client,
/// and with it what is known of rate limits.
#[derive(Debug)]
pub struct SentryKind {
    defaults: SentryDefaults,
    /// The one used last comes last.
    clients: Mutex<Vec<Arc<Client>>>,
}

/// A workspace's settings.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Settings {
    base_url: Option<String>,
    api_token: Option<String>,
    organization: Option<String>,
    client_secret: Option<String>,
}

impl Settings {
    fn read(settings: &serde_json::Value) -> Result<Self> {
        Self::deserialize(settings)
            .map_err(|_| refused("its settings are not texts; send each as a string"))
    }
}

impl SentryKind {
    /// The kind, with what the operator set.
    pub fn new(defaults: SentryDefaults) -> Self {
        Self {
            defaults,
            clients: Mutex::default(),
        }
    }

    fn config(&self, settings: &Settings) -> Result<SentryConfig> {
        let defaults = &self.defaults;
        let own = settings.base_url.as_deref().map(|address| {
            Target::of_user(address, defaults.private_networks)
                .map_err(|bad| bad.of_setting("sentry_base_url", ADAPTER))
        });
        let own = own.transpose()?;
        // The operator's token is for the operator's server and organisation alone: a workspace
        // must neither have it sent elsewhere nor read with it what it was not meant for.
        let (api_token, organization) = match (&settings.api_token, &own) {
            (Some(token), _) => (
                Some(SecretString::from(token.as_str())),
                settings.organization.as_deref(),
            ),
            (None, None) => (
                defaults.api_token.clone(),
                defaults
                    .organization
                    .as_deref()
                    .or(settings.organization.as_deref()),
            ),
            (None, Some(_)) => (None, None),
        };
        let token = api_token.ok_or_else(|| missing("token", "sentry_api_token"))?;
        let organization =
            organization.ok_or_else(|| missing("organisation", "sentry_organization"))?;
        Ok(SentryConfig {
            target: own.unwrap_or_else(|| defaults.target.clone()),
            api_token: checked_token(&token)?,
            organization: checked_slug(organization)?,
        })
    }

    fn client(&self, config: SentryConfig) -> Result<Arc<Client>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let known = clients.iter().position(|it| it.config().is_same(&config));
        let client = match known {
            Some(at) => clients.remove(at),
            None => Arc::new(Client::new(config)?),
        };
        if clients.len() >= CLIENTS {
            clients.remove(0);
        }
        clients.push(Arc::clone(&client));
        Ok(client)
    }
}

#[async_trait]
impl SourceKind for SentryKind {
    fn name(&self) -> &str {
        ADAPTER
    }

    fn description(&self) -> &'static str {
        "Issues of Sentry, or of anything that speaks its API"
    }

    fn schema(&self) -> serde_json::Value {
        let text = |description: &str| json!({"type": "string", "description": description});
        let secret = |description: &str| json!({"type": "string", "description": description, "format": "password", "writeOnly": true});
        json!({
            "type": "object",
            "required": ["api_token", "organization"],
            "properties": {
                "base_url": text("The address of the server, where it is not the installation's."),
                "api_token": secret("A token for the server's API."),
                "organization": text("The slug of the organisation."),
                "client_secret": secret("The client secret of the integration that sends webhooks here."),
            },
        })
    }

    fn is_ready(&self) -> bool {
        self.defaults.api_token.is_some() && self.defaults.organization.is_some()
    }

    fn takes_webhooks(&self) -> bool {
        true
    }

    fn check(&self, settings: &serde_json::Value) -> Result<()> {
        self.config(&Settings::read(settings)?).map(drop)
    }

    fn open(&self, settings: &serde_json::Value) -> Result<Arc<dyn IssueSource>> {
        let client = self.client(self.config(&Settings::read(settings)?)?)?;
        Ok(Arc::new(SentrySource { client }))
    }

    /// Checking a signature takes the client secret alone.
    async fn webhook(
        &self,
        settings: &serde_json::Value,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Vec<SourceSignal>> {
        let settings = Settings::read(settings)?;
        webhook::read(settings.client_secret.as_deref(), headers, body)
    }
}

impl SentryConfig {
    fn is_same(&self, other: &Self) -> bool {
        self.target == other.target
            && self.organization == other.organization
            && self.api_token.expose_secret() == other.api_token.expose_secret()
    }
}

impl fmt::Debug for SentryConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut config = f.debug_struct("SentryConfig");
        config.field("target", &self.target);
        config.field("api_token", &"***");
        config.field("organization", &self.organization).finish()
    }
}

fn checked_token(token: &SecretString) -> Result<SecretString> {
    let text = token.expose_secret().trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(SecretString::from(text));
    }
    Err(refused(
        "the token holds characters that no token has; copy it from Sentry again",
    ))
}

fn checked_slug(slug: &str) -> Result<String> {
    let slug = slug.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=100).contains(&slug.len()) && slug.bytes().all(plain) {
        return Ok(slug.to_owned());
    }
    Err(refused(
        "the organisation is not a slug; set the one that stands in Sentry's addresses, such as \
         `acme` in https://acme.sentry.io",
    ))
}

fn missing(what: &str, setting: &str) -> Error {
    let message = format!("could not open Sentry because there is no {what}; set {setting}");
    Error::new(ErrorKind::Unauthorized, ADAPTER, "open", message)
}

fn refused(why: &str) -> Error {
    let message = format!("could not open Sentry because {why}");
    Error::new(ErrorKind::Invalid, ADAPTER, "open", message)
}
