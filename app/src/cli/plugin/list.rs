//! `explainer plugin list`.

use super::{super::paint, Outcome};
use crate::{bootstrap, config::Config};

/// Loads each plugin that the configuration allows, and says what came of it.
pub(super) async fn run(config: Config) -> Outcome {
    if config.plugins.allow.is_empty() {
        anstream::println!("no plugin is allowed; `explainer plugin allow LIBRARY` allows one");
        return Ok(());
    }
    let mut broken = 0;
    for (entry, loaded) in config
        .plugins
        .allow
        .iter()
        .zip(bootstrap::plugins::load(&config).await)
    {
        match loaded {
            Ok(plugin) => {
                let manifest = plugin.manifest();
                let path = paint::quiet(&plugin.path().display().to_string());
                anstream::println!(
                    "{}  {}  {path}",
                    paint::good(&manifest.kind),
                    manifest.description
                );
            }
            Err(error) => {
                broken += 1;
                anstream::println!("{}  {error}  {}", paint::bad("broken"), paint::quiet(entry));
            }
        }
    }
    if broken == 0 {
        return Ok(());
    }
    Err(format!(
        "{broken} of {} plugins cannot be loaded",
        config.plugins.allow.len()
    )
    .into())
}
