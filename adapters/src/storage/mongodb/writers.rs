//! What is written at the same time goes to the server in one command.
//!
//! A command costs the server more than the changes in it, and the wait for its journal is one for
//! all of them, so under load many writes share a command. Each stands or fails for itself.
//!
//! # Which of them came to pass
//! A server before 8.0 counts the documents that the changes of a command found, and does not say
//! which found theirs; of those it refused it does. So a change that is to find its document is written
//! as an upsert whose new document would have another `_id` than the one it is looked for by, which no
//! server makes: it refuses what found nothing, as `ImmutableField`.
//!
//! Where the server hands over to another one meanwhile, the command is sent again, and may have been
//! carried out before. So a document has the number of its last change, by which that change finds it
//! once more.

use std::time::Duration;

use ::mongodb::{
    Database,
    bson::{
        Bson, Document, RawArrayBuf, RawDocumentBuf, deserialize_from_document, doc,
        oid::ObjectId,
        raw::{CStr, cstr},
        serialize_to_raw_document_buf,
    },
    error::{
        Error as DriverError, ErrorKind as DriverKind, WriteConcernError, WriteError, WriteFailure,
    },
};
use explainer_core::ErrorKind;
use serde::Deserialize;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    fault::{self, Fault},
    indexes::{ANALYSES, FORMER_RESULTS, MODEL_CALLS},
};

/// The field that holds the number of a document's last change.
pub(super) const CHANGE: &str = "change";

/// How many changes may wait for one kind of command; further callers wait for a place.
const QUEUE: usize = 1024;

/// How many changes share a command at most, so that the first of them is not kept waiting.
const MOST: usize = 64;

/// How many bytes of changes share a command, where they are more than one: the server takes
/// 16 MiB (<https://www.mongodb.com/docs/manual/reference/limits/>).
const ROOM: usize = 8 << 20;

/// <https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml>
const IMMUTABLE_FIELD: i32 = 66;

/// The writers of what every analysis writes.
#[derive(Debug, Clone)]
pub(super) struct Writers {
    /// Analyses of issues that had none.
    pub(super) added: Inserts,
    /// The steps of analyses.
    pub(super) steps: Updates,
    /// Results of runs that another follows.
    pub(super) former: Inserts,
    /// Requests to models.
    pub(super) calls: Updates,
}

impl Writers {
    /// Starts them on the current runtime; a command may take `limit`.
    pub(super) fn start(database: &Database, limit: Duration) -> Result<Self, Fault> {
        let concern = database.write_concern();
        let concern = concern.map(serialize_to_raw_document_buf).transpose()?;
        let writer = |verb, list, collection| {
            let command = Command {
                database: database.clone(),
                verb,
                collection,
                list,
                concern: concern.clone(),
                limit,
            };
            command.start()
        };
        let inserts = |into| Inserts(writer(cstr!("insert"), cstr!("documents"), into));
        let updates = |of| Updates(writer(cstr!("update"), cstr!("updates"), of));
        Ok(Self {
            added: inserts(ANALYSES),
            steps: updates(ANALYSES),
            former: inserts(FORMER_RESULTS),
            calls: updates(MODEL_CALLS),
        })
    }
}

/// Adds documents to one collection.
#[derive(Debug, Clone)]
pub(super) struct Inserts(Writer);

impl Inserts {
    /// Adds a document; `Taken` when something of it must be unique and is not.
    pub(super) async fn add(&self, document: &Document) -> Result<(), Fault> {
        self.0.write(document).await.map(drop)
    }
}

/// Changes documents of one collection.
#[derive(Debug, Clone)]
pub(super) struct Updates(Writer);

impl Updates {
    /// Changes the document that `found_by`, an `_id` and maybe more, finds; `false` when it finds none.
    ///
    /// `set` and `unset` name fields.
    pub(super) async fn change(
        &self,
        mut found_by: Document,
        mut set: Document,
        unset: &[&str],
    ) -> Result<bool, Fault> {
        let change = ObjectId::new();
        let id = found_by.remove("_id");
        let found_by = doc! { "_id": id, "$or": [found_by, { CHANGE: change }] };
        set.insert(CHANGE, change);
        let mut change = doc! { "$set": set, "$setOnInsert": { "_id": Bson::Null } };
        if !unset.is_empty() {
            let gone = unset
                .iter()
                .map(|field| ((*field).to_owned(), Bson::from("")));
            change.insert("$unset", gone.collect::<Document>());
        }
        self.0
            .write(&doc! { "q": found_by, "u": change, "upsert": true })
            .await
    }

    /// Puts a document in the place of the one with its `_id`, if there is one.
    pub(super) async fn put(&self, document: Document) -> Result<(), Fault> {
        let same = doc! { "_id": document.get("_id").cloned() };
        self.0
            .write(&doc! { "q": same, "u": document, "upsert": true })
            .await
            .map(drop)
    }
}

/// The way to a task that sends one kind of command, which ends when the last clone of this is gone.
#[derive(Debug, Clone)]
struct Writer(mpsc::Sender<Change>);

#[derive(Debug)]
struct Change {
    change: RawDocumentBuf,
    tell: oneshot::Sender<Result<bool, Fault>>,
}

impl Writer {
    /// Writes with whoever else does; tells whether the change found its document.
    async fn write(&self, change: &Document) -> Result<bool, Fault> {
        let change = RawDocumentBuf::try_from(change)?;
        let (tell, told) = oneshot::channel();
        let sent = self.0.send(Change { change, tell }).await;
        sent.map_err(|_| stopped())?;
        told.await.map_err(|_| stopped())?
    }
}

fn stopped() -> Fault {
    Fault::refused(
        ErrorKind::Internal,
        "could not write to the store because its writer has stopped; restart the service",
    )
}

/// A command that takes a list of changes to a collection.
struct Command {
    database: Database,
    verb: &'static CStr,
    collection: &'static str,
    list: &'static CStr,
    concern: Option<RawDocumentBuf>,
    /// How long it may take: the driver itself would wait for ever on a server that went silent.
    limit: Duration,
}

impl Command {
    fn start(self) -> Writer {
        let (changes, queue) = mpsc::channel(QUEUE);
        tokio::spawn(self.send_all(queue));
        Writer(changes)
    }

    async fn send_all(self, mut queue: mpsc::Receiver<Change>) {
        let mut waiting = Vec::with_capacity(MOST);
        while !waiting.is_empty() || queue.recv_many(&mut waiting, MOST).await > 0 {
            // Who gave up may have asked again.
            waiting.retain(|it: &Change| !it.tell.is_closed());
            if waiting.is_empty() {
                continue;
            }
            let together: Vec<Change> = waiting.drain(..fitting(&waiting)).collect();
            let answer = timeout(self.limit, self.send(&together)).await;
            for (number, change) in together.into_iter().enumerate() {
                let outcome = match &answer {
                    Ok(Ok(answer)) => answer.of(number),
                    Ok(Err(error)) => Err(error.clone().into()),
                    Err(_late) => Err(Fault::Late(self.limit)),
                };
                // A caller that is gone does not want to know.
                let _ = change.tell.send(outcome);
            }
        }
    }

    /// Sends the changes; once more where the server did not take them because it goes away or is gone, as
    /// the driver does with commands of its own.
    async fn send(&self, changes: &[Change]) -> Result<Answer, DriverError> {
        match self.send_once(changes).await {
            Err(error) if fault::has_moved(&error) => self.send_once(changes).await,
            answer => answer,
        }
    }

    async fn send_once(&self, changes: &[Change]) -> Result<Answer, DriverError> {
        let list: RawArrayBuf = changes.iter().map(|it| &*it.change).collect();
        let mut command = RawDocumentBuf::new();
        command.append(self.verb, self.collection);
        command.append(cstr!("ordered"), false);
        if let Some(concern) = &self.concern {
            command.append(cstr!("writeConcern"), &**concern);
        }
        command.append(self.list, list);
        let answer = self.database.run_raw_command(command).await?;
        let mut answer: Answer = deserialize_from_document(answer)?;
        if let Some(unconfirmed) = answer.unconfirmed.take() {
            return Err(DriverKind::Write(WriteFailure::WriteConcernError(unconfirmed)).into());
        }
        answer.is_whole = answer.done + answer.refused.len() == changes.len();
        Ok(answer)
    }
}

/// How many of the changes that wait go with the next command: the first in any case.
fn fitting(waiting: &[Change]) -> usize {
    let sizes = waiting.iter().map(|it| it.change.as_bytes().len());
    let sums = sizes.scan(0, |sum, size| {
        *sum += size;
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= ROOM).count().max(1)
}

/// What the server answers, as the commands `insert` and `update` have it.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "n")]
    done: usize,
    #[serde(rename = "writeErrors", default)]
    refused: Vec<Refused>,
    #[serde(rename = "writeConcernError")]
    unconfirmed: Option<WriteConcernError>,
    /// Whether it says of each change what became of it.
    #[serde(skip)]
    is_whole: bool,
}

#[derive(Deserialize)]
struct Refused {
    index: usize,
    #[serde(flatten)]
    why: WriteError,
}

impl Answer {
    /// Whether the change with this number found its document.
    fn of(&self, number: usize) -> Result<bool, Fault> {
        let refused = self.refused.iter().find(|it| it.index == number);
        match refused.map(|it| &it.why) {
            Some(why) if why.code == IMMUTABLE_FIELD => Ok(false),
            Some(why) => {
                let failure = WriteFailure::WriteError(why.clone());
                Err(DriverError::from(DriverKind::Write(failure)).into())
            }
            None if self.is_whole => Ok(true),
            None => Err(Fault::refused(
                ErrorKind::Unavailable,
                "could not write to the store because the server broke off; try again",
            )),
        }
    }
}
