//! The one writer: a thread that commits whatever has queued up as one transaction.
//!
//! A commit costs the same for one write as for a hundred, so under load many writers share one.
//! Each write has a savepoint of its own: where one fails, the others of its transaction stand.
//! Nobody is answered before the commit.
//!
//! The first write of many wakes the writer, which would commit that one alone. So in a crowd it waits
//! a moment for the others, which touch the same pages of the same indexes. Whoever writes alone is
//! not kept waiting.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rusqlite::{Connection, ffi};
use tokio::sync::{mpsc, oneshot};

use explainer_core::ErrorKind;

use super::{fault::Fault, statement::statements};

statements! {
    // Immediate: what a write reads cannot change under it, whoever else has the file open.
    OPEN = "BEGIN IMMEDIATE";
    COMMIT = "COMMIT";
    ABANDON = "ROLLBACK";
    BEGIN = "SAVEPOINT one_write";
    UNDO = "ROLLBACK TO one_write";
    END = "RELEASE one_write";
}

/// How many writes may wait; further callers wait for a place in the queue.
const QUEUE: usize = 1024;

/// How many writes share a transaction at most, so that the first of them is not kept waiting.
const BATCH: usize = 128;

/// So many writes in one transaction are a crowd: more are on their way.
const CROWD: usize = 3;

/// How long the writer waits for them.
const GATHER: Duration = Duration::from_millis(2);

/// The way to the writer's thread, which ends when the last clone of this is gone.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    /// How many batches there were.
    written: Arc<AtomicU64>,
}

impl Writer {
    /// Starts a thread that owns `connection`.
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let written = Arc::default();
        let counted = Arc::clone(&written);
        thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_all(&connection, queue, &counted))?;
        Ok(Self { jobs, written })
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Does `work` in a transaction; what it gave back is given back once that is committed.
    pub(super) async fn run<T, W>(&self, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job = Box::new(Write {
            work: Some(work),
            outcome: None,
            tell,
        });
        self.jobs.send(job).await.map_err(|_| stopped())?;
        told.await.map_err(|_| stopped())?
    }
}

fn stopped() -> Fault {
    Fault::refused(
        ErrorKind::Internal,
        "could not write to the store because its writer has stopped; restart the service",
    )
}

/// A write whose result type is nobody's business but its caller's.
trait Job: Send {
    /// Does the work in a savepoint of the open transaction, and keeps the outcome.
    fn run(&mut self, connection: &Connection);

    /// Tells the caller, now that it is known whether the transaction was committed.
    fn answer(self: Box<Self>, committed: &Result<(), Fault>);
}

struct Write<T, W> {
    work: Option<W>,
    outcome: Option<Result<T, Fault>>,
    tell: oneshot::Sender<Result<T, Fault>>,
}

impl<T, W> Job for Write<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, Fault> + Send,
{
    fn run(&mut self, connection: &Connection) {
        self.outcome = self
            .work
            .take()
            .map(|work| within_savepoint(connection, work));
    }

    fn answer(self: Box<Self>, committed: &Result<(), Fault>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(stopped()),
            (Err(fault), _) => Err(copy(fault)),
        };
        // A caller that is gone does not want to know.
        let _ = self.tell.send(outcome);
    }
}

/// Like the library's own savepoint, but with statements that are prepared once.
fn within_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    BEGIN.run(connection, [])?;
    let done = work(connection);
    if done.is_err() && !connection.is_autocommit() {
        UNDO.run(connection, [])?;
    }
    if !connection.is_autocommit() {
        END.run(connection, [])?;
    }
    done
}

fn write_all(
    connection: &Connection,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    written: &AtomicU64,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut is_crowd = false;
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        if is_crowd && queue.len() < BATCH {
            thread::sleep(GATHER);
        }
        let committed = write_batch(connection, &mut batch, &mut queue);
        written.fetch_add(1, Ordering::Release);
        is_crowd = batch.len() >= CROWD;
        for job in batch.drain(..) {
            job.answer(&committed);
        }
    }
}

fn write_batch(
    connection: &Connection,
    batch: &mut Vec<Box<dyn Job>>,
    queue: &mut mpsc::Receiver<Box<dyn Job>>,
) -> Result<(), Fault> {
    OPEN.run(connection, [])?;
    let mut done = 0;
    while let Some(job) = batch.get_mut(done) {
        job.run(connection);
        done += 1;
        // SQLite ends the whole transaction by itself where the disk fails: nothing may follow in it.
        if connection.is_autocommit() {
            break;
        }
        if done == batch.len() && done < BATCH {
            batch.extend(queue.try_recv());
        }
    }
    let committed = COMMIT.run(connection, []);
    if !connection.is_autocommit() {
        // Nothing of it stands; where that fails, too, the next one does not begin.
        let _ = ABANDON.run(connection, []);
    }
    committed.map(drop)
}

/// The same fault once more, for each of those who shared the transaction.
fn copy(fault: &Fault) -> Fault {
    let error = match fault {
        Fault::Sqlite(rusqlite::Error::SqliteFailure(code, text)) => (*code, text.clone()),
        other => (
            ffi::Error::new(ffi::SQLITE_ERROR),
            Some(format!("{other:?}")),
        ),
    };
    Fault::Sqlite(rusqlite::Error::SqliteFailure(error.0, error.1))
}
