//! Chat Completions. Nothing in a chunk is counted on: servers leave out ids, number their error
//! codes, write empty finish reasons and send whole messages where deltas were asked for.

use explainer_core::ports::{LlmRequest, TokenUsage};
use serde::Serialize;
use serde_json::Value;

use super::{
    api::{Format, Named, count, word},
    dialect::{Dialect, LimitField},
};
use crate::llm::{answer::Piece, refusal::Refusal};

/// The body of a request.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: [Message<'a>; 2],
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<Deeper<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// Here everything but the type stands one level deeper.
#[derive(Serialize)]
struct Deeper<'a> {
    json_schema: Named<'a>,
}

impl<'a> Body<'a> {
    pub(super) fn new(model: &'a str, request: &'a LlmRequest, dialect: &Dialect) -> Self {
        let json_schema = Named::schema_of(request);
        let message = |role, content| Message { role, content };
        let limit = |field| (dialect.limit == field).then_some(request.max_output_tokens);
        Self {
            model,
            messages: [
                message("system", &request.system),
                message("user", &request.user),
            ],
            stream: true,
            stream_options: dialect.stream_usage.then_some(StreamOptions {
                include_usage: true,
            }),
            response_format: Format::of(dialect.structured, Deeper { json_schema }),
            temperature: dialect.temperature.then_some(0),
            max_tokens: limit(LimitField::MaxTokens),
            max_completion_tokens: limit(LimitField::MaxCompletionTokens),
        }
    }
}

/// Reads a chunk, or a whole completion from a server that does not stream.
pub(super) fn piece(event: &Value) -> Result<Piece, Refusal> {
    if let Some(refusal) = Refusal::inside(event) {
        return Err(refusal);
    }
    let choice = &event["choices"][0];
    let delta = match &choice["delta"] {
        Value::Null => &choice["message"],
        delta => delta,
    };
    let text = |field: &str| delta[field].as_str().unwrap_or_default().to_owned();
    Ok(Piece {
        text: text("content"),
        refusal: text("refusal"),
        thought: ["reasoning_content", "reasoning"]
            .iter()
            .any(|field| !text(field).is_empty()),
        finish: word(&choice["finish_reason"]),
        usage: usage(&event["usage"]),
        model: word(&event["model"]),
    })
}

fn usage(usage: &Value) -> Option<TokenUsage> {
    Some(TokenUsage {
        input: count(&usage["prompt_tokens"])?,
        cached: count(&usage["prompt_tokens_details"]["cached_tokens"]).unwrap_or_default(),
        output: count(&usage["completion_tokens"])?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn chunks_are_read_whatever_is_missing_or_odd() {
        let delta = json!({"choices": [{"delta": {"content": "a"}, "finish_reason": ""}]});
        let piece_of = |event: &Value| piece(event).unwrap();
        assert_eq!(piece_of(&delta).text, "a");
        assert_eq!(piece_of(&delta).finish, None);
        let whole = json!({"id": 7, "model": "m", "created": 1.5, "service_tier": "on_demand",
            "choices": [{"message": {"content": "b", "refusal": null}, "finish_reason": "eos"}],
            "usage": {"prompt_tokens": 3.0, "completion_tokens": 4}});
        let whole = piece_of(&whole);
        assert_eq!(
            (whole.text.as_str(), whole.finish.as_deref()),
            ("b", Some("eos"))
        );
        assert_eq!(whole.usage.map(|it| (it.input, it.output)), Some((3, 4)));
        for nothing in [
            json!({}),
            json!([]),
            json!({"choices": []}),
            json!({"choices": 1}),
        ] {
            assert_eq!(piece_of(&nothing), Piece::default());
        }
    }
}
