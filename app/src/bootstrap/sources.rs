//! Where issues come from.

use std::sync::Arc;

use explainer_adapters::{layers::Traced, sources::files::FilesSource};
use explainer_core::{
    Result,
    ports::{IssueSource, Vault},
    services::Sources,
};

use super::{compiled_out, samples::SAMPLES};
use crate::config::Config;

/// The kinds of source this build can open, and what a workspace reads that chose none:
/// the operator's files, else the built-in samples unless they are turned off.
pub(super) fn catalog(config: &Config, vault: Arc<dyn Vault>) -> Result<Sources> {
    if config.sources.sentry.api_token.is_some() {
        return Err(compiled_out(
            "source",
            "sentry",
            "unset SENTRY_API_TOKEN to read files or samples",
        ));
    }
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
    Ok(Sources::new(Vec::new(), fallback, vault))
}
