//! `/api/chat`: what is asked, and what a line of the answer says. Ollama leaves out every count
//! that is 0, and older versions the reason for the end.

use explainer_core::ports::{LlmRequest, TokenUsage};
use ollama_rs::{
    generation::{
        chat::{ChatMessage, request::ChatMessageRequest},
        parameters::{KeepAlive, ThinkType},
    },
    models::ModelOptions,
};
use serde_json::{Value, json};

use crate::llm::answer::Piece;

/// The smallest context window that is asked for. A server loads a model anew for each other
/// window, so only doubles of this are asked for.
const SMALLEST: u32 = 4096;

/// The window for a request: room for the prompt, counted generously, and for the answer, and no
/// more than `largest`; `None` when they cannot fit.
pub(super) fn window(request: &LlmRequest, largest: u32) -> Option<u32> {
    let prompt = request.prompt_tokens;
    let needed = prompt.saturating_add(request.max_output_tokens);
    if needed > largest {
        return None;
    }
    // Counts of another tokenizer than the model's may be short.
    let generous = needed.saturating_add(prompt / 8 + 64);
    let mut window = SMALLEST;
    while window < generous {
        window = window.saturating_mul(2);
    }
    Some(window.min(largest))
}

/// The body of a request.
pub(super) fn request(
    model: &str,
    request: &LlmRequest,
    window: u32,
    keep_alive: &KeepAlive,
    think: &ThinkType,
) -> Value {
    let messages = vec![
        ChatMessage::system(request.system.clone()),
        ChatMessage::user(request.user.clone()),
    ];
    let limit = i32::try_from(request.max_output_tokens).unwrap_or(i32::MAX);
    let options = ModelOptions::default()
        .num_ctx(window.into())
        .num_predict(limit)
        .temperature(0.0);
    let chat = ChatMessageRequest::new(model.to_owned(), messages)
        .options(options)
        .keep_alive(keep_alive.clone())
        .think(think.clone());
    let mut body = serde_json::to_value(chat).unwrap_or_default();
    body["format"] = request.schema.value();
    body["stream"] = json!(true);
    // Rather told that the prompt is too long than answered to the half of it.
    body["truncate"] = json!(false);
    body["shift"] = json!(false);
    body
}

/// What a line says.
pub(super) fn piece(line: &Value) -> Piece {
    let message = &line["message"];
    let text = |field: &str| message[field].as_str().unwrap_or_default();
    let done = line["done"].as_bool().unwrap_or_default();
    let count = |field: &str| {
        let number = line[field].as_u64().unwrap_or_default();
        u32::try_from(number).unwrap_or(u32::MAX)
    };
    let reason = line["done_reason"].as_str().unwrap_or("stop");
    let counted = done && line["prompt_eval_count"].is_u64() | line["eval_count"].is_u64();
    Piece {
        text: text("content").to_owned(),
        thought: !text("thinking").is_empty(),
        finish: done.then(|| reason.to_owned()),
        usage: counted.then(|| TokenUsage {
            input: count("prompt_eval_count"),
            cached: 0,
            output: count("eval_count"),
        }),
        model: line["model"].as_str().map(str::to_owned),
        ..Piece::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use explainer_core::ports::Schema;

    use super::*;

    fn asked(prompt_tokens: u32, max_output_tokens: u32) -> LlmRequest {
        LlmRequest {
            system: "be brief".to_owned(),
            user: "why?".to_owned(),
            schema: Schema::new(&json!({"type": "object"})),
            max_output_tokens,
            prompt_tokens,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn the_window_holds_prompt_and_answer_and_seldom_changes() {
        for (prompt, answer, largest, expected) in [
            (100, 500, 32_768, Some(4096)),
            (3000, 1000, 32_768, Some(8192)),
            (8000, 2000, 32_768, Some(16_384)),
            (8000, 2000, 12_000, Some(12_000)),
            (8000, 2000, 10_000, Some(10_000)),
            (8000, 2001, 10_000, None),
            (100, 500, 2048, Some(2048)),
            (u32::MAX, u32::MAX, u32::MAX, Some(u32::MAX)),
        ] {
            assert_eq!(
                window(&asked(prompt, answer), largest),
                expected,
                "{prompt}"
            );
        }
    }

    #[test]
    fn a_request_sets_everything_the_server_would_guess() {
        let body = request(
            "m",
            &asked(1, 2),
            4096,
            &KeepAlive::Indefinitely,
            &ThinkType::False,
        );
        let expected = json!({
            "model": "m",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "why?"},
            ],
            "format": {"type": "object"},
            "options": {"num_ctx": 4096, "num_predict": 2, "temperature": 0.0},
            "keep_alive": -1, "think": false, "stream": true, "truncate": false, "shift": false,
        });
        for (field, value) in expected.as_object().unwrap() {
            if field != "messages" {
                assert_eq!(&body[field], value, "{field}");
            }
        }
        assert_eq!(body["messages"][1]["content"], "why?");
    }

    #[test]
    fn a_line_is_read_whatever_is_missing() {
        assert_eq!(piece(&json!({})), Piece::default());
        let last = piece(&json!({"done": true, "eval_count": 3}));
        assert_eq!(last.finish.as_deref(), Some("stop"));
        assert_eq!(last.usage.map(|it| (it.input, it.output)), Some((0, 3)));
        assert_eq!(piece(&json!({"done": true})).usage, None);
        let cut = piece(&json!({"done": true, "done_reason": "length"}));
        assert_eq!(cut.finish.as_deref(), Some("length"));
    }
}
