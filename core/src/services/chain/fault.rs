//! Why no model of a chain explained an issue.

use std::time::Duration;

use crate::explain::ask::Fault;

/// How long a job may wait for a model that asks for patience.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why no model of a chain explained an issue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ChainFailure {
    /// Stable name: that of the fault where all failed alike.
    pub code: &'static str,
    /// What each said.
    pub message: String,
    /// Whether asking again may help without anyone changing anything.
    pub retryable: bool,
    /// How long to wait first, where somebody said so.
    pub retry_after: Option<Duration>,
}

impl ChainFailure {
    /// The failure of a chain whose models failed so, in their order.
    pub(super) fn of(faults: &[Fault]) -> Self {
        let first = faults.first().map_or("no_model", |fault| fault.code);
        let alike = faults.iter().all(|fault| fault.code == first);
        let retryable = faults.iter().any(|fault| fault.retryable);
        let waits = faults.iter().filter(|fault| fault.retryable);
        let messages: Vec<String> = faults.iter().map(|fault| fault.message.clone()).collect();
        Self {
            code: if alike { first } else { "models_failed" },
            message: messages.join("; "),
            retryable,
            retry_after: waits.filter_map(|fault| fault.retry_after).min(),
        }
    }

    /// Whether it is worth while to have the job wait and try again.
    pub fn is_passing(&self) -> bool {
        self.retryable && self.retry_after.is_none_or(|wait| wait <= PATIENCE)
    }
}
