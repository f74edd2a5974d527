//! The connections to one file: a writer of its own thread, and a few readers shared by everyone.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use explainer_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};
use tokio::sync::Semaphore;

use super::{ADAPTER, fault::Fault, migrations, writer::Writer};
use crate::private_files;

/// How many reads happen at once. SQLite reads from memory; more would only wait for a processor.
const READERS: usize = 4;

/// What a connection keeps of the file, in negative KiB as SQLite wants it: the upper pages of
/// indexes and little more, since the system keeps the rest for all of them.
const CACHE: i32 = -1024;

/// How long a statement waits for another process before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many prepared statements a connection keeps: more than the adapter has.
const STATEMENTS: usize = 64;

/// The connections to one file.
#[derive(Debug, Clone)]
pub(super) struct Database {
    writer: Writer,
    readers: Arc<Readers>,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self> {
        // Absolute, so that `:memory:` is a file like any other and readers that are opened later
        // find the same one.
        let path = &std::path::absolute(path).map_err(|error| cannot_open(path, error))?;
        make_file(path).map_err(|error| cannot_open(path, error))?;
        let connection = prepare(path).map_err(|fault| fault.into_error("open"))?;
        Self::over(path, connection)
    }

    /// Opens a file that must be there and whose tables must be those of this build.
    pub(super) fn open_existing(path: &Path) -> Result<Self> {
        let path = &std::path::absolute(path).map_err(|error| cannot_open(path, error))?;
        if !path.is_file() {
            let message = format!(
                "could not open the store at {} because there is no such file; name another",
                path.display()
            );
            return Err(Error::new(ErrorKind::NotFound, ADAPTER, "open", message));
        }
        let open = || {
            let connection = attach(path)?;
            migrations::check(&connection)?;
            configure(&connection)?;
            Ok(connection)
        };
        let connection = open().map_err(|fault: Fault| fault.into_error("open"))?;
        Self::over(path, connection)
    }

    fn over(path: &Path, connection: Connection) -> Result<Self> {
        let writer = Writer::start(connection).map_err(|error| cannot_open(path, error))?;
        Ok(Self {
            writer,
            readers: Arc::new(Readers {
                path: path.to_owned(),
                idle: Mutex::new(Vec::with_capacity(READERS)),
                places: Arc::new(Semaphore::new(READERS)),
            }),
        })
    }

    /// Does `work` in a transaction of its own, or shared with others that wait at the same time.
    pub(super) async fn write<T, W>(&self, operation: &'static str, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let outcome = self.writer.run(work).await;
        outcome.map_err(|fault| fault.into_error(operation))
    }

    /// How many batches were written.
    pub(super) fn written(&self) -> u64 {
        self.writer.written()
    }

    /// Does `work`, which finds one row by its key, where it is asked for: that takes microseconds,
    /// and less than handing it to another thread would.
    pub(super) async fn find<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send,
    ) -> Result<T> {
        // Only closed when the store is gone.
        let _place = self.readers.places.acquire().await;
        let outcome = self.readers.with(work);
        outcome.map_err(|fault| fault.into_error(operation))
    }

    /// Does `work` off the threads that serve requests.
    pub(super) async fn read<T, W>(&self, operation: &'static str, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let readers = self.readers.clone();
        let place = readers.places.clone().acquire_owned().await;
        let reading = tokio::task::spawn_blocking(move || {
            let _place = place;
            readers.with(work)
        });
        match reading.await {
            Ok(outcome) => outcome.map_err(|fault| fault.into_error(operation)),
            Err(error) => Err(Error::new(
                ErrorKind::Internal,
                ADAPTER,
                operation,
                "could not read from the store because the read broke off; see the log",
            )
            .with_source(error)),
        }
    }
}

/// Connections that only read, opened when they are first needed.
#[derive(Debug)]
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
}

impl Readers {
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let pooled = idle().pop();
        let connection = pooled.map_or_else(|| self.connect(), Ok)?;
        let outcome = work(&connection);
        idle().push(connection);
        outcome
    }

    fn connect(&self) -> Result<Connection, Fault> {
        let connection = attach(&self.path)?;
        configure(&connection)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

/// Makes an empty file and its folder, unless they are there: SQLite would let others read them.
fn make_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private_files::create_folder(folder)?;
    }
    match private_files::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// The first connection: nothing is changed in a file before it is known to be ours.
fn prepare(path: &Path) -> Result<Connection, Fault> {
    let mut connection = attach(path)?;
    migrations::run(&mut connection)?;
    configure(&connection)?;
    Ok(connection)
}

fn attach(path: &Path) -> Result<Connection, Fault> {
    // Without SQLITE_OPEN_URI, which would read a path that begins with `file:` as a URL.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> Result<(), Fault> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Else a statement is prepared anew for each value it compares with.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    write_ahead(connection)?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

/// Puts the file into write-ahead mode, where readers and the writer do not wait for each other.
/// SQLite does not wait here when another process does the same at this moment, so this does.
fn write_ahead(connection: &Connection) -> Result<(), Fault> {
    let pause = Duration::from_millis(5);
    let mut left = BUSY_TIMEOUT;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && !left.is_zero() =>
            {
                std::thread::sleep(pause);
                left = left.saturating_sub(pause);
            }
            outcome => return Ok(outcome?),
        }
    }
}

fn cannot_open(path: &Path, error: io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        ADAPTER,
        "open",
        format!(
            "could not open the store at {} because of the disk: {error}; check the rights of \
             file and folder",
            path.display()
        ),
    )
    .with_source(error)
}
