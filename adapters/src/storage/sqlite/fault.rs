//! What can go wrong in a statement, and what the core is told of it.

use explainer_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

use super::ADAPTER;

/// A failed piece of work, before it is known which operation it belonged to.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite said no.
    Sqlite(rusqlite::Error),
    /// A stored document is not what this version writes.
    Unreadable(serde_json::Error),
    /// A rule of the port said no.
    Refused(ErrorKind, String),
}

impl Fault {
    pub(super) fn refused(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Refused(kind, message.into())
    }

    /// The port's error for a fault in `operation`.
    pub(super) fn into_error(self, operation: &'static str) -> Error {
        match self {
            Self::Refused(kind, message) => Error::new(kind, ADAPTER, operation, message),
            Self::Unreadable(error) => Error::new(
                ErrorKind::Internal,
                ADAPTER,
                operation,
                "could not read a stored document because it is not what this version writes; \
                 restore the store from a backup",
            )
            .with_source(error),
            Self::Sqlite(error) => {
                let (kind, message) = translate(&error);
                Error::new(kind, ADAPTER, operation, message).with_source(error)
            }
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Trouble with the disk or with other processes may pass; anything else is a defect of ours.
fn translate(error: &rusqlite::Error) -> (ErrorKind, &'static str) {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            ErrorKind::Unavailable,
            "could not write to the store because another process held it for too long; try again",
        ),
        Some(ErrorCode::DiskFull) => (
            ErrorKind::Unavailable,
            "could not write to the store because the disk is full; make room",
        ),
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure,
        ) => (
            ErrorKind::Unavailable,
            "could not use the store because its file cannot be opened, read or written; \
             check the disk and the rights of file and folder",
        ),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (
            ErrorKind::Unsupported,
            "could not use the store because its file is damaged or not a SQLite database; \
             restore it from a backup or name another file",
        ),
        _ => (
            ErrorKind::Internal,
            "could not use the store because a statement failed; see the log",
        ),
    }
}
