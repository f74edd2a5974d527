//! What clients mean by the fields of an update: keep, clear or set.

use crate::{domain::SecretString, services::Failure};

/// What stands for a secret in every answer, and means "unchanged" when it comes back.
pub const MASK: &str = "***";

/// What to do with one optional field.
#[derive(Debug, Clone, Default)]
pub enum Change<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Take it away.
    Clear,
    /// Put this there.
    Set(T),
}

impl<T> Change<T> {
    pub(super) fn apply(self, to: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = None,
            Self::Set(value) => *to = Some(value),
        }
    }

    pub(super) fn try_map<U>(
        self,
        f: impl FnOnce(T) -> Result<U, Failure>,
    ) -> Result<Change<U>, Failure> {
        Ok(match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(f(value)?),
        })
    }
}

impl Change<String> {
    /// What clients mean: nothing sent is "keep", an empty text is "clear".
    pub fn of_text(sent: Option<String>) -> Self {
        match sent {
            None => Self::Keep,
            Some(text) if text.trim().is_empty() => Self::Clear,
            Some(text) => Self::Set(text.trim().to_owned()),
        }
    }
}

impl Change<SecretString> {
    /// As [`Change::of_text`], and a text that holds the mask is "keep".
    pub fn of_secret(sent: Option<String>) -> Self {
        match Change::of_text(sent) {
            Change::Set(text) if text.contains(MASK) => Self::Keep,
            Change::Set(text) => Self::Set(text.into()),
            Change::Clear => Self::Clear,
            Change::Keep => Self::Keep,
        }
    }
}
