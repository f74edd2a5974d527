//! The one writer: a thread that commits whatever has queued up as one transaction.
//!
//! A commit costs the same for one write as for a hundred, so under load many writers share one.
//! Each write has a savepoint of its own: where one fails, the others of its transaction stand.
//! Nobody is answered before the commit.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rusqlite::{Connection, Transaction, TransactionBehavior, ffi};
use tokio::sync::{mpsc, oneshot};

use explainer_core::ErrorKind;

use super::{fault::Fault, statement::statements};

statements! {
    BEGIN = "SAVEPOINT one_write";
    UNDO = "ROLLBACK TO one_write";
    END = "RELEASE one_write";
}

/// How many writes may wait; further callers wait for a place in the queue.
const QUEUE: usize = 1024;

/// How many writes share a transaction at most, so that the first of them is not kept waiting.
const BATCH: usize = 128;

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
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write_all(connection, queue, &counted))?;
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
    /// Does the work in a savepoint of `transaction`, and keeps the outcome.
    fn run(&mut self, transaction: &Transaction<'_>);

    /// Tells the caller, now that it is known whether the transaction was committed.
    fn answer(self: Box<Self>, committed: &rusqlite::Result<()>);
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
    fn run(&mut self, transaction: &Transaction<'_>) {
        self.outcome = self
            .work
            .take()
            .map(|work| within_savepoint(transaction, work));
    }

    fn answer(self: Box<Self>, committed: &rusqlite::Result<()>) {
        let outcome = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(stopped()),
            (Err(error), _) => Err(Fault::Sqlite(copy(error))),
        };
        // A caller that is gone does not want to know.
        let _ = self.tell.send(outcome);
    }
}

/// Like the library's own savepoint, but with statements that are prepared once.
fn within_savepoint<T>(
    transaction: &Transaction<'_>,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    BEGIN.run(transaction, [])?;
    let done = work(transaction);
    if done.is_err() && !transaction.is_autocommit() {
        UNDO.run(transaction, [])?;
    }
    if !transaction.is_autocommit() {
        END.run(transaction, [])?;
    }
    done
}

fn write_all(
    mut connection: Connection,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    written: &AtomicU64,
) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        let committed = write_batch(&mut connection, &mut batch, &mut queue);
        written.fetch_add(1, Ordering::Release);
        for job in batch.drain(..) {
            job.answer(&committed);
        }
    }
}

fn write_batch(
    connection: &mut Connection,
    batch: &mut Vec<Box<dyn Job>>,
    queue: &mut mpsc::Receiver<Box<dyn Job>>,
) -> rusqlite::Result<()> {
    // Immediate: what a write reads cannot change under it, whoever else has the file open.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut done = 0;
    while let Some(job) = batch.get_mut(done) {
        job.run(&transaction);
        done += 1;
        // SQLite ends the whole transaction by itself where the disk fails: nothing may follow in it.
        if transaction.is_autocommit() {
            break;
        }
        if done == batch.len() && done < BATCH {
            batch.extend(queue.try_recv());
        }
    }
    transaction.commit()
}

/// The same error once more, for each of those who shared the transaction.
fn copy(error: &rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqliteFailure(code, text) => {
            rusqlite::Error::SqliteFailure(*code, text.clone())
        }
        other => rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_ERROR),
            Some(other.to_string()),
        ),
    }
}
