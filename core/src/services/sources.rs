//! Which source a workspace reads.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    Error, ErrorKind,
    domain::{ExposeSecret, Sealed, Workspace},
    ports::{IssueSource, SourceKind, SourceSignal, Vault},
    services::Failure,
};

/// The kind that a workspace's Sentry settings are for.
const SENTRY: &str = "sentry";

/// The catalog of sources: the kinds this build can open, and what a workspace reads that chose none.
#[derive(Debug)]
pub struct Sources {
    kinds: Vec<Arc<dyn SourceKind>>,
    fallback: Option<Arc<dyn IssueSource>>,
    vault: Arc<dyn Vault>,
}

impl Sources {
    /// A catalog of `kinds`. A workspace that chose no source reads the first kind that the operator
    /// made [ready](SourceKind::is_ready), or else `fallback`, if there is one.
    pub fn new(
        kinds: Vec<Arc<dyn SourceKind>>,
        fallback: Option<Arc<dyn IssueSource>>,
        vault: Arc<dyn Vault>,
    ) -> Self {
        Self {
            kinds,
            fallback,
            vault,
        }
    }

    /// Opens the source `workspace` reads.
    pub fn open(&self, workspace: &Workspace) -> Result<Arc<dyn IssueSource>, Failure> {
        let ready = || self.kinds.iter().find(|kind| kind.is_ready());
        let kind = if workspace.uses_sentry() {
            self.kind(SENTRY)?
        } else if let Some(kind) = ready() {
            &**kind
        } else {
            return self.fallback.clone().ok_or(Failure::SourceNotConfigured);
        };
        let settings = self.sentry_settings(workspace)?;
        kind.open(&settings).map_err(not_open)
    }

    /// Opens the Sentry of `workspace` and nothing else.
    pub(super) fn open_sentry(
        &self,
        workspace: &Workspace,
    ) -> Result<Arc<dyn IssueSource>, Failure> {
        let settings = self.sentry_settings(workspace)?;
        self.kind(SENTRY)?.open(&settings).map_err(not_open)
    }

    /// What a webhook delivery of Sentry to `workspace` says, once its signature was checked.
    pub(super) async fn sentry_webhook(
        &self,
        workspace: &Workspace,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Vec<SourceSignal>, Failure> {
        let settings = self.sentry_settings(workspace)?;
        let signals = self.kind(SENTRY)?.webhook(&settings, headers, body).await;
        signals.map_err(|error| match error.kind() {
            ErrorKind::Unauthorized => Failure::NotSigned(error),
            _ => Failure::Source(error),
        })
    }

    /// Refuses an address of a Sentry that must not or cannot be spoken to.
    pub(super) fn check_sentry_address(&self, address: &str) -> Result<(), Failure> {
        let settings = json!({ "base_url": address, "api_token": "any", "organization": "any" });
        let refused = self.kind(SENTRY)?.check(&settings).err();
        refused.map_or(Ok(()), |error| {
            Err(Failure::Invalid {
                field: "sentry_base_url",
                message: error.message().to_owned(),
            })
        })
    }

    fn sentry_settings(&self, workspace: &Workspace) -> Result<Value, Failure> {
        let sentry = &workspace.sentry;
        let open = |sealed: &Option<Sealed>| {
            let opened = sealed.as_ref().map(|sealed| self.vault.open(sealed));
            let opened = opened.transpose()?;
            Ok::<_, Failure>(opened.map(|secret| secret.expose_secret().to_owned()))
        };
        Ok(json!({
            "base_url": sentry.base_url,
            "api_token": open(&sentry.api_token)?,
            "organization": sentry.organization,
            "client_secret": open(&sentry.client_secret)?,
        }))
    }

    fn kind(&self, name: &str) -> Result<&dyn SourceKind, Failure> {
        let found = self.kinds.iter().find(|kind| kind.name() == name);
        found.map(|kind| &**kind).ok_or_else(|| {
            let message = format!(
                "could not open the source because this build has no `{name}` (feature source-{name}); \
                 use a build with it, or clear the workspace's {name} settings"
            );
            Failure::Source(Error::new(ErrorKind::Unsupported, "sources", "open", message))
        })
    }
}

/// A kind says `Unauthorized` where what it needs to begin with was never entered.
fn not_open(error: Error) -> Failure {
    match error.kind() {
        ErrorKind::Unauthorized => Failure::SourceNotConfigured,
        _ => Failure::Source(error),
    }
}
