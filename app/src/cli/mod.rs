//! The command line: one file for each command.

mod check_config;
mod demo;
mod explain;
mod migrate;
mod models;
mod openapi;
mod paint;
#[cfg(feature = "plugins")]
mod plugin;
mod secrets;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    config::{Config, Inputs, Loaded},
    telemetry::Telemetry,
};

/// Turns error-tracker issues into technical specifications.
#[derive(Debug, Parser)]
#[command(name = "explainer", version, propagate_version = true, after_help = AFTER_HELP)]
struct Cli {
    /// The configuration file [default: `EXPLAINER_CONFIG`, else explainer.toml if there is one]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "\
Without a command it serves. To see what it does, with no account, key or server:

    explainer demo
    explainer explain event.json

Every setting is explained in config/default.toml; `explainer check-config` shows those in force.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and work on analyses (the default)
    Serve,
    /// Explain the built-in samples in a store that is thrown away, and keep serving them
    Demo,
    /// Explain the event in a file, or on standard input
    Explain(explain::Args),
    /// List the models that the configured servers offer; a star marks the one that is asked
    Models(models::Args),
    /// Check the configuration and show what is in force and where it came from
    CheckConfig,
    /// Look after the secrets that are kept
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// Carry everything to another store, or from the older backend's database
    ///
    /// What is there already is left as it is, so that a run that broke off is simply started
    /// again. The source is only read. Stop the service first: what it changes meanwhile may be
    /// missed. Personal tokens and invitations stay good; logins are begun anew, and the audit log
    /// stays where things were changed.
    Migrate(migrate::Args),
    /// Print the OpenAPI document
    Openapi,
    /// Make, check and allow plugins: sources of issues from shared libraries
    #[cfg(feature = "plugins")]
    #[command(subcommand)]
    Plugin(plugin::Command),
}

/// Runs the command that was asked for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.command.unwrap_or(Command::Serve) {
        Command::Explain(args) => return explain::run(&args),
        #[cfg(feature = "plugins")]
        Command::Plugin(command) => return plugin::run(command, cli.config),
        Command::CheckConfig => {
            load(cli.config).and_then(|loaded| block_on(check_config::run(loaded)))
        }
        Command::Migrate(args) => {
            load(cli.config).and_then(|it| block_on(migrate::run(args, it.config)))
        }
        Command::Models(args) => {
            load(cli.config).and_then(|it| block_on(models::run(args, it.config)))
        }
        Command::Serve => load(cli.config).and_then(|it| told(it.config, serve::run)),
        Command::Demo => load(cli.config).and_then(|it| told(demo::quiet(it.config), demo::run)),
        Command::Openapi => {
            load(cli.config).and_then(|it| told(openapi::alone(it.config), openapi::run))
        }
        Command::Secrets(command) => {
            let run = |config, telemetry| secrets::run(command, config, telemetry);
            load(cli.config).and_then(|it| told(it.config, run))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn block_on(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

/// Runs `work` with telemetry begun before anything else, and ended when nothing runs any more.
fn told<F: Future<Output = Outcome>>(
    config: Config,
    work: impl FnOnce(Config, Telemetry) -> F,
) -> Outcome {
    let telemetry = Telemetry::start(&config)?;
    let outcome = block_on(work(config, telemetry.clone()));
    telemetry.stop();
    outcome
}

fn load(config_file: Option<PathBuf>) -> Outcome<Loaded> {
    let inputs = Inputs {
        config_file,
        working_dir: std::env::current_dir()?,
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
    };
    Ok(Config::load(&inputs)?)
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    anstream::eprintln!("{}: {error}", paint::bad("error"));
    ExitCode::FAILURE
}
