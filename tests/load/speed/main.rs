//! How fast the service answers, side by side with a server that stands still: the same framework
//! with one JSON endpoint that only checks a token. `CONTRIBUTING.md` says how to run it.
//!
//! The servers run on one core and the load comes from another. They are asked in turn, several
//! rounds of each case, and every figure is printed with its ratio to the still one's of the same
//! round, since a busy machine slows both alike.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people to run"
)]

#[path = "../events.rs"]
mod events;
mod limit;
mod load;
mod place;
mod report;
mod sentry;

use std::{path::PathBuf, process::Command, time::Duration};

use clap::Parser;

use self::{
    load::Load,
    place::{Place, Store},
    report::Report,
    sentry::Manner,
};

/// The core of the servers.
const SERVERS: &str = "0";
/// The core of the load.
const LOAD: &str = "1";

/// What can fail here is told to whoever started it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Measures the service beside a server that only checks a token.
#[derive(Parser)]
struct Options {
    /// How often each case is measured
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long one measurement lasts, in seconds
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Connections at the same time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How many analyses are stored before
    #[arg(long, default_value_t = 1000)]
    analyses: usize,
    /// The stores to measure on; for MongoDB its address is taken from `MONGODB_URI`
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sqlite")]
    stores: Vec<Store>,
    /// Also measure while a Sentry of these manners is told of a tenth of the requests
    #[arg(long, value_enum, value_delimiter = ',')]
    told: Vec<Manner>,
    /// Also write the figures to this file, as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Be the server that stands still
    #[arg(long, hide = true)]
    limit: bool,
}

fn main() -> Outcome {
    let options = Options::parse();
    if options.limit {
        return runtime()?.block_on(limit::serve());
    }
    // Before the runtime starts its threads: they take the core over.
    let pinned = pin(&std::process::id().to_string());
    if !pinned {
        println!("note: without `taskset` and two cores nothing is pinned, and ratios are rougher");
    }
    runtime()?.block_on(measure(&options, pinned))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}

fn pin(process: &str) -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut taskset = Command::new("taskset");
    let output = taskset.args(["-c", "-p", LOAD, process]).output();
    cores > 1 && output.is_ok_and(|output| output.status.success())
}

async fn measure(options: &Options, pinned: bool) -> Outcome {
    let core = pinned.then_some(SERVERS);
    let limit = Place::limit(core)?;
    let mut places = Vec::new();
    for store in &options.stores {
        println!("storing {} analyses in {store} …", options.analyses);
        let place = Place::service(*store, core, options.analyses, &[]).await?;
        places.push((store.to_string(), place));
        for manner in &options.told {
            let told = sentry::start(*manner).await?;
            let place = Place::service(*store, core, options.analyses, &told).await?;
            places.push((format!("{store} {manner:?}"), place));
        }
    }
    let duration = Duration::from_secs_f64(options.seconds);
    let mut report = Report::default();
    for (index, case) in place::CASES.iter().enumerate() {
        for _ in 0..options.rounds {
            let load = Load {
                connections: options.connections,
                duration,
            };
            let still = load.run(&limit, &limit.requests[0]).await?;
            report.still(case, &still);
            for (name, place) in &places {
                let measured = load.run(place, &place.requests[index]).await?;
                report.add(case, name, &measured, &still);
            }
        }
        report.print(case);
    }
    if let Some(file) = &options.json {
        std::fs::write(file, report.json()?)?;
    }
    Ok(())
}
