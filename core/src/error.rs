//! The one fault type that every port speaks.
//!
//! A port never returns a vendor's error: the adapter translates it here, once, so that the
//! layers above can decide by [`ErrorKind`] alone. What a client is told of it is decided in
//! [`crate::services::Failure`]; texts in here may be shown to people and hold no secret.

use std::{fmt, time::Duration};

/// The result of every fallible port method.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the terms a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The thing asked for does not exist where it must; a plain look-up answers `Ok(None)` instead.
    NotFound,
    /// The credentials are missing, wrong or expired.
    Unauthorized,
    /// The credentials are good and not enough for this.
    Forbidden,
    /// The request makes no sense to the other side; repeating it will not help.
    Invalid,
    /// Something else holds the place: a taken name, a changed version.
    Conflict,
    /// Too many requests; see [`Error::retry_after`].
    RateLimited,
    /// An allowance is used up, a balance is empty: someone has to do something about it.
    Exhausted,
    /// What was sent is larger than the other side takes; less of it may do.
    TooLarge,
    /// The other side cannot be reached or is failing; a later try may work.
    Unavailable,
    /// No answer within the time allowed.
    Timeout,
    /// This adapter or this build cannot do that.
    Unsupported,
    /// The other side answered something that is not its protocol.
    Protocol,
    /// A defect of ours.
    Internal,
}

impl ErrorKind {
    /// Whether the same call may succeed later without anyone changing anything.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::Timeout)
    }

    /// The stable name clients and logs see.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Exhausted => "exhausted",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Unsupported => "unsupported",
            Self::Protocol => "protocol",
            Self::Internal => "internal",
        }
    }
}

/// A fault of a port: what, where, and what to do about it.
pub struct Error {
    kind: ErrorKind,
    adapter: &'static str,
    operation: &'static str,
    message: String,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A fault of `adapter` ("sqlite", "files"…) in `operation`.
    ///
    /// `message` reads «could not X because Y; do Z», lower case, no full stop, without secrets.
    pub fn new(
        kind: ErrorKind,
        adapter: &'static str,
        operation: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            adapter,
            operation,
            message: message.into(),
            retry_after: None,
            source: None,
        }
    }

    /// Keeps the underlying error for the log; it is never shown to a client.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Tells how long the other side asked us to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The adapter that failed, as it is called in the configuration.
    pub fn adapter(&self) -> &'static str {
        self.adapter
    }

    /// What it was doing.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// One sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How long the other side asked us to wait, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}: {} ({:?})",
            self.adapter, self.operation, self.message, self.kind
        )?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
