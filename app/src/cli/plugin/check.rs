//! `explainer plugin check`.

use std::{path::PathBuf, process::ExitCode};

use explainer_plugin_host::{
    Isolation, Options,
    check::{self, Finding, Outcome as Verdict, Subject},
};
use serde_json::Value;

use super::{super::paint, Outcome, as_it_is, block_on, fail, load};
use crate::{bootstrap, config::Config};

/// What to check, and with what.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shared library
    library: PathBuf,

    /// Settings to open it with; the source should list two issues then
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = json)]
    settings: Value,

    /// Write the findings into this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn json(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

/// 0 when every test went well or could not be tried; each is printed with its reason.
pub(super) fn run(args: Args, config_file: Option<PathBuf>) -> ExitCode {
    let mut broken = 0;
    let outcome = load(config_file).and_then(|loaded| {
        block_on(async {
            broken = find(args, &loaded.config).await?;
            Ok(())
        })
    });
    match outcome {
        Ok(()) if broken == 0 => ExitCode::SUCCESS,
        Ok(()) => fail(&format!("{broken} tests failed")),
        Err(error) => fail(&error),
    }
}

async fn find(args: Args, config: &Config) -> Outcome<usize> {
    let child = bootstrap::plugins::child_program()?;
    let mut prober = child.clone();
    prober.arguments = ["plugin", "probe"].map(str::to_owned).into();
    let subject = Subject {
        library: as_it_is(&args.library)?,
        settings: args.settings,
        options: Options {
            isolation: Isolation::Process(child),
            ..bootstrap::plugins::options(config)?
        },
        prober,
    };
    let findings = check::check(&subject, print).await;
    if let Some(file) = args.json {
        std::fs::write(file, serde_json::to_string_pretty(&findings)?)?;
    }
    let failed = findings.iter().filter(|it| it.result == Verdict::Failed);
    Ok(failed.count())
}

fn print(finding: &Finding) {
    let result = match finding.result {
        Verdict::Ok => paint::good("ok     "),
        Verdict::Skipped => paint::quiet("skipped"),
        Verdict::Failed => paint::bad("FAILED "),
    };
    let time = paint::quiet(&format!("{:>5} ms", finding.millis));
    let why = finding
        .why
        .as_ref()
        .map_or_else(String::new, |why| format!(": {why}"));
    anstream::println!("{result} {time}  {}{why}", finding.name);
}
