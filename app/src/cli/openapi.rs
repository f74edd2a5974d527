//! `explainer openapi`.

use super::Outcome;
use crate::{api, bootstrap::Application, config::Config, telemetry::Telemetry};

/// Printing a document is nothing to tell anybody of.
pub(super) fn alone(mut config: Config) -> Config {
    config.telemetry.dsn = None;
    config.metrics.address = None;
    config
}

/// Prints the document; nothing of the configured store is touched.
pub(super) async fn run(mut config: Config, telemetry: Telemetry) -> Outcome {
    let folder = tempfile::tempdir()?;
    config.storage.throw_away_in(folder.path());
    let debug = config.server.debug;
    let application = Application::assemble(config, telemetry).await?;
    anstream::print!("{}", api::openapi_document(application.parts(), debug));
    Ok(())
}
