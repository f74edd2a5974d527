//! Whether a store of a million analyses is as fast as one of a thousand: `CONTRIBUTING.md` says
//! how to run it.
//!
//! Both sizes of each store stand side by side and are asked in turn, so that a busy machine slows
//! both alike. Every figure is the median; what is promised is that no ratio is above 1.5.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people to run"
)]

mod asked;
mod filled;
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the adapter's tests, whose file this is, use the rest and may stop"
)]
#[path = "../../../adapters/tests/support/mongod.rs"]
mod mongod;

use clap::Parser;
use explainer_adapters::storage::sqlite::SqliteStore;
use explainer_core::ports::{Analyses, Import};

use self::{
    asked::{Asked, Question},
    filled::fill,
    mongod::{Mongod, Place, Topology},
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
    #[arg(long, default_value_t = 400)]
    rounds: usize,
    /// Measure on this store only: sqlite or mongodb
    #[arg(long)]
    store: Option<String>,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

/// A store to fill and to ask.
pub(crate) trait Store: Analyses + Import {}
impl<S: Analyses + Import> Store for S {}

#[tokio::main]
async fn main() -> Outcome {
    let options = Options::parse();
    let wanted = |name: &str| options.store.as_deref().is_none_or(|store| store == name);
    let mut worst: f64 = 0.0;
    if wanted("sqlite") {
        let folder = tempfile::tempdir()?;
        let small = SqliteStore::open(folder.path().join("small.db"))?;
        let large = SqliteStore::open(folder.path().join("large.db"))?;
        worst = worst.max(compare("sqlite", &small, &large, &options).await?);
    }
    if wanted("mongodb") {
        let mongod = Mongod::start_with_cache(Topology::ReplicaSet, "2");
        let (small, large) = (
            Place::at(&mongod.uri()).await,
            Place::at(&mongod.uri()).await,
        );
        let (small, large) = (small.open().await, large.open().await);
        worst = worst.max(compare("mongodb", &small, &large, &options).await?);
    }
    println!("\nthe worst ratio is {worst:.2}; {PROMISED} is what is promised");
    if worst > PROMISED {
        return Err("a large store is slower than promised".into());
    }
    Ok(())
}

/// Prints a line for each question; gives back the worst ratio.
async fn compare(
    name: &str,
    small: &dyn Store,
    large: &dyn Store,
    options: &Options,
) -> Outcome<f64> {
    for (store, size) in [(small, options.small), (large, options.large)] {
        let took = fill(store, size).await?;
        eprintln!("{name}: {size} analyses written in {took:.1?}");
    }
    println!(
        "\n{name:22}{:>12}{:>12}{:>8}",
        options.small, options.large, "ratio"
    );
    let mut asked = [
        Asked::new(small, options.small),
        Asked::new(large, options.large),
    ];
    let mut worst: f64 = 0.0;
    for question in Question::ALL {
        for _ in 0..options.rounds {
            for store in &mut asked {
                store.ask(*question).await?;
            }
        }
        let [small, large] = asked.each_mut().map(Asked::median);
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        println!(
            "{:22}{small:>12.1?}{large:>12.1?}{ratio:>8.2}",
            question.name()
        );
        worst = worst.max(ratio);
    }
    Ok(worst)
}
