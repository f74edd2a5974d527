//! How a plugin says that something went wrong.

use std::{fmt, time::Duration};

use crate::{abi, messages::ErrorBody};

/// What kind of fault it is: the host and its callers decide by this alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// The request or the settings make no sense.
    InvalidArgument,
    /// The credentials are missing, wrong or expired.
    Unauthenticated,
    /// The credentials are good and not enough.
    PermissionDenied,
    /// What was asked for does not exist where it must.
    NotFound,
    /// Too many requests.
    RateLimited,
    /// The tracker cannot be reached or is failing.
    Unavailable,
    /// The call was cancelled.
    Cancelled,
    /// The plugin cannot do that.
    Unsupported,
    /// The tracker answered something that is not its protocol.
    Protocol,
    /// A defect of the plugin.
    Internal,
    /// The plugin's code panicked.
    Panic,
}

const CODES: [(i32, Code); 11] = [
    (abi::EXPLAINER_INVALID_ARGUMENT, Code::InvalidArgument),
    (abi::EXPLAINER_UNAUTHENTICATED, Code::Unauthenticated),
    (abi::EXPLAINER_PERMISSION_DENIED, Code::PermissionDenied),
    (abi::EXPLAINER_NOT_FOUND, Code::NotFound),
    (abi::EXPLAINER_RATE_LIMITED, Code::RateLimited),
    (abi::EXPLAINER_UNAVAILABLE, Code::Unavailable),
    (abi::EXPLAINER_CANCELLED, Code::Cancelled),
    (abi::EXPLAINER_UNSUPPORTED, Code::Unsupported),
    (abi::EXPLAINER_PROTOCOL, Code::Protocol),
    (abi::EXPLAINER_INTERNAL, Code::Internal),
    (abi::EXPLAINER_PANIC, Code::Panic),
];

impl Code {
    /// The number that crosses the boundary.
    pub fn number(self) -> i32 {
        let found = CODES.iter().find(|(_, code)| *code == self);
        found.map_or(abi::EXPLAINER_INTERNAL, |(number, _)| *number)
    }

    /// The code behind a number; `None` for one that is no fault or that nobody knows.
    pub fn of_number(number: i32) -> Option<Self> {
        let found = CODES.iter().find(|(known, _)| *known == number);
        found.map(|(_, code)| *code)
    }
}

/// A fault. Its message reads «could not X because Y; do Z», and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What kind of fault.
    pub code: Code,
    /// One sentence for people.
    pub message: String,
    /// How long the tracker asked to wait.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// A fault of this kind.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    /// [`Code::InvalidArgument`].
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// [`Code::Unauthenticated`].
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, message)
    }

    /// [`Code::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// [`Code::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }

    /// [`Code::Unsupported`].
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Code::Unsupported, message)
    }

    /// [`Code::Protocol`].
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::new(Code::Protocol, message)
    }

    /// [`Code::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// Says how long the tracker asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The error behind a status and the payload that came with it.
    pub(crate) fn of_payload(status: i32, payload: &[u8]) -> Self {
        let body: ErrorBody = serde_json::from_slice(payload).unwrap_or_default();
        Self {
            code: Code::of_number(status).unwrap_or(Code::Internal),
            message: body.message,
            retry_after: body.retry_after_ms.map(Duration::from_millis),
        }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let wait = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let body = ErrorBody {
            message: self.message.clone(),
            retry_after_ms: self.retry_after.map(wait),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
