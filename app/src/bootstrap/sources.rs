//! Where issues come from.

use std::sync::Arc;

use explainer_adapters::{
    layers::{Traced, TracedSources},
    sources::files::FilesSource,
};
use explainer_core::{
    Result,
    ports::{IssueSource, SourceKind, Vault},
    services::Sources,
};

use super::samples::SAMPLES;
use crate::config::Config;

/// The kinds of source this build can open, and what a workspace reads that chose none: the
/// operator's Sentry, else the operator's files, else the built-in samples unless they are turned off.
pub(super) fn catalog(config: &Config, vault: Arc<dyn Vault>) -> Result<Sources> {
    let fallback: Option<(Arc<dyn IssueSource>, _)> = match &config.sources.files {
        Some(path) => Some((Arc::new(FilesSource::open(path)), "files")),
        None if config.sources.samples => {
            let samples = FilesSource::of_documents("samples", SAMPLES).as_samples();
            Some((Arc::new(samples), "samples"))
        }
        None => None,
    };
    let fallback = fallback
        .map(|(source, system)| -> Arc<dyn IssueSource> { Arc::new(Traced::new(source, system)) });
    let traced = |kind| -> Arc<dyn SourceKind> { Arc::new(TracedSources::new(kind)) };
    let kinds = sentry(config)?.into_iter().map(traced).collect();
    Ok(Sources::new(kinds, fallback, vault))
}

#[cfg(feature = "source-sentry")]
fn sentry(config: &Config) -> Result<Option<Arc<dyn SourceKind>>> {
    use explainer_adapters::{
        outbound::Target,
        sources::sentry::{SentryDefaults, SentryKind},
    };

    let sentry = &config.sources.sentry;
    let target = Target::of_operator(&sentry.base_url);
    let defaults = SentryDefaults {
        target: target.map_err(|bad| bad.of_setting("sources.sentry.base_url", "sentry"))?,
        api_token: sentry.api_token.clone(),
        organization: sentry.organization.clone(),
        private_networks: config.outbound.private_networks,
    };
    Ok(Some(Arc::new(SentryKind::new(defaults))))
}

#[cfg(not(feature = "source-sentry"))]
fn sentry(config: &Config) -> Result<Option<Arc<dyn SourceKind>>> {
    if config.sources.sentry.api_token.is_some() {
        return Err(super::compiled_out(
            "source",
            "sentry",
            "unset SENTRY_API_TOKEN to read files or samples",
        ));
    }
    Ok(None)
}
