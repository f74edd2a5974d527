//! Whether a store of a million analyses is as fast as one of a thousand, for those who wait:
//! `CONTRIBUTING.md` says how to run it.
//!
//! On each store stands the service, which is this very program, started again. Reads are asked of
//! it over HTTP, as clients do; the claim of a job, which is nobody's to ask for, at the store's
//! port. Both sizes of each store stand side by side and are asked in turn, so that a busy machine
//! slows both alike. Every figure is the median; what is promised is that no ratio of these is
//! above 1.5. What the store's port alone takes for a read stands beside it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people to run"
)]

mod asked;
mod compared;
mod filled;
#[expect(
    dead_code,
    reason = "it shares the client with the program that compares speeds"
)]
#[path = "../speed/load.rs"]
mod load;
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the adapter's tests, whose file this is, use the rest and may stop"
)]
#[path = "../../../adapters/tests/support/mongod.rs"]
mod mongod;
#[path = "../service.rs"]
mod service;
mod side;

use std::process::ExitCode;

use clap::Parser;

use self::{
    compared::compare,
    mongod::{Mongod, Topology},
    side::{SERVE, Side},
};

/// What can fail here is told to whoever started it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The largest ratio that is promised.
const PROMISED: f64 = 1.5;

/// Compares a large store with a small one.
#[derive(Parser)]
struct Options {
    /// How many analyses the large store holds
    #[arg(long, default_value_t = 1_000_000)]
    large: usize,
    /// How many the small one holds
    #[arg(long, default_value_t = 1_000)]
    small: usize,
    /// How often each question is asked of each store
    #[arg(long, default_value_t = 1_500)]
    rounds: usize,
    /// Measure on this store only: sqlite or mongodb
    #[arg(long)]
    store: Option<String>,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    if std::env::var_os(SERVE).is_some() {
        return explainer::cli::main();
    }
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: &Options) -> Outcome {
    let wanted = |name: &str| options.store.as_deref().is_none_or(|store| store == name);
    let (small, large) = (options.small, options.large);
    let mut worst: f64 = 0.0;
    if wanted("sqlite") {
        let sides = [Side::on_sqlite(small).await?, Side::on_sqlite(large).await?];
        worst = worst.max(compare("sqlite", sides, options.rounds).await?);
    }
    if wanted("mongodb") {
        let mongod = Mongod::start_with_cache(Topology::ReplicaSet, "2");
        let uri = mongod.uri();
        let sides = [
            Side::on_mongodb(&uri, small).await?,
            Side::on_mongodb(&uri, large).await?,
        ];
        worst = worst.max(compare("mongodb", sides, options.rounds).await?);
    }
    println!("\nthe worst ratio is {worst:.2}; {PROMISED} is what is promised");
    if worst > PROMISED {
        return Err("a large store is slower than promised".into());
    }
    Ok(())
}
