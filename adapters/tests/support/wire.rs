//! How language models answer on the wire: the three protocols, as real servers write them.
//!
//! The file stands alone beside `replay.rs`, so that other test programs can have both.

use serde_json::{Value, json};

use super::replay::Reply;

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// OpenAI's Chat Completions.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Ollama's chat.
    Ollama,
}

/// What every answer says it used: of the prompt, of the answer.
pub(crate) const USED: (u32, u32) = (57, 17);
/// The model of every answer.
pub(crate) const MODEL: &str = "tiny";

impl Wire {
    /// Where questions are sent.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
            Self::Ollama => "/api/chat",
        }
    }

    /// Where a client finds out whether there is such a model, and what it finds.
    pub(crate) fn description(self) -> (&'static str, Reply) {
        match self {
            Self::Chat | Self::Responses => {
                let list = json!({"object": "list", "data": [
                    {"id": MODEL, "object": "model", "owned_by": "us", "max_model_len": 32768},
                    {"id": "other", "object": "model"},
                ]});
                ("/v1/models", Reply::json(200, &list))
            }
            Self::Ollama => {
                let show = json!({"license": "none", "model_info": {
                    "general.architecture": "llama", "llama.context_length": 32768,
                }, "capabilities": ["completion"]});
                ("/api/show", Reply::json(200, &show))
            }
        }
    }

    /// A whole answer in these pieces, ended for this reason.
    pub(crate) fn answer(self, pieces: &[&str], finish: &str) -> Reply {
        let mut events = self.pieces(pieces);
        events.extend(self.end(finish));
        self.closed(&events)
    }

    /// Events as this protocol frames them, each sent by itself.
    pub(crate) fn stream(self, events: &[Value]) -> Reply {
        let framed: Vec<String> = events.iter().map(|event| self.frame(event)).collect();
        let framed: Vec<&str> = framed.iter().map(String::as_str).collect();
        self.raw(&framed)
    }

    /// The same, and what ends a stream of this protocol.
    pub(crate) fn closed(self, events: &[Value]) -> Reply {
        let mut reply = self.stream(events);
        if self == Self::Chat {
            reply.pieces.push(b"data: [DONE]\n\n".to_vec());
        }
        reply
    }

    /// These bytes as the body of a stream.
    pub(crate) fn raw(self, pieces: &[&str]) -> Reply {
        let content_type = match self {
            Self::Chat | Self::Responses => "text/event-stream; charset=utf-8",
            Self::Ollama => "application/x-ndjson",
        };
        Reply::new(200, content_type, pieces)
    }

    pub(crate) fn frame(self, event: &Value) -> String {
        match self {
            Self::Chat => format!("data: {event}\n\n"),
            Self::Responses => {
                let name = event["type"].as_str().unwrap_or("message");
                format!("event: {name}\ndata: {event}\n\n")
            }
            Self::Ollama => format!("{event}\n"),
        }
    }

    /// The beginning of an answer, with no end.
    pub(crate) fn pieces(self, pieces: &[&str]) -> Vec<Value> {
        let delta = |(number, text): (usize, &&str)| match self {
            Self::Chat => json!({
                "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000,
                "model": MODEL, "system_fingerprint": null,
                "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}],
                "usage": null,
            }),
            Self::Responses => json!({
                "type": "response.output_text.delta", "sequence_number": number + 4,
                "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": text,
            }),
            Self::Ollama => json!({
                "model": MODEL, "created_at": "2026-11-24T12:00:00.000000001Z",
                "message": {"role": "assistant", "content": text}, "done": false,
            }),
        };
        let first = match self {
            Self::Chat => Some(json!({
                "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000,
                "model": MODEL, "choices": [{"index": 0,
                "delta": {"role": "assistant", "content": ""}, "finish_reason": null}],
            })),
            Self::Responses => Some(json!({
                "type": "response.created", "sequence_number": 0,
                "response": {"id": "resp_1", "status": "in_progress", "model": MODEL, "error": null},
            })),
            Self::Ollama => None,
        };
        first
            .into_iter()
            .chain(pieces.iter().enumerate().map(delta))
            .collect()
    }

    /// The events that end an answer.
    pub(crate) fn end(self, finish: &str) -> Vec<Value> {
        let (input, output) = USED;
        match self {
            Self::Chat => vec![
                json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL,
                    "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}),
                json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL,
                    "choices": [], "usage": {"prompt_tokens": input, "completion_tokens": output,
                    "total_tokens": input + output, "prompt_tokens_details": {"cached_tokens": 0}}}),
            ],
            Self::Responses => {
                let (name, status, why) = match finish {
                    "stop" => ("response.completed", "completed", None),
                    "length" => (
                        "response.incomplete",
                        "incomplete",
                        Some("max_output_tokens"),
                    ),
                    other => ("response.incomplete", "incomplete", Some(other)),
                };
                let why = why.map(|reason| json!({"reason": reason}));
                vec![json!({"type": name, "sequence_number": 99, "response": {
                    "id": "resp_1", "object": "response", "status": status, "model": MODEL,
                    "error": null, "incomplete_details": why, "output": [],
                    "usage": {"input_tokens": input, "output_tokens": output,
                        "input_tokens_details": {"cached_tokens": 0},
                        "output_tokens_details": {"reasoning_tokens": 0}}}})]
            }
            Self::Ollama => vec![json!({
                "model": MODEL, "created_at": "2026-11-24T12:00:01Z",
                "message": {"role": "assistant", "content": ""}, "done": true,
                "done_reason": finish, "total_duration": 5_000_000, "load_duration": 1_000_000,
                "prompt_eval_count": input, "prompt_eval_duration": 1_000_000,
                "eval_count": output, "eval_duration": 3_000_000,
            })],
        }
    }

    /// An error before any answer, as this protocol has it.
    pub(crate) fn error(self, status: u16, message: &str, code: &str) -> Reply {
        let body = match self {
            Self::Chat | Self::Responses => json!({"error": {
                "message": message, "type": "invalid_request_error", "param": null, "code": code,
            }}),
            Self::Ollama => json!({"error": message}),
        };
        Reply::json(status, &body)
    }

    /// An error in the middle of a stream whose status was 200.
    pub(crate) fn error_inside(self, message: &str) -> Value {
        match self {
            Self::Chat => {
                json!({"error": {"message": message, "type": "server_error", "code": null}})
            }
            Self::Responses => json!({"type": "response.failed", "sequence_number": 7,
                "response": {"id": "resp_1", "status": "failed",
                "error": {"code": "server_error", "message": message}}}),
            Self::Ollama => json!({"error": message}),
        }
    }

    /// What a model says when it declines; Ollama has no such thing.
    pub(crate) fn refusal(self, text: &str) -> Option<Reply> {
        let (delta, end) = match self {
            Self::Chat => (
                json!({"id": "c", "model": MODEL, "choices": [{"index": 0,
                    "delta": {"refusal": text}, "finish_reason": null}]}),
                self.end("stop"),
            ),
            Self::Responses => (
                json!({"type": "response.refusal.delta", "delta": text, "item_id": "msg_1"}),
                self.end("stop"),
            ),
            Self::Ollama => return None,
        };
        let mut events = vec![delta];
        events.extend(end);
        Some(self.closed(&events))
    }
}
