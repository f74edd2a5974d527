//! Which source a workspace reads.

use std::sync::Arc;

use crate::{
    Error, ErrorKind,
    domain::{ExposeSecret, Workspace},
    ports::{IssueSource, SourceKind, Vault},
    services::Failure,
};

/// The catalog of sources: the kinds this build can open, and what a workspace reads that chose none.
#[derive(Debug)]
pub struct Sources {
    kinds: Vec<Arc<dyn SourceKind>>,
    fallback: Option<Arc<dyn IssueSource>>,
    vault: Arc<dyn Vault>,
}

impl Sources {
    /// A catalog of `kinds`; workspaces that chose no source read `fallback`, if there is one.
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
        if !workspace.uses_sentry() {
            return self.fallback.clone().ok_or(Failure::SourceNotConfigured);
        }
        let sentry = &workspace.sentry;
        let (Some(token), Some(organization)) = (&sentry.api_token, &sentry.organization) else {
            return Err(Failure::SourceNotConfigured);
        };
        let token = self.vault.open(token)?;
        let settings = serde_json::json!({
            "api_token": token.expose_secret(),
            "organization": organization,
        });
        self.kind("sentry")?
            .open(&settings)
            .map_err(Failure::Source)
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
