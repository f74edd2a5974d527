//! Whether anything grows while the service works on: half of what it can do, for half an hour.
//! `CONTRIBUTING.md` says how to run it.
//!
//! First it is asked as fast as it answers; then half as often, evenly, each request being the next
//! of a mix of reads and analyses. What it holds is printed every minute, and at the end how much
//! more that is than after the first five minutes, when caches and pools are full.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people to run"
)]
#![expect(
    dead_code,
    reason = "it shares the places and the load with the program that compares speeds"
)]

#[path = "../events.rs"]
mod events;
#[path = "../speed/hook.rs"]
mod hook;
#[path = "../speed/limit.rs"]
mod limit;
#[path = "../speed/load.rs"]
mod load;
#[path = "../model.rs"]
mod model;
#[path = "../speed/place.rs"]
mod place;
#[path = "../service.rs"]
mod service;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clap::Parser;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use self::{
    load::{Connection, Load, Requests},
    place::{Place, Setup},
    service::Server,
};

/// What can fail here is told to whoever started it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// How many connections ask.
const CONNECTIONS: u16 = 8;
/// After so many minutes what is held is compared with the end.
const SETTLED: u64 = 5;

/// Has the service work for long, and watches what it holds.
#[derive(Parser)]
struct Options {
    /// How many minutes
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// The service to watch
    #[arg(long, default_value = "target/release/explainer")]
    service: PathBuf,
    /// The address of the MongoDB server to store on, instead of SQLite
    #[arg(long)]
    mongodb: Option<String>,
}

#[tokio::main]
async fn main() -> Outcome {
    let options = Options::parse();
    let model = model::start(Duration::ZERO, |_| ())?;
    let setup = Setup {
        program: &options.service,
        core: None,
        analyses: 1_000,
        plugin: &place::plugin()?,
        model: &model,
        mongodb: options.mongodb.as_deref(),
    };
    let place = Place::service(&setup, &[]).await?;
    let mix = mix(&place)?;
    let fastest = Load {
        connections: usize::from(CONNECTIONS),
        duration: Duration::from_secs(10),
    };
    let fastest = fastest.run(&place.server, &mix).await?.requests_per_second;
    let beat = Duration::from_secs_f64(2.0 * f64::from(CONNECTIONS) / fastest);
    println!(
        "{fastest:.0} requests/s at most, so {:.0} from now on",
        fastest / 2.0
    );
    println!(
        "{:>8}{:>10}{:>10}{:>12}",
        "minute", "MiB", "handles", "requests"
    );
    let mut settled = None;
    for minute in 1..=options.minutes {
        let until = Instant::now() + Duration::from_secs(60);
        let asking = (0..CONNECTIONS).map(|_| paced(&place, &mix, beat, until));
        let asked: u64 = futures::future::try_join_all(asking).await?.iter().sum();
        let held = Held::by(&place.server)?;
        println!(
            "{minute:>8}{:>10.1}{:>10}{asked:>12}",
            held.memory, held.handles
        );
        if minute == SETTLED.min(options.minutes) {
            settled = Some(held);
        }
    }
    if let Some(settled) = settled {
        let end = Held::by(&place.server)?;
        println!(
            "{:+.1} MiB and {:+} handles since minute {SETTLED}",
            end.memory - settled.memory,
            end.handles - settled.handles,
        );
    }
    Ok(())
}

/// Seven reads to one analysis, one after another whoever asks.
fn mix(place: &Place) -> Outcome<Requests> {
    let case = |name: &str| {
        let at = place::CASES.iter().position(|(case, _)| *case == name);
        at.map(|at| place.requests[at].clone())
            .ok_or("no such case")
    };
    let [me, one] = [case("auth/me")?, case("one stored analysis")?];
    let [list, analysis] = [case("list of 25")?, case("analysis, 1 in flight")?];
    let turn = [&me, &one, &one, &list, &me, &one, &list, &analysis].map(Clone::clone);
    let count = AtomicUsize::new(0);
    Ok(Arc::new(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        turn[number % turn.len()](number)
    }))
}

/// One connection that asks evenly; how often it did.
async fn paced(place: &Place, mix: &Requests, every: Duration, until: Instant) -> Outcome<u64> {
    let mut connection = Connection::open(place.server.address).await?;
    let mut beat = interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked = 0;
    while timeout_at(until, beat.tick()).await.is_ok() {
        connection.ask(&mix(0)).await?;
        asked += 1;
    }
    Ok(asked)
}

/// What a process holds.
struct Held {
    /// In MiB.
    memory: f64,
    /// Open files and sockets.
    handles: i64,
}

impl Held {
    fn by(server: &Server) -> Outcome<Self> {
        let handles = fs::read_dir(format!("/proc/{}/fd", server.process.id()))?.count();
        Ok(Self {
            memory: server.memory("VmRSS:")?,
            handles: i64::try_from(handles)?,
        })
    }
}
