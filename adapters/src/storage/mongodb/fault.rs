//! What can go wrong, and what the core is told of it.

use std::time::Duration;

use ::mongodb::{
    bson,
    error::{Error as DriverError, ErrorKind as DriverKind, WriteFailure},
};
use explainer_core::{Error, ErrorKind};

use super::ADAPTER;

/// A failed piece of work, before it is known which operation it belonged to.
#[derive(Debug)]
pub(super) enum Fault {
    /// The driver or the server said no.
    Driver(DriverError),
    /// Another document has what must be unique; the index that says so.
    Taken(String),
    /// There was no answer within this time.
    Late(Duration),
    /// A stored document is not what this version writes.
    Unreadable(Box<dyn std::error::Error + Send + Sync>),
    /// A rule of the port said no.
    Refused(ErrorKind, String),
}

impl Fault {
    pub(super) fn refused(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Refused(kind, message.into())
    }

    /// A connection string that cannot be used. The driver's own words may quote it, and with it
    /// the password: they are left out.
    pub(super) fn of_uri(error: DriverError) -> Self {
        if !matches!(*error.kind, DriverKind::InvalidArgument { .. }) {
            return error.into();
        }
        Self::refused(
            ErrorKind::Invalid,
            "could not use the connection string because it is not valid; write it as \
             mongodb://user:password@host:27017, and percent-encode what is special in the password",
        )
    }

    /// What the server's refusal of one document means, where it means something of its own.
    pub(super) fn of_code(code: i32, text: &str) -> Option<Self> {
        (code == DUPLICATE_KEY).then(|| Self::Taken(index_named_in(text)))
    }

    /// The port's error for a fault in `operation`.
    pub(super) fn into_error(self, operation: &'static str) -> Error {
        let error = |kind, message: &str| Error::new(kind, ADAPTER, operation, message);
        match self {
            Self::Refused(kind, message) => error(kind, &message),
            Self::Taken(_) => error(
                ErrorKind::Conflict,
                "could not store the record because its id is taken; use a new one",
            ),
            Self::Late(limit) => error(
                ErrorKind::Timeout,
                &format!(
                    "could not use the store because the server did not answer within {limit:?}; \
                     try again"
                ),
            ),
            Self::Unreadable(source) => error(
                ErrorKind::Internal,
                "could not read a stored document because it is not what this version writes; \
                 restore the store from a backup",
            )
            .with_source(source),
            Self::Driver(fault) => {
                let (kind, message) = translate(&fault);
                error(kind, message).with_source(cause(&fault))
            }
        }
    }
}

impl From<DriverError> for Fault {
    fn from(error: DriverError) -> Self {
        let known = refusal(&error).and_then(|(code, _, text)| Self::of_code(code, text));
        known.unwrap_or(Self::Driver(error))
    }
}

impl From<bson::error::Error> for Fault {
    fn from(error: bson::error::Error) -> Self {
        Self::Unreadable(error.into())
    }
}

/// <https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml>
const DUPLICATE_KEY: i32 = 11_000;

fn translate(error: &DriverError) -> (ErrorKind, &'static str) {
    match (&*error.kind, refusal(error).map(|(code, ..)| code)) {
        (DriverKind::Authentication { .. }, _) | (_, Some(18)) => (
            ErrorKind::Unauthorized,
            "could not use the store because the server does not accept the credentials; check \
             user, password and authSource in the connection string",
        ),
        (_, Some(13)) => (
            ErrorKind::Forbidden,
            "could not use the store because the user may not do this; give it the role \
             readWrite on the database",
        ),
        (DriverKind::IncompatibleServer { .. }, _) => (
            ErrorKind::Unsupported,
            "could not use the store because the server is too old; run MongoDB 4.4 or newer",
        ),
        (_, Some(85 | 86)) => (
            ErrorKind::Unsupported,
            "could not prepare the store because an index has the name of one of ours and is \
             another; drop it, or name another database",
        ),
        (_, Some(40_573)) => (
            ErrorKind::Unsupported,
            "could not listen for changes because the server stands alone; make it a replica set \
             of one to have them told",
        ),
        // Time limits of the server's own, and a majority that did not confirm in time.
        (_, Some(50 | 64 | 262)) => (
            ErrorKind::Timeout,
            "could not use the store because the server took too long; try again",
        ),
        (_, Some(code)) if CHANGING_STATE.contains(&code) => unreachable_server(),
        (_, Some(_)) => (
            ErrorKind::Internal,
            "could not use the store because the server refused a command; see the log",
        ),
        (
            DriverKind::ServerSelection { .. }
            | DriverKind::Io(_)
            | DriverKind::ConnectionPoolCleared { .. }
            | DriverKind::DnsResolve { .. },
            None,
        ) => unreachable_server(),
        (_, None) => (
            ErrorKind::Internal,
            "could not use the store because the driver gave up; see the log",
        ),
    }
}

fn unreachable_server() -> (ErrorKind, &'static str) {
    (
        ErrorKind::Unavailable,
        "could not use the store because no server can be reached; check that it runs and that \
         the connection string names it",
    )
}

/// What a server answers while it starts, stops, loses its disk or hands over to another one.
const CHANGING_STATE: &[i32] = &[
    6, 7, 89, 91, 133, 134, 189, 9001, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436, 14_031,
];

/// Whether a command may not have been taken because its server goes away or is gone, so that the next
/// one is for another, or for the same once it is back.
pub(super) fn has_moved(error: &DriverError) -> bool {
    match (&*error.kind, refusal(error)) {
        (_, Some((code, ..))) => CHANGING_STATE.contains(&code),
        (kind, None) => matches!(
            kind,
            DriverKind::Io(_) | DriverKind::ConnectionPoolCleared { .. }
        ),
    }
}

/// Code, name and text of the server's refusal, when there is one.
fn refusal(error: &DriverError) -> Option<(i32, &str, &str)> {
    match &*error.kind {
        DriverKind::Command(refused) => Some((refused.code, &refused.code_name, &refused.message)),
        DriverKind::Write(WriteFailure::WriteError(refused)) => Some((
            refused.code,
            refused.code_name.as_deref().unwrap_or_default(),
            &refused.message,
        )),
        DriverKind::Write(WriteFailure::WriteConcernError(refused)) => {
            Some((refused.code, &refused.code_name, &refused.message))
        }
        _ => None,
    }
}

/// The index in «E11000 duplicate key error collection: db.users index: email dup key: {…}». What
/// follows the name is what somebody typed; what comes before it is not.
fn index_named_in(text: &str) -> String {
    let rest = text.split_once(" index: ").map_or("", |(_, rest)| rest);
    rest.split(' ').next().unwrap_or_default().to_owned()
}

/// What the log gets to see. The server's text for a refused document, and its whole answer, which
/// the driver's text holds, may quote what was to be stored.
fn cause(error: &DriverError) -> String {
    match (&*error.kind, refusal(error)) {
        (DriverKind::Write(_), Some((code, name, _))) => format!("{code} {name}"),
        (_, Some((code, name, text))) => format!("{code} {name}: {text}"),
        (kind, None) => kind.to_string(),
    }
}
