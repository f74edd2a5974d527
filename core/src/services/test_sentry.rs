//! Trying a connection to Sentry before, or after, it is kept.

use std::error::Error as _;

use crate::{
    Error, ErrorKind,
    domain::{SecretString, Workspace},
    ports::SourceStatus,
    services::{Caller, Change, Failure, WorkspaceService},
};

/// What to try instead of what is kept; a change that keeps tries what is kept.
#[derive(Debug, Default)]
pub struct SentryTrial {
    /// The token.
    pub api_token: Change<SecretString>,
    /// The organisation's slug.
    pub organization: Change<String>,
    /// The server's address.
    pub base_url: Change<String>,
}

/// Why something could not be connected to.
#[derive(Debug)]
pub struct NotConnected {
    /// `unauthorized`, `not_found`, `timeout`, `connection_error` or `api_error`.
    pub code: &'static str,
    /// One sentence that says what to do.
    pub message: String,
}

impl WorkspaceService {
    /// Asks Sentry who it is, as it would be asked by the caller's workspace after this change.
    pub async fn test_sentry(
        &self,
        caller: &Caller,
        trial: SentryTrial,
    ) -> Result<Result<SourceStatus, NotConnected>, Failure> {
        let mut workspace: Workspace = self.current(caller).await?;
        let sentry = &mut workspace.sentry;
        self.seal(trial.api_token)?.apply(&mut sentry.api_token);
        trial.organization.apply(&mut sentry.organization);
        trial.base_url.apply(&mut sentry.base_url);
        let source = match self.ports.sources.open_sentry(&workspace) {
            Err(Failure::Source(error)) => return Ok(Err(not_connected(&error))),
            opened => opened?,
        };
        Ok(source.check().await.map_err(|error| not_connected(&error)))
    }
}

/// What a fault means to whoever tries a connection.
pub(super) fn not_connected(error: &Error) -> NotConnected {
    let code = match error.kind() {
        ErrorKind::Unauthorized | ErrorKind::Forbidden => "unauthorized",
        ErrorKind::NotFound => "not_found",
        ErrorKind::Timeout => "timeout",
        // The transport's own error is there when there was no answer at all.
        ErrorKind::Unavailable if error.source().is_some() => "connection_error",
        _ => "api_error",
    };
    NotConnected {
        code,
        message: error.message().to_owned(),
    }
}
