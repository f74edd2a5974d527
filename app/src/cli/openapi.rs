//! `explainer openapi`.

use super::Outcome;
use crate::{api, bootstrap::Application, config::Config};

/// Prints the document; nothing of the configured store is touched.
pub(super) async fn run(mut config: Config) -> Outcome {
    let folder = tempfile::tempdir()?;
    config.storage.throw_away_in(folder.path());
    let application = Application::assemble(config).await?;
    anstream::print!(
        "{}",
        api::openapi_document(application.services, application.waiting)
    );
    Ok(())
}
