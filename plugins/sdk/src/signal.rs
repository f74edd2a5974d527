//! What a webhook delivery comes to.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::value::RawValue;

use crate::{Event, Issue};

/// What a source wants the host to know.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Signal {
    /// An issue is new, or came back, or was reported by an alert.
    IssueSeen {
        /// The issue, as far as the delivery tells.
        issue: Box<Issue>,
        /// The event that came with it.
        #[serde(default)]
        event: Option<Event>,
    },
    /// An issue is dealt with.
    IssueClosed {
        /// The issue's id.
        issue_id: String,
    },
    /// Something of a later version: it says nothing.
    #[schemars(skip)]
    Unknown,
}

/// By hand, since a derived one takes the document apart to find the tag, and an event is text.
impl<'de> Deserialize<'de> for Signal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Tag {
            r#type: String,
        }
        #[derive(Deserialize)]
        struct Seen {
            issue: Box<Issue>,
            #[serde(default)]
            event: Option<Event>,
        }
        #[derive(Deserialize)]
        struct Closed {
            issue_id: String,
        }

        let document = Box::<RawValue>::deserialize(from)?;
        let tag: Tag = serde_json::from_str(document.get()).map_err(D::Error::custom)?;
        let signal = match &*tag.r#type {
            "issue_seen" => {
                let seen = serde_json::from_str(document.get());
                seen.map(|Seen { issue, event }| Self::IssueSeen { issue, event })
            }
            "issue_closed" => {
                let closed = serde_json::from_str(document.get());
                closed.map(|Closed { issue_id }| Self::IssueClosed { issue_id })
            }
            _ => Ok(Self::Unknown),
        };
        signal.map_err(D::Error::custom)
    }
}

/// What a webhook delivery says.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SignalsAnswer {
    /// The signals.
    pub signals: Vec<Signal>,
}
