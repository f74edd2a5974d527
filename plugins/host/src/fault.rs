//! Errors of plugins as errors of ports, and back. A plugin's words are shown to people, so they
//! are cut, cleaned of control characters and freed of the settings' secrets first.

use std::time::Duration;

use explainer_core::{Error, ErrorKind};
use explainer_plugin_sdk::{Code, ErrorBody};

use crate::log::Secrets;

/// The longest message of a plugin that is shown, in characters.
const MAX_MESSAGE: usize = 500;
/// The longest wait a plugin can ask for.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// The body of an error with this message.
pub(crate) fn body(message: &str) -> Vec<u8> {
    let body = ErrorBody {
        message: message.to_owned(),
        retry_after_ms: None,
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

/// The kind behind a status that is not OK.
fn kind_of(status: i32) -> ErrorKind {
    match Code::of_number(status) {
        Some(Code::InvalidArgument) => ErrorKind::Invalid,
        Some(Code::Unauthenticated) => ErrorKind::Unauthorized,
        Some(Code::PermissionDenied) => ErrorKind::Forbidden,
        Some(Code::NotFound) => ErrorKind::NotFound,
        Some(Code::RateLimited) => ErrorKind::RateLimited,
        Some(Code::Unavailable | Code::Cancelled) => ErrorKind::Unavailable,
        Some(Code::Unsupported) => ErrorKind::Unsupported,
        Some(Code::Internal | Code::Panic) => ErrorKind::Internal,
        // Also a number that nobody knows.
        _ => ErrorKind::Protocol,
    }
}

/// The status that tells a plugin of this kind of error.
pub(crate) fn status_of(kind: ErrorKind) -> i32 {
    let code = match kind {
        ErrorKind::NotFound => Code::NotFound,
        ErrorKind::Unauthorized => Code::Unauthenticated,
        ErrorKind::Forbidden => Code::PermissionDenied,
        ErrorKind::Invalid | ErrorKind::Conflict => Code::InvalidArgument,
        ErrorKind::RateLimited => Code::RateLimited,
        ErrorKind::Unavailable | ErrorKind::Timeout => Code::Unavailable,
        ErrorKind::Unsupported => Code::Unsupported,
        ErrorKind::Protocol => Code::Protocol,
        _ => Code::Internal,
    };
    code.number()
}

/// The error behind a status that is not OK and the payload that came with it.
pub(crate) fn of_plugin(
    status: i32,
    payload: &[u8],
    plugin: &'static str,
    operation: &'static str,
    secrets: &Secrets,
) -> Error {
    let body: ErrorBody = serde_json::from_slice(payload).unwrap_or_default();
    let message = match secrets.scrub(&plain(&body.message)) {
        told if told.trim().is_empty() => {
            format!(
                "could not read the source because the plugin `{plugin}` failed and did not say why"
            )
        }
        told => told,
    };
    let error = Error::new(kind_of(status), plugin, operation, message);
    match body.retry_after_ms {
        Some(wait) => error.with_retry_after(Duration::from_millis(wait).min(MAX_WAIT)),
        None => error,
    }
}

/// The start of a text, on one line.
pub(crate) fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(MAX_MESSAGE).map(plain).collect()
}
