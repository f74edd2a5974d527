//! Responses: the stream is made of named events, and the last one holds everything again.

use explainer_core::ports::{LlmRequest, TokenUsage};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    api::{Format, Named, count, word},
    dialect::{Dialect, LimitField},
};
use crate::llm::{answer::Piece, refusal::Refusal};

/// The body of a request.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    instructions: &'a str,
    input: &'a str,
    stream: bool,
    store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
}

#[derive(Serialize)]
struct Text<'a> {
    format: Format<Named<'a>>,
}

impl<'a> Body<'a> {
    pub(super) fn new(model: &'a str, request: &'a LlmRequest, dialect: &Dialect) -> Self {
        let format = Format::of(dialect.structured, Named::schema_of(request));
        let limited = dialect.limit != LimitField::None;
        Self {
            model,
            instructions: &request.system,
            input: &request.user,
            stream: true,
            store: false,
            text: format.map(|format| Text { format }),
            temperature: dialect.temperature.then_some(0),
            max_output_tokens: limited.then_some(request.max_output_tokens),
        }
    }
}

/// Reads an event, or a whole response from a server that does not stream.
pub(super) fn piece(event: &Value) -> Result<Piece, Refusal> {
    let delta = || event["delta"].as_str().unwrap_or_default().to_owned();
    let response = match &event["response"] {
        Value::Null => event,
        response => response,
    };
    Ok(match event["type"].as_str() {
        Some("response.output_text.delta") => Piece {
            text: delta(),
            ..Piece::default()
        },
        Some("response.refusal.delta") => Piece {
            refusal: delta(),
            ..Piece::default()
        },
        Some("response.reasoning_text.delta" | "response.reasoning_summary_text.delta") => Piece {
            thought: true,
            ..Piece::default()
        },
        Some("response.completed" | "response.incomplete") => end(response),
        Some("response.failed") => return Err(failure(response)),
        Some("error") => return Err(failure(&json!({"error": event}))),
        Some(_) => Piece::default(),
        None => match Refusal::inside(event) {
            Some(_) => return Err(failure(event)),
            None => whole(response),
        },
    })
}

/// Its error, or that there is none: it failed all the same.
fn failure(response: &Value) -> Refusal {
    let untold = || Refusal::of_json(&json!({"error": "the response failed"}));
    Refusal::inside(response).unwrap_or_else(untold)
}

/// Why it ended and what it used; the text has come before.
fn end(response: &Value) -> Piece {
    let why = match response["incomplete_details"]["reason"].as_str() {
        Some("max_output_tokens") => "length".to_owned(),
        Some(other) => other.to_owned(),
        None => match response["status"].as_str() {
            Some("completed") | None => "stop".to_owned(),
            Some(other) => other.to_owned(),
        },
    };
    Piece {
        finish: Some(why),
        usage: usage(&response["usage"]),
        model: word(&response["model"]),
        ..Piece::default()
    }
}

/// The same with the text, which has not come before.
fn whole(response: &Value) -> Piece {
    let items = response["output"].as_array().into_iter().flatten();
    let parts = items.flat_map(|item| item["content"].as_array().into_iter().flatten());
    let (mut text, mut refusal) = (String::new(), String::new());
    for part in parts {
        text.push_str(part["text"].as_str().unwrap_or_default());
        refusal.push_str(part["refusal"].as_str().unwrap_or_default());
    }
    if response["output"].is_null() {
        return Piece::default();
    }
    Piece {
        text,
        refusal,
        ..end(response)
    }
}

fn usage(usage: &Value) -> Option<TokenUsage> {
    Some(TokenUsage {
        input: count(&usage["input_tokens"])?,
        cached: count(&usage["input_tokens_details"]["cached_tokens"]).unwrap_or_default(),
        output: count(&usage["output_tokens"])?,
    })
}
