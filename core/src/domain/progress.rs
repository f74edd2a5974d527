//! How far a run is that has not ended: for those who look on, never for those who decide.

use serde::{Deserialize, Serialize};

/// How far a run is.
///
/// It is told as it comes and kept now and then, so it may lag behind or be lost; nothing rests on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// The model that is being asked.
    pub model: Option<String>,
    /// How many tokens of its answer are in.
    pub tokens: u32,
}

/// What is being done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Stage {
    /// Issue and events are read from the source.
    #[default]
    Collecting,
    /// A model is asked.
    Asking,
    /// Its answer is checked against the evidence.
    Checking,
    /// The specification is put together.
    Writing,
}

impl Stage {
    /// The word clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collecting => "collecting",
            Self::Asking => "asking",
            Self::Checking => "checking",
            Self::Writing => "writing",
        }
    }
}
