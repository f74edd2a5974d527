//! `explainer secrets`.

use clap::Subcommand;

use super::Outcome;
use crate::{bootstrap::Application, config::Config, telemetry::Telemetry};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Encrypt anew, with the current key, what was encrypted with a former one
    Rotate,
}

pub(super) async fn run(command: Command, config: Config, telemetry: Telemetry) -> Outcome {
    match command {
        Command::Rotate => rotate(config, telemetry).await,
    }
}

async fn rotate(config: Config, telemetry: Telemetry) -> Outcome {
    let services = Application::assemble(config, telemetry).await?.services;
    let rotated = services.secrets.rotate().await?;
    anstream::println!("{rotated} secrets are encrypted anew; none is left under a former key");
    Ok(())
}
