//! `explainer plugin inspect`.

use std::path::PathBuf;

use super::{Outcome, load_alone};
use crate::{bootstrap, config::Config};

/// Which plugin.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shared library
    library: PathBuf,
}

/// Loads the library in a child and prints what it says of itself.
pub(super) async fn run(args: Args, config: Config) -> Outcome {
    let plugin = load_alone(&args.library, bootstrap::plugins::options(&config)?).await?;
    let manifest = plugin.manifest();
    let can = plugin.capabilities();
    anstream::println!("kind         {}", manifest.kind);
    anstream::println!("description  {}", manifest.description);
    anstream::println!("package      {} {}", manifest.name, manifest.version);
    anstream::println!("file         {}", plugin.path().display());
    anstream::println!(
        "digest       {}",
        explainer_plugin_host::digest_of(plugin.path())?
    );
    if !can.is_empty() {
        anstream::println!("can also     {}", can.join(", "));
    }
    if !manifest.sensitive.is_empty() {
        anstream::println!("sensitive    {}", manifest.sensitive.join(", "));
    }
    let settings = serde_json::to_string_pretty(&manifest.settings)?;
    anstream::println!("settings     {settings}");
    Ok(())
}
