//! The configuration of the service: where it is looked for, which place wins, and what it
//! holds once read.
//!
//! Four layers, a later one wins key by key: the built-in `config/default.toml`, a TOML file,
//! `.env` in the working directory, the environment. All problems of all layers are reported
//! together. Nothing here reads or writes the process environment: the caller passes it in,
//! and acts on the result (opening stores, resolving `auto`, making a secret key).
//!
//! To add a key: put it with a comment into `config/default.toml` and into its struct in
//! `sections.rs`; give it a bound in `check.rs` and, when it deserves one, a named variable in
//! `variables.rs` (and a line in `config/.env.example`).

mod check;
mod dotenv;
mod file;
mod layers;
mod llm;
mod notifications;
mod oidc;
mod otlp;
mod price;
mod problem;
mod secret;
mod sections;
mod shown;
#[cfg(test)]
mod tests;
mod variables;

use std::path::PathBuf;

pub use llm::{Llm, Location, Ollama, OpenAi, OpenAiApi, Structured, Think};
pub use notifications::{Notifications, Smtp, SmtpTls};
pub use oidc::grant;
pub use otlp::Otlp;
pub use price::price;
pub use problem::{ConfigErrors, Problem};
pub use sections::{
    Analysis, Auth, Config, Log, LogFormat, Metrics, Oidc, Outbound, PluginIsolation, Plugins,
    Registration, Sentry, Server, Sources, Storage, StorageKind, Telemetry,
};
pub use shown::{Origin, Shown};

use file::read_text;
use layers::Settings;
use variables::Variable;

/// Looked for in the working directory when no file is named.
const USUAL_FILE: &str = "explainer.toml";

/// Everything the configuration depends on.
///
/// No `Debug`: the environment holds secrets.
pub struct Inputs {
    /// The file of `--config`.
    pub config_file: Option<PathBuf>,
    /// Where `.env` and `explainer.toml` are looked for, and what relative paths start from.
    pub working_dir: PathBuf,
    /// The variables of the process.
    pub environment: Vec<(String, String)>,
}

/// A configuration that can be used, and where each value came from.
#[derive(Debug)]
pub struct Loaded {
    /// The values, typed.
    pub config: Config,
    /// Every key in order of name, for people to read: secrets are `***`.
    pub settings: Vec<Shown>,
}

impl Config {
    /// Reads and merges all layers, and checks the result.
    ///
    /// # Errors
    /// Every problem found, not only the first: files that cannot be read, unknown keys,
    /// values of the wrong type or out of bounds.
    pub fn load(inputs: &Inputs) -> Result<Loaded, ConfigErrors> {
        let mut problems = Vec::new();
        let mut settings = Settings::built_in();

        let dotenv = dotenv::read(&inputs.working_dir, &mut problems);
        let environment = variables::of_process(&inputs.environment);

        if let Some((name, text)) = config_file(inputs, &dotenv, &environment, &mut problems) {
            file::merge(&mut settings, &name, &text, &mut problems);
        }
        settings.merge_variables(&dotenv, &mut problems);
        settings.merge_variables(&environment, &mut problems);
        check::check(&settings, &mut problems);

        if !problems.is_empty() {
            return Err(ConfigErrors(problems));
        }
        let shown = settings.shown();
        match settings.into_config() {
            Ok(config) => Ok(Loaded {
                config,
                settings: shown,
            }),
            Err(problem) => Err(ConfigErrors(vec![problem])),
        }
    }
}

/// The TOML file to read, if any, with its text. A file that was asked for must be there.
fn config_file(
    inputs: &Inputs,
    dotenv: &[Variable],
    environment: &[Variable],
    problems: &mut Vec<Problem>,
) -> Option<(PathBuf, String)> {
    let named = |layer: &[Variable]| {
        let is_it = |v: &&Variable| v.name == "EXPLAINER_CONFIG" && !v.value.is_empty();
        let last = layer.iter().rev().find(is_it)?;
        Some(PathBuf::from(&last.value))
    };
    let asked = inputs.config_file.clone();
    let asked = asked.or_else(|| named(environment).or_else(|| named(dotenv)));
    let required = asked.is_some();
    let file = asked.unwrap_or_else(|| USUAL_FILE.into());

    match read_text(&inputs.working_dir.join(&file)) {
        Ok(text) => Some((file, text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => None,
        Err(error) => {
            problems.push(Problem::new(
                format!("read the configuration file {}", file.display()),
                error,
                "name a readable TOML file with --config or EXPLAINER_CONFIG",
            ));
            None
        }
    }
}
