//! `explainer migrate`: everything from one store to another, or from the older backend's database.

mod report;

use std::{path::PathBuf, sync::Arc};

use clap::ValueEnum;
use explainer_core::{
    domain::SecretString,
    ports::Export,
    services::{Migration, Mode, Tally},
};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, paint};
use crate::{
    bootstrap::{Older, Store},
    config::Config,
};

/// The variable for a connection string that is not to be seen on the command line.
const SOURCE_URI: &str = "MIGRATE_SOURCE_URI";

/// What to carry, and where.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where everything is
    #[arg(long, value_enum)]
    from: From,

    /// Where it goes [default: the configured store]
    #[arg(long, value_enum)]
    to: Option<To>,

    /// With `--from older`: the name of its database
    #[arg(long, value_name = "NAME", required_if_eq("from", "older"))]
    database: Option<String>,

    /// With `--from sqlite`: the data folder that holds it [default: the configured one]
    #[arg(long, value_name = "FOLDER")]
    source_data: Option<PathBuf>,

    /// Read and count everything, and write nothing
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
The store named by --to is the one of the configuration: `explainer check-config` shows it.

    explainer migrate --from older --database NAME --dry-run
    explainer migrate --from older --database NAME
    explainer migrate --from sqlite --to mongodb
    explainer migrate --from mongodb --to sqlite

The server of the older backend is that of MONGODB_URI, or another one named by the variable
MIGRATE_SOURCE_URI. Its secrets are sealed with the SECRET_KEY in force.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum From {
    /// The MongoDB database of the older backend
    Older,
    /// The SQLite file of the data folder
    Sqlite,
    /// The configured MongoDB database
    Mongodb,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// The SQLite file of the data folder
    Sqlite,
    /// The configured MongoDB database
    Mongodb,
}

pub(super) async fn run(args: Args, config: Config) -> Outcome {
    let mode = if args.dry_run {
        Mode::DryRun
    } else {
        Mode::Real
    };
    let to = match args.to {
        Some(To::Sqlite) => Store::Sqlite,
        Some(To::Mongodb) => Store::Mongodb,
        None => Store::configured(&config.storage),
    };
    let source = source(&args, &config, to, mode).await?;
    let migration = Migration {
        from: source.records,
        to: to.import(&config.storage, mode).await?,
    };
    anstream::println!(
        "from  {}\nto    {}\n",
        source.place,
        to.place(&config.storage)
    );
    let bar = bar()?;
    let outcome = migration.run(mode, &|tally| show(&bar, tally)).await;
    bar.finish_and_clear();
    let tallies = outcome.map_err(|error| {
        format!("{error}; what was written stays, and another run goes on from there")
    })?;
    report::print(&tallies, source.settings.as_ref(), mode)?;
    if mode == Mode::Real && args.from != From::Older && config.auth.secret_key.is_none() {
        let hint = "Secrets are sealed with the key in the data folder: take secret.key along, or \
                    set SECRET_KEY to what is in it, for every replica.";
        anstream::println!("\n{}", paint::quiet(hint));
    }
    Ok(())
}

/// What is read, and where that is.
struct Source {
    records: Arc<dyn Export>,
    settings: Option<Tally>,
    place: String,
}

async fn source(args: &Args, config: &Config, to: Store, mode: Mode) -> Outcome<Source> {
    let store = match args.from {
        From::Older => return older(args, config, mode).await,
        From::Sqlite => Store::Sqlite,
        From::Mongodb => Store::Mongodb,
    };
    let mut storage = config.storage.clone();
    if let Some(folder) = args.source_data.clone().filter(|_| store == Store::Sqlite) {
        storage.data_dir = folder;
    }
    let place = store.place(&storage);
    if store == to && place == to.place(&config.storage) {
        return Err(
            "could not carry anything because source and target are the same store; \
                    name another with --to, MONGODB_URI or --source-data"
                .into(),
        );
    }
    Ok(Source {
        records: store.export(&storage).await?,
        settings: None,
        place,
    })
}

async fn older(args: &Args, config: &Config, mode: Mode) -> Outcome<Source> {
    let named = std::env::var(SOURCE_URI).ok().map(SecretString::from);
    let uri = named.or_else(|| config.storage.mongodb_uri.clone());
    let uri = uri.ok_or_else(|| {
        format!(
            "could not find the older backend's server because neither {SOURCE_URI} nor \
             MONGODB_URI is set; set one to its connection string"
        )
    })?;
    let database = args.database.as_deref().unwrap_or_default();
    let older = Older::open(config, &uri, database, mode).await?;
    Ok(Source {
        records: older.records,
        settings: Some(older.settings),
        place: format!("the older backend, database {database}"),
    })
}

fn bar() -> Outcome<ProgressBar> {
    let style = ProgressStyle::with_template("{prefix:15} {bar:30} {pos}/{len} {per_sec} {eta}")?;
    Ok(ProgressBar::no_length().with_style(style))
}

fn show(bar: &ProgressBar, tally: &Tally) {
    bar.set_prefix(tally.name);
    bar.set_length(tally.found);
    bar.set_position(tally.read);
}
