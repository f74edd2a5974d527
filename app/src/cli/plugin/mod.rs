//! `explainer plugin …`: for authors of plugins and for those who run them.

mod allow;
mod check;
mod inspect;
mod list;
mod new;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Subcommand;
use explainer_plugin_host::{
    Allowed, Digest, Options, Plugin,
    check::probe,
    child::{self, Arguments},
    digest_of,
};

use super::{Outcome, block_on, fail, load};
use crate::bootstrap;

/// What can be done with plugins.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a new plugin, ready to be built, into a folder of its own
    New(new::Args),
    /// Hold a plugin to what the service expects of it
    Check(check::Args),
    /// Show what a plugin says of itself
    Inspect(inspect::Args),
    /// Show the plugins that the configuration allows, and whether they can be loaded
    List,
    /// Allow a plugin, as it is now, in the configuration file
    Allow(allow::Args),
    /// Serve a plugin over standard input and output; the service starts this itself
    #[command(hide = true)]
    Run {
        digest: Digest,
        level: i32,
        library: PathBuf,
    },
    /// Try one thing with a plugin in this process; `check` starts this itself
    #[command(hide = true)]
    Probe {
        name: String,
        digest: Digest,
        reason: PathBuf,
        settings: String,
        library: PathBuf,
    },
}

pub(super) fn run(command: Command, config_file: Option<PathBuf>) -> ExitCode {
    let outcome = match command {
        Command::Run {
            digest,
            level,
            library,
        } => {
            return child::run(Arguments {
                digest,
                level,
                library,
            });
        }
        Command::Probe {
            name,
            digest,
            reason,
            settings,
            library,
        } => {
            return probe::run(&probe::Arguments {
                name,
                digest,
                reason,
                settings,
                library,
            });
        }
        Command::Check(args) => return check::run(args, config_file),
        Command::New(args) => new::run(&args),
        Command::Inspect(args) => {
            load(config_file).and_then(|loaded| block_on(inspect::run(args, loaded.config)))
        }
        Command::List => load(config_file).and_then(|loaded| block_on(list::run(loaded.config))),
        Command::Allow(args) => load(config_file.clone())
            .and_then(|loaded| block_on(allow::run(args, loaded.config, config_file))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// The library at `path` as it is now: whoever names it on the command line trusts it that far.
fn as_it_is(path: &Path) -> Outcome<Allowed> {
    Ok(Allowed {
        digest: digest_of(path)?,
        path: std::path::absolute(path)?,
    })
}

/// Loads the library at `path` in a child, whatever the configuration says of isolation.
async fn load_alone(path: &Path, options: Options) -> Outcome<Arc<Plugin>> {
    let options = Options {
        isolation: explainer_plugin_host::Isolation::Process(bootstrap::plugins::child_program()?),
        ..options
    };
    Ok(Plugin::load(as_it_is(path)?, options).await?)
}
