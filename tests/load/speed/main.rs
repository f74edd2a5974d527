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
mod hook;
mod limit;
mod load;
#[path = "../model.rs"]
mod model;
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "it serves the tests of the stores first"
)]
#[path = "../../../adapters/tests/support/mongod.rs"]
mod mongod;
mod place;
mod report;
mod sentry;
#[path = "../service.rs"]
mod service;

use std::{path::PathBuf, process::Command, time::Duration};

use clap::Parser;

use self::{
    load::Load,
    mongod::Topology,
    place::{Place, Setup},
    report::Report,
    sentry::Manner,
};

/// The core of the servers.
const SERVERS: &str = "0";
/// The core of the load.
const LOAD: &str = "1";

/// What can fail here is told to whoever started it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Where analyses are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Store {
    Sqlite,
    Mongodb,
}

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
    /// The service to measure
    #[arg(long, default_value = "target/release/explainer")]
    service: PathBuf,
    /// The stores to measure on; MongoDB is the server of `MONGODB_URI`, else one that is started
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "sqlite,mongodb"
    )]
    stores: Vec<Store>,
    /// Only the cases whose names hold one of these
    #[arg(long, value_delimiter = ',')]
    cases: Vec<String>,
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

impl Options {
    fn wants(&self, case: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|part| case.contains(part))
    }
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
    let model = model::start(Duration::ZERO, |_| ())?;
    let with_mongodb = options.stores.contains(&Store::Mongodb);
    let mongodb = with_mongodb.then(|| mongod::server(Topology::Standalone));
    let plugin = place::plugin()?;
    let mut places = Vec::new();
    for store in &options.stores {
        println!("storing {} analyses in {store:?} …", options.analyses);
        let setup = Setup {
            program: &options.service,
            core,
            analyses: options.analyses,
            plugin: &plugin,
            model: &model,
            mongodb: match store {
                Store::Sqlite => None,
                Store::Mongodb => mongodb.as_ref().map(|server| server.uri.as_str()),
            },
        };
        let place = Place::service(&setup, &[]).await?;
        places.push((format!("{store:?}"), place));
        for manner in &options.told {
            let told = sentry::start(*manner).await?;
            let place = Place::service(&setup, &told).await?;
            places.push((format!("{store:?} {manner:?}"), place));
        }
    }
    let duration = Duration::from_secs_f64(options.seconds);
    let mut report = Report::default();
    let cases = place::CASES.iter().enumerate();
    for (index, (case, connections)) in cases.filter(|(_, (case, _))| options.wants(case)) {
        for _ in 0..options.rounds {
            let load = Load {
                connections: connections.unwrap_or(options.connections),
                duration,
            };
            let still = load.run(&limit.server, &limit.requests[0]).await?;
            report.still(case, &still);
            for (name, place) in &places {
                let measured = load.run(&place.server, &place.requests[index]).await?;
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
