//! The two APIs: what a request to each looks like, and which of their words mean what.

use explainer_core::ports::{LlmRequest, Structured};
use serde_json::{Value, json};

use super::{
    chat,
    dialect::{Dialect, LimitField},
    responses,
};
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

impl Api {
    /// The body of a request, in the dialect of the server.
    pub(super) fn request(self, model: &str, request: &LlmRequest, dialect: &Dialect) -> Value {
        let mut body = match self {
            Self::Chat => chat::request(model, request, dialect),
            Self::Responses => responses::request(model, request, dialect),
        };
        if dialect.temperature {
            body["temperature"] = json!(0);
        }
        let limit = match (self, dialect.limit) {
            (_, LimitField::None) => return body,
            (Self::Responses, _) => "max_output_tokens",
            (Self::Chat, LimitField::MaxCompletionTokens) => "max_completion_tokens",
            (Self::Chat, LimitField::MaxTokens) => "max_tokens",
        };
        body[limit] = json!(request.max_output_tokens);
        body
    }

    /// What one event of the stream says: a piece of the answer, or an error.
    pub(super) fn piece(self, event: &Value) -> Result<Piece, Refusal> {
        match self {
            Self::Chat => chat::piece(event),
            Self::Responses => responses::piece(event),
        }
    }
}

/// How a schema is asked for, as both APIs have it: `{"type": …, …}`.
pub(super) fn format(request: &LlmRequest, structured: Structured) -> Option<Value> {
    let schema = &request.schema;
    match structured {
        Structured::JsonSchema => Some(json!({
            "type": "json_schema", "name": SCHEMA_NAME, "schema": schema, "strict": true,
        })),
        Structured::JsonObject => Some(json!({"type": "json_object"})),
        Structured::Prompt => None,
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
