//! `explainer check-config`.

use super::{Outcome, paint};
#[cfg(feature = "plugins")]
use crate::config::Config;
use crate::{
    bootstrap::{self, Store},
    config::Loaded,
};

/// Shows every key, its value with secrets masked, and where it came from. A configuration with
/// mistakes never gets here: they have been told all together. Then it asks the store and the
/// identity provider, and fails when one does not answer.
pub(super) async fn run(loaded: Loaded) -> Outcome {
    let width = loaded
        .settings
        .iter()
        .map(|shown| shown.key.len())
        .max()
        .unwrap_or_default();
    for shown in &loaded.settings {
        let origin = paint::quiet(&format!("({})", shown.origin));
        anstream::println!("{:width$}  {}  {origin}", shown.key, shown.value);
    }
    for told in bootstrap::without_effect(&loaded.config) {
        anstream::println!("\n{}: {told}", paint::bad("note"));
    }
    #[cfg(feature = "plugins")]
    plugins(&loaded.config).await?;
    let storage = &loaded.config.storage;
    let store = Store::configured(storage);
    let place = store.place(storage);
    store.check(storage).await?;
    anstream::println!("\n{}: {place}", paint::good("the store can be used"));
    if let Some(keys) = bootstrap::identity::check(&loaded.config).await? {
        let answers = paint::good("the identity provider answers");
        anstream::println!("{answers}: {keys} of its keys can be used");
    }
    anstream::println!("{}", paint::good("the configuration can be used"));
    Ok(())
}

/// Loads each plugin and says what it is, or fails with what is wrong.
#[cfg(feature = "plugins")]
async fn plugins(config: &Config) -> Outcome {
    let mut broken = Vec::new();
    for loaded in bootstrap::plugins::load(config).await {
        match loaded {
            Ok(plugin) => {
                let (kind, path) = (plugin.kind(), plugin.path().display());
                anstream::println!("\nplugin `{kind}` of {path} can be loaded");
            }
            Err(error) => broken.push(error.to_string()),
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(broken.join("\n").into())
}
