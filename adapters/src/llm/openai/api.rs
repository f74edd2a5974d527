//! The two APIs: what a request to each looks like, and which of their words mean what.

use explainer_core::ports::{LlmRequest, Schema, Structured};
use serde::Serialize;
use serde_json::Value;

use super::{chat, dialect::Dialect, responses};
use crate::llm::{answer::Piece, refusal::Refusal};

/// Which API of OpenAI's is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// Chat Completions, which everyone speaks.
    Chat,
    /// Responses; OpenAI is asked to store nothing.
    Responses,
}

/// The name a schema goes by.
const SCHEMA_NAME: &str = "specification";

/// The body of a request.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Body<'a> {
    Chat(chat::Body<'a>),
    Responses(responses::Body<'a>),
}

/// A schema as both APIs have it, and what it is called.
#[derive(Serialize)]
pub(super) struct Named<'a> {
    name: &'static str,
    schema: &'a Schema,
    strict: bool,
}

impl<'a> Named<'a> {
    pub(super) fn schema_of(request: &'a LlmRequest) -> Self {
        Self {
            name: SCHEMA_NAME,
            schema: &request.schema,
            strict: true,
        }
    }
}

/// How a schema is asked for; where it stands in there differs.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Format<S> {
    JsonSchema(S),
    JsonObject,
}

impl<S> Format<S> {
    pub(super) fn of(structured: Structured, schema: S) -> Option<Self> {
        match structured {
            Structured::JsonSchema => Some(Self::JsonSchema(schema)),
            Structured::JsonObject => Some(Self::JsonObject),
            Structured::Prompt => None,
        }
    }
}

impl Api {
    /// The body of a request, in the dialect of the server.
    pub(super) fn body<'a>(
        self,
        model: &'a str,
        request: &'a LlmRequest,
        dialect: &Dialect,
    ) -> Body<'a> {
        match self {
            Self::Chat => Body::Chat(chat::Body::new(model, request, dialect)),
            Self::Responses => Body::Responses(responses::Body::new(model, request, dialect)),
        }
    }

    /// What one event of the stream says: a piece of the answer, or an error.
    pub(super) fn piece(self, event: &Value) -> Result<Piece, Refusal> {
        match self {
            Self::Chat => chat::piece(event),
            Self::Responses => responses::piece(event),
        }
    }
}

/// A count, where there is one.
pub(super) fn count(value: &Value) -> Option<u32> {
    let number = value.as_f64().filter(|it| *it >= 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is no less than 0, and what is too large becomes the largest"
    )]
    let whole = number as u32;
    Some(whole)
}

/// A text that says something.
pub(super) fn word(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
}
