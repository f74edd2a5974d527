//! `explainer models`.

use std::sync::Arc;

use explainer_core::ports::{LlmKind, LlmSettings, OfferedModel, PullProgress};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, paint};
use crate::{bootstrap, config::Config};

/// What to do with models.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Have the Ollama server fetch a model
    Pull {
        /// The model's name, such as llama3.1
        name: String,
    },
}

pub(super) async fn run(args: Args, config: Config) -> Outcome {
    let kinds = bootstrap::kinds(&config);
    match args.command {
        None => list(&kinds).await,
        Some(Command::Pull { name }) => pull(&kinds, &name).await,
    }
}

/// Shows what each server offers. Fails when one that is to be asked does not say.
async fn list(kinds: &[Arc<dyn LlmKind>]) -> Outcome {
    let settings = LlmSettings::default();
    let mut silent = Vec::new();
    for kind in kinds {
        anstream::println!("{}", paint::heading(kind.name()));
        match kind.models(&settings).await {
            Ok(models) => show(&models, chosen(&**kind).as_deref()),
            Err(error) => {
                anstream::println!("  {}", paint::quiet(error.message()));
                if kind.is_ready(&settings) {
                    silent.push(kind.name());
                }
            }
        }
    }
    if silent.is_empty() {
        return Ok(());
    }
    Err(format!("could not list the models of {}", silent.join(" and ")).into())
}

/// The model that is asked where nobody chooses another.
fn chosen(kind: &dyn LlmKind) -> Option<String> {
    let opened = kind.open(&LlmSettings::default()).ok()?;
    Some(opened.profile().model)
}

fn show(models: &[OfferedModel], chosen: Option<&str>) {
    let names = models.iter().map(|model| model.name.chars().count());
    let width = names.max().unwrap_or_default();
    for model in models {
        let window = model.context_window.map(|it| format!("{it} tokens"));
        let size = model.size.map(gigabytes);
        let told = [window, size].into_iter().flatten();
        let told = told.chain(model.capabilities.iter().cloned());
        let told = told.collect::<Vec<_>>().join(", ");
        // Ollama calls `llama3.1` by its whole name.
        let is_chosen = chosen.is_some_and(|chosen| {
            model.name == chosen || model.name.strip_suffix(":latest") == Some(chosen)
        });
        let mark = if is_chosen { "*" } else { " " };
        let name: String = model.name.chars().filter(|it| !it.is_control()).collect();
        anstream::println!("{mark} {name:width$}  {}", paint::quiet(&told));
    }
    if models.is_empty() {
        anstream::println!("  {}", paint::quiet("none"));
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

async fn pull(kinds: &[Arc<dyn LlmKind>], name: &str) -> Outcome {
    let ollama = kinds.iter().find(|kind| kind.name() == "ollama");
    let ollama = ollama.ok_or_else(|| {
        bootstrap::compiled_out("llm", "ollama", "fetch the model with a build that has it")
    })?;
    let bar = Bar(ProgressBar::new_spinner());
    let pulled = ollama.pull(&LlmSettings::default(), name, &bar).await;
    bar.0.finish_and_clear();
    pulled?;
    anstream::println!("{}", paint::good(&format!("`{name}` is there")));
    Ok(())
}

/// A bar while bytes are counted, a spinner while they are not.
struct Bar(ProgressBar);

impl PullProgress for Bar {
    fn step(&self, status: &str, done: u64, total: u64) {
        let template = if total == 0 {
            "{spinner} {msg}"
        } else {
            "{msg} {bar:30} {bytes}/{total_bytes} {eta}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        // What a server says may not move the cursor.
        let plain = status.chars().filter(|it| !it.is_control()).take(60);
        self.0.set_message(plain.collect::<String>());
        self.0.set_length(total);
        self.0.set_position(done.min(total));
        self.0.tick();
    }
}
