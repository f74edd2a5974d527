//! Kills replicas and the server while there is work, and starts them again.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use mongodb::Client;
use tokio::{task::JoinHandle, time::sleep};

use crate::{DATABASE, Options, Outcome, mongod::Mongod, team::Team, written};

/// How long the server is away each time.
const AWAY: Duration = Duration::from_secs(4);

pub(crate) struct Killer {
    killing: JoinHandle<Outcome<Killed>>,
    enough: Arc<AtomicBool>,
}

/// What was killed how often. The server ends with it.
pub(crate) struct Killed {
    replicas: usize,
    servers: usize,
    restarted: usize,
    _mongod: Mongod,
}

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            replicas,
            servers,
            restarted,
            ..
        } = self;
        write!(
            f,
            "killed: replicas {replicas} times, mongod {servers} times; \
             {restarted} replicas ended by themselves and were started again"
        )
    }
}

impl Killer {
    pub(crate) fn start(team: Arc<Team>, mongod: Mongod, options: &Options) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let killing = tokio::spawn(kill(team, mongod, options.clone(), enough.clone()));
        Self { killing, enough }
    }

    /// Waits until all work is done and enough was killed.
    pub(crate) async fn until_done(
        self,
        uri: &str,
        jobs: usize,
        patience: Duration,
    ) -> Outcome<Killed> {
        let client = Client::with_uri_str(uri).await?;
        let (mut last, mut moved) = (0, Instant::now());
        loop {
            match written::ended(&client, DATABASE).await {
                Ok(ended) if ended >= jobs => break,
                Ok(ended) if ended > last => (last, moved) = (ended, Instant::now()),
                Ok(_) | Err(_) => {}
            }
            if self.killing.is_finished() && moved.elapsed() > patience {
                eprintln!("gave up: {last} of {jobs} are done and nothing moves");
                break;
            }
            sleep(Duration::from_millis(250)).await;
        }
        self.enough.store(true, Ordering::Relaxed);
        self.killing.await?
    }
}

/// Kills until it has killed enough; then only looks after those who end by themselves.
async fn kill(
    team: Arc<Team>,
    mut mongod: Mongod,
    options: Options,
    enough: Arc<AtomicBool>,
) -> Outcome<Killed> {
    let (mut replicas, mut servers, mut restarted) = (0, 0, 0);
    let random = RandomState::new();
    while replicas < options.kills || servers < options.mongod_kills || !done(&enough) {
        let pause = 400 + random.hash_one(("pause", replicas, restarted)) % 1_000;
        sleep(Duration::from_millis(pause)).await;
        for number in 0..team.len() {
            restarted += usize::from(team.replica(number).restart_if_ended()?);
        }
        if replicas < options.kills {
            let victim = random.hash_one(("victim", replicas)) % 1_000;
            team.replica(usize::try_from(victim)?).kill_and_restart()?;
            replicas += 1;
        }
        let due = (servers + 1) * options.kills / (options.mongod_kills + 1);
        if servers < options.mongod_kills && replicas >= due {
            mongod.kill();
            sleep(AWAY).await;
            mongod.run();
            servers += 1;
        }
    }
    Ok(Killed {
        replicas,
        servers,
        restarted,
        _mongod: mongod,
    })
}

fn done(enough: &AtomicBool) -> bool {
    enough.load(Ordering::Relaxed)
}
