//! `explainer explain`.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;
use explainer_core::{
    domain::{DataPolicy, Event, Evidence},
    explain::{self, ApproximateTokens, Redactor, collect::MAX_DOCUMENT},
};

use super::paint;

/// The exit code for a document that holds no event.
const NO_EVENT: u8 = 2;
/// How many tokens of evidence `--evidence` shows.
const BUDGET: usize = 8_000;

/// What to explain, and how to show it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A document with one or more events: JSON as Sentry's API or an SDK writes it, or an envelope; `-` reads standard input
    file: PathBuf,

    /// How to print the specification
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,

    /// Print what a language model would be given, packed and redacted, instead of a specification
    #[arg(long, conflicts_with = "format")]
    evidence: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A document for people, coloured on a terminal
    Markdown,
    /// The specification as JSON
    Json,
}

/// 0 with a specification on standard output; 2 with one line on standard error that says why
/// the document holds no event.
pub(super) fn run(args: &Args) -> ExitCode {
    let bytes = match read(&args.file) {
        Ok(bytes) => bytes,
        Err(error) => return no_event(&args.file, &error),
    };
    let events = match explain::collect::read(&bytes) {
        Ok(events) => events,
        Err(error) => return no_event(&args.file, &error),
    };
    for (number, evidence) in by_issue(events).into_iter().enumerate() {
        if number > 0 {
            anstream::println!();
        }
        print(args, &evidence);
    }
    ExitCode::SUCCESS
}

/// The document, or why it cannot be read; never more of it than an event may have.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = MAX_DOCUMENT as u64 + 1;
    if file.as_os_str() == "-" {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The evidence of each issue that the events belong to, in the order of their first events.
fn by_issue(events: Vec<Event>) -> Vec<Evidence> {
    let mut groups: Vec<(String, Vec<Event>)> = Vec::new();
    for event in events {
        let key = explain::collect::group_key(&event);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, group)) => group.push(event),
            None => groups.push((key, vec![event])),
        }
    }
    let evidence = |(_, events): (String, Vec<Event>)| {
        explain::collect(explain::collect::issue_of(&events), events)
    };
    groups.into_iter().map(evidence).collect()
}

fn print(args: &Args, evidence: &Evidence) {
    if args.evidence {
        let mut redactor = Redactor::default();
        let policy = DataPolicy::default();
        let packed = explain::pack(evidence, &policy, BUDGET, &ApproximateTokens, &mut redactor);
        return anstream::println!("{}", packed.text);
    }
    let specification = explain::specify(evidence);
    match args.format {
        Format::Markdown => {
            let text = explain::render::markdown(&evidence.issue, &specification);
            anstream::print!("{}", paint::markdown(&text));
        }
        Format::Json => match serde_json::to_string_pretty(&specification) {
            Ok(json) => anstream::println!("{json}"),
            Err(error) => anstream::eprintln!("{}: {error}", paint::bad("error")),
        },
    }
}

fn no_event(file: &Path, why: &dyn std::fmt::Display) -> ExitCode {
    anstream::eprintln!("{}: {}: {why}", paint::bad("no event"), file.display());
    ExitCode::from(NO_EVENT)
}
