//! Chat Completions. Nothing in a chunk is counted on: servers leave out ids, number their error
//! codes, write empty finish reasons and send whole messages where deltas were asked for.

use explainer_core::ports::{LlmRequest, TokenUsage};
use serde_json::{Value, json};

use super::{
    api::{count, format, word},
    dialect::Dialect,
};
use crate::llm::{answer::Piece, refusal::Refusal};

/// The body of a request, but for temperature and limit.
pub(super) fn request(model: &str, request: &LlmRequest, dialect: &Dialect) -> Value {
    let mut body = json!({
        "model": model,
        "messages": [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.user},
        ],
        "stream": true,
    });
    if dialect.stream_usage {
        body["stream_options"] = json!({"include_usage": true});
    }
    if let Some(mut format) = format(request, dialect.structured) {
        // Here everything but the type stands one level deeper.
        if let Some(fields) = format.as_object_mut()
            && fields.len() > 1
        {
            let kind = fields.remove("type");
            format = json!({"type": kind, "json_schema": fields});
        }
        body["response_format"] = format;
    }
    body
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
