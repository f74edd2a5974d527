//! Where issues come from.

use std::sync::Arc;

use explainer_adapters::{
    layers::{Traced, TracedSources},
    sources::files::FilesSource,
};
#[cfg(not(feature = "plugins"))]
use explainer_core::{Error, ErrorKind};
use explainer_core::{
    Result,
    ports::{IssueSource, SourceKind, Vault},
    services::Sources,
};
#[cfg(feature = "plugins")]
use explainer_plugin_host::PluginKind;

#[cfg(feature = "plugins")]
use super::plugins;
use super::samples::SAMPLES;
use crate::config::Config;

/// The kinds of source this build can open, and what a workspace reads that chose none: the
/// operator's Sentry, else the operator's files, else the built-in samples unless they are turned off.
pub(super) async fn catalog(config: &Config, vault: Arc<dyn Vault>) -> Result<Sources> {
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
    let mut kinds: Vec<Arc<dyn SourceKind>> = sentry(config)?.into_iter().collect();
    add_plugins(&mut kinds, config).await?;
    let traced = |kind| -> Arc<dyn SourceKind> { Arc::new(TracedSources::new(kind)) };
    let kinds = kinds.into_iter().map(traced).collect();
    Ok(Sources::new(kinds, fallback, vault))
}

/// Adds the kinds of plugins. One that cannot be loaded is told of and left out: it must not take
/// the service down.
#[cfg(feature = "plugins")]
async fn add_plugins(kinds: &mut Vec<Arc<dyn SourceKind>>, config: &Config) -> Result<()> {
    for loaded in plugins::load(config).await {
        match loaded {
            Ok(plugin) if kinds.iter().any(|it| it.name() == plugin.kind()) => {
                let (kind, path) = (plugin.kind(), plugin.path().display());
                tracing::error!(
                    "left out the plugin {path} because there is a source `{kind}` already"
                );
            }
            Ok(plugin) => kinds.push(Arc::new(PluginKind(plugin))),
            Err(error) => tracing::error!("left out a plugin: {error}"),
        }
    }
    Ok(())
}

#[cfg(not(feature = "plugins"))]
#[expect(clippy::unused_async, reason = "with the feature it is")]
async fn add_plugins(_: &mut Vec<Arc<dyn SourceKind>>, config: &Config) -> Result<()> {
    if config.plugins.allow.is_empty() {
        return Ok(());
    }
    let message = "could not load plugins because this build has no `plugins` (feature plugins); \
                   empty plugins.allow, or use a build with it";
    Err(Error::new(
        ErrorKind::Unsupported,
        "bootstrap",
        "open",
        message,
    ))
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
