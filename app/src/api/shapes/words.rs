//! Words that a list is filtered by.

use explainer_core::domain;
use poem_openapi::Enum;

/// How far an analysis is.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "lowercase")]
pub(crate) enum Status {
    /// It waits for a worker.
    Pending,
    /// A worker is at it.
    Analyzing,
    /// It has a result.
    Completed,
    /// It has an error.
    Failed,
}

/// How soon to deal with an issue.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "lowercase")]
pub(crate) enum Priority {
    /// When there is time.
    Low,
    /// In the usual course.
    Medium,
    /// Next.
    High,
    /// Now.
    Critical,
}

impl From<Status> for domain::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Pending,
            Status::Analyzing => Self::Analyzing,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
        }
    }
}

impl From<Priority> for domain::Priority {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::Low,
            Priority::Medium => Self::Medium,
            Priority::High => Self::High,
            Priority::Critical => Self::Critical,
        }
    }
}
