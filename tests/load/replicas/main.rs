//! Whether anything is lost or done twice while replicas and their MongoDB are killed again and
//! again: `CONTRIBUTING.md` says how to run it.
//!
//! Several replicas of the service work on one MongoDB. Jobs come in over HTTP while replicas, and
//! now and then the server, are killed without a chance to tidy up and started again. In the end
//! the server's own log of writes says how often each analysis was completed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people to run"
)]

mod issues;
mod killer;
#[path = "../model.rs"]
mod model;
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the adapter's tests, whose file this is, use the rest and may stop"
)]
#[path = "../../../adapters/tests/support/mongod.rs"]
mod mongod;
mod paid;
mod replica;
mod team;
mod written;

use std::{
    collections::BTreeSet,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use futures::{StreamExt, stream};
use mongodb::Client;

use self::{
    killer::Killer,
    mongod::{Mongod, Topology},
    paid::Paid,
    replica::Replica,
    team::Team,
};

/// What can fail here is told to whoever started it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const DATABASE: &str = "explainer_load";

/// How long the model takes for an answer.
const MODEL: Duration = Duration::from_millis(50);

/// Kills replicas and their MongoDB while there is work, and counts what becomes of it.
#[derive(Parser, Clone)]
struct Options {
    /// How many analyses are asked for
    #[arg(long, default_value_t = 5_000)]
    jobs: usize,
    /// How many replicas there are
    #[arg(long, default_value_t = 3)]
    replicas: usize,
    /// How often a replica is killed, at least
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// How often the MongoDB server is killed
    #[arg(long, default_value_t = 2)]
    mongod_kills: usize,
    /// How long nobody may make any progress before this gives up, in seconds
    #[arg(long, default_value_t = 120)]
    patience: u64,
}

fn main() -> ExitCode {
    if std::env::var_os(replica::SERVE).is_some() {
        return explainer::cli::main();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(&Options::parse())));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Outcome<bool> {
    let folder = tempfile::tempdir()?;
    issues::write(folder.path(), options.jobs)?;
    let mongod = Mongod::start_with_cache(Topology::ReplicaSet, "1");
    let uri = mongod.uri();
    let paid = Paid::default();
    let heard = paid.clone();
    let model = model::start(MODEL, move |question| heard.question(question))?;
    let start = |number| Replica::start(number, folder.path(), &uri, &model);
    let replicas: Vec<Replica> = (0..options.replicas).map(start).collect::<Outcome<_>>()?;
    let team = Arc::new(Team::of(replicas));
    team.join().await?;
    let issues = team.issues(options.jobs).await?;
    println!("{} issues; {} replicas; go", issues.len(), options.replicas);

    let begin = Instant::now();
    let killer = Killer::start(team.clone(), mongod, options);
    let asked = stream::iter(issues)
        .map(|issue| team.ask(issue))
        .buffer_unordered(24);
    let accepted: BTreeSet<String> = asked.collect::<Vec<_>>().await.into_iter().collect();
    println!("{} accepted after {:.1?}", accepted.len(), begin.elapsed());
    let patience = Duration::from_secs(options.patience);
    let deaths = killer.until_done(&uri, accepted.len(), patience).await?;
    let took = begin.elapsed();

    let client = Client::with_uri_str(&uri).await?;
    let tally = written::tally(&client, DATABASE, &accepted).await?;
    println!("{deaths}");
    println!("lost = {}", tally.lost);
    println!("double = {}", tally.double);
    println!("failed = {:?}", tally.failed);
    println!("taken up again after a worker died = {}", tally.again);
    println!("{paid}");
    let done = accepted.len();
    println!("{done} done in {took:.1?}, kills included");
    drop(deaths);
    Ok(tally.lost == 0
        && tally.double == 0
        && tally.failed.is_empty()
        && accepted.len() == options.jobs)
}
