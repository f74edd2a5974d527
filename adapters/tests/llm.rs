//! The table of faults: what servers of models do, and what their adapters make of it. Each row is
//! replayed over HTTP, against each protocol it can happen in.

#![cfg(all(feature = "llm-ollama", feature = "llm-openai"))]
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

#[path = "support/opened.rs"]
mod opened;
#[path = "support/replay.rs"]
mod replay;
#[path = "support/wire.rs"]
mod wire;

use std::{
    io::{self, Write as _},
    sync::{Arc, Mutex},
    time::Duration,
};

use explainer_core::{
    ErrorKind::{self, *},
    ports::{
        FinishReason, Llm, LlmRequest, LlmSettings, ModelLocation, PullProgress, Schema, Structured,
    },
    testkit::fakes::Heard,
};
use futures::{StreamExt, stream};
use replay::{End, Replay, Reply};
use serde_json::{Value, json};
use wire::{MODEL, USED, Wire};

/// What a row's server answers in this protocol, in turn; none where it cannot happen there.
type Script = fn(Wire) -> Vec<Reply>;

/// What becomes of it.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// A completion with this end and text.
    Answer(FinishReason, String),
    /// A fault of this kind, with the wait the server asked for.
    Fault(ErrorKind, Option<Duration>),
}

/// What a request cost, as far as is known.
#[derive(Debug, PartialEq)]
enum Billed {
    /// The server never began to answer.
    Nothing,
    /// The prompt, and so many pieces of an answer.
    Begun(u32),
    /// What the server said.
    Told,
}

struct Row {
    name: &'static str,
    script: Script,
    outcome: Outcome,
    /// How many requests were sent.
    attempts: usize,
    billed: Billed,
    /// How long the answer may take.
    timeout: Duration,
}

/// An answer as it should be, but for what it says.
const FINE: &str = r#"{"summary": "Größe – 日本語 🦀"}"#;

fn fault(name: &'static str, kind: ErrorKind, script: Script) -> Row {
    Row {
        name,
        script,
        outcome: Outcome::Fault(kind, None),
        attempts: 1,
        billed: Billed::Nothing,
        timeout: Duration::from_secs(10),
    }
}

fn answer(name: &'static str, text: &str, script: Script) -> Row {
    Row {
        name,
        script,
        outcome: Outcome::Answer(FinishReason::Stop, text.to_owned()),
        attempts: 1,
        billed: Billed::Told,
        timeout: Duration::from_secs(10),
    }
}

impl Row {
    fn wait(mut self, millis: u64) -> Self {
        let Outcome::Fault(_, wait) = &mut self.outcome else {
            unreachable!("answers ask for no wait")
        };
        *wait = Some(Duration::from_millis(millis));
        self
    }

    fn finish(mut self, reason: FinishReason) -> Self {
        let Outcome::Answer(finish, _) = &mut self.outcome else {
            unreachable!("faults have no such end")
        };
        *finish = reason;
        self
    }

    fn billed(self, billed: Billed) -> Self {
        Self { billed, ..self }
    }

    fn impatient(self) -> Self {
        let timeout = Duration::from_secs(2);
        Self { timeout, ..self }
    }

    fn attempts(self, attempts: usize) -> Self {
        Self { attempts, ..self }
    }
}

/// A row that passes a text on as it came: what it is worth, the pipeline says.
macro_rules! passed_on {
    ($name:literal, $text:expr) => {
        answer($name, $text, |wire| vec![wire.answer(&[$text], "stop")])
    };
}

fn of_openai(wire: Wire, reply: Reply) -> Vec<Reply> {
    of(&[Wire::Chat, Wire::Responses], wire, vec![reply])
}

fn of(wires: &[Wire], wire: Wire, replies: Vec<Reply>) -> Vec<Reply> {
    if wires.contains(&wire) {
        replies
    } else {
        Vec::new()
    }
}

fn page(status: u16, title: &str) -> Reply {
    let page = format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>");
    Reply::new(
        status,
        "text/html",
        &[&page, "<h1>nginx</h1></body></html>"],
    )
}

const LIMITED: &str = "rate_limit_exceeded";

/// Refusals: the status says it, and nothing is billed.
fn refusals() -> Vec<Row> {
    vec![
        fault("401", Unauthorized, |it| {
            vec![it.error(
                401,
                "Incorrect API key provided: sk-very-secret.",
                "invalid_api_key",
            )]
        }),
        fault("403", Forbidden, |it| {
            vec![it.error(403, "not in your region", "unsupported_country")]
        }),
        fault("404, no such model", NotFound, |it| {
            vec![it.error(
                404,
                "model \"tiny\" not found, try pulling it first",
                "model_not_found",
            )]
        }),
        fault("404, a page: not this path", NotFound, |_| {
            vec![page(404, "404 Not Found")]
        }),
        fault("400, no such model", NotFound, |it| {
            of_openai(
                it,
                it.error(400, "The model `tiny` does not exist", "model_not_found"),
            )
        }),
        fault("429, insufficient_quota", Exhausted, |it| {
            let told = "You exceeded your current quota, please check your plan";
            of_openai(
                it,
                it.error(429, told, "insufficient_quota")
                    .with("retry-after", "60"),
            )
        }),
        fault("402", Exhausted, |it| {
            vec![it.error(402, "insufficient balance", "no_balance")]
        }),
        fault("413", TooLarge, |_| {
            vec![page(413, "Request Entity Too Large")]
        }),
        fault("400, prompt too long", TooLarge, |it| {
            let told = "the input length exceeds the context length";
            vec![it.error(400, told, "context_length_exceeded")]
        }),
        fault("500", Unavailable, |it| {
            vec![it.error(500, "The server had an error", "server_error")]
        }),
        fault("500, no body", Unavailable, |_| {
            vec![Reply::new(500, "text/plain", &[])]
        }),
        fault("502, a page", Unavailable, |_| {
            vec![page(502, "502 Bad Gateway")]
        }),
        fault("503, loading, Retry-After: 3", Unavailable, |it| {
            vec![
                it.error(503, "Loading model", "unavailable_error")
                    .with("retry-after", "3"),
            ]
        })
        .wait(3_000),
        fault("504", Timeout, |_| vec![page(504, "Gateway Time-out")]),
        fault("302", Protocol, |_| {
            vec![Reply::new(302, "text/plain", &[]).with("location", "https://example.com/login")]
        }),
        fault("numeric error.code", RateLimited, |_| {
            let body = json!({"error": {"code": 429, "message": "busy", "type": "unavailable"}});
            vec![Reply::json(429, &body)]
        }),
        fault("an error that is a text", Invalid, |_| {
            vec![Reply::json(400, &json!({"error": "no such option"}))]
        }),
        fault("an error of another make", Unauthorized, |_| {
            vec![Reply::json(401, &json!({"detail": "Not authenticated"}))]
        }),
        fault("an old vLLM's error", Invalid, |_| {
            let body =
                json!({"object": "error", "message": "bad", "type": "BadRequest", "code": 400});
            vec![Reply::json(400, &body)]
        }),
        fault("200, JSON of another API", Protocol, |it| {
            of_openai(it, Reply::json(200, &json!({"hello": "there"})))
        }),
        fault("200, a login page", Protocol, |_| {
            vec![page(200, "Sign in")]
        }),
        fault("closed without a word", Unavailable, |it| {
            vec![it.answer(&[FINE], "stop").ending(End::Mute)]
        }),
    ]
}

/// Too many requests, and the many ways to say when to come back.
fn throttles() -> Vec<Row> {
    vec![
        fault("429, no Retry-After", RateLimited, |it| {
            vec![it.error(429, "slow down", LIMITED)]
        }),
        fault("429, Retry-After: 7", RateLimited, |it| {
            vec![it.error(429, "slow down", LIMITED).with("retry-after", "7")]
        })
        .wait(7_000),
        fault("429, Retry-After: a date", RateLimited, |it| {
            let reply = it.error(429, "slow down", LIMITED);
            let reply = reply.with("date", "Tue, 24 Nov 2026 12:00:00 GMT");
            vec![reply.with("retry-after", "Tue, 24 Nov 2026 12:00:30 GMT")]
        })
        .wait(30_000),
        fault("429, Retry-After: a date gone by", RateLimited, |it| {
            let reply = it.error(429, "slow down", LIMITED);
            let reply = reply.with("date", "Tue, 24 Nov 2026 12:00:00 GMT");
            vec![reply.with("retry-after", "Tue, 24 Nov 2020 12:00:30 GMT")]
        })
        .wait(0),
        fault(
            "429, Retry-After: three thousand years",
            RateLimited,
            |it| {
                vec![
                    it.error(429, "slow down", LIMITED)
                        .with("retry-after", "99999999999"),
                ]
            },
        )
        .wait(3_600_000),
        fault("429, Retry-After: 1e999", RateLimited, |it| {
            vec![
                it.error(429, "slow down", LIMITED)
                    .with("retry-after", "1e999"),
            ]
        })
        .wait(3_600_000),
        fault("429, Retry-After: before", RateLimited, |it| {
            vec![
                it.error(429, "slow down", LIMITED)
                    .with("retry-after", "-5"),
            ]
        }),
        fault("429, Retry-After: soon", RateLimited, |it| {
            vec![
                it.error(429, "slow down", LIMITED)
                    .with("retry-after", "soon"),
            ]
        }),
        fault("429, retry-after-ms", RateLimited, |it| {
            let reply = it.error(429, "slow down", LIMITED).with("retry-after", "2");
            vec![reply.with("retry-after-ms", "1500")]
        })
        .wait(1_500),
        fault(
            "429, larger than the allowance of a minute",
            TooLarge,
            |it| {
                let told =
                    "Request too large for tiny on tokens per min: Limit 3000, Requested 9000.";
                vec![it.error(429, told, "rate_limit_exceeded")]
            },
        ),
        fault("429, a page", RateLimited, |_| {
            vec![page(429, "Too many requests")]
        }),
    ]
}

/// Streams that break.
fn breaks() -> Vec<Row> {
    vec![
        fault("no first byte", Timeout, |it| {
            vec![it.answer(&[FINE], "stop").slow(Duration::from_secs(30), Duration::ZERO)]
        })
        .impatient(),
        fault("nothing after the first piece", Timeout, |it| {
            let begun = it.stream(&it.pieces(&["{"]));
            vec![begun.ending(End::Silence)]
        })
        .impatient()
        .billed(Billed::Begun(1)),
        fault("a drip", Timeout, |it| {
            let drip = it.answer(&[FINE], "stop").byte_by_byte();
            vec![drip.slow(Duration::ZERO, Duration::from_millis(50))]
        })
        .impatient()
        .billed(Billed::Begun(0)),
        fault("reset in the middle", Unavailable, |it| {
            vec![it.stream(&it.pieces(&["{", "\"a"])).ending(End::Cut)]
        })
        .billed(Billed::Begun(2)),
        fault("cut in the middle of an event", Unavailable, |it| {
            let mut begun = it.stream(&it.pieces(&["{", "\"a"]));
            let last = begun.pieces.last_mut().unwrap();
            last.truncate(last.len() / 2);
            vec![begun]
        })
        .billed(Billed::Begun(1)),
        fault("ended before the end", Unavailable, |it| {
            vec![it.stream(&it.pieces(&["{", "\"a"]))]
        })
        .billed(Billed::Begun(2)),
        fault("ended before it began", Unavailable, |it| vec![it.raw(&[])]).billed(Billed::Begun(0)),
        fault("an error inside", Unavailable, |it| {
            let mut events = it.pieces(&["{"]);
            events.push(it.error_inside("CUDA out of memory"));
            vec![it.closed(&events)]
        })
        .billed(Billed::Begun(1)),
        fault("an error as a field of its own", Unavailable, |it| {
            let error = "error: {\"code\": 500, \"message\": \"slot gone\", \"type\": \"server_error\"}\n\n";
            of(&[Wire::Chat, Wire::Responses], it, vec![it.raw(&[error])])
        })
        .billed(Billed::Begun(0)),
        fault("an error in one piece, with 200", RateLimited, |it| {
            let body = json!({"error": {"message": "busy", "type": "rate_limit_error", "code": 429}});
            of_openai(it, Reply::json(200, &body))
        })
        .billed(Billed::Begun(0)),
        fault("lines that are no JSON", Protocol, |it| {
            let mut begun = it.stream(&it.pieces(&["{"]));
            begun.pieces.push(b"data: {\"choices\": oops}\n\n".to_vec());
            vec![begun]
        })
        .billed(Billed::Begun(1)),
        fault("bytes that are no UTF-8", Protocol, |it| {
            let mut begun = it.stream(&it.pieces(&["{"]));
            begun.pieces.push(b"data: {\"a\": \"\xff\xfe\"}\n\n".to_vec());
            vec![begun]
        })
        .billed(Billed::Begun(1)),
        fault("events of another API", Protocol, |it| {
            let event = Reply::new(200, "text/event-stream", &["data: {\"a\": 1}\n\ndata: [DONE]\n\n"]);
            of_openai(it, event)
        })
        .billed(Billed::Begun(0)),
        fault("lines of another API", Protocol, |it| {
            of(&[Wire::Ollama], it, vec![Reply::json(200, &json!(["a"]))])
        })
        .billed(Billed::Begun(0)),
        fault("an answer of 5 MB", Protocol, |it| {
            let piece = "lorem ipsum ".repeat(4096);
            vec![it.answer(&vec![piece.as_str(); 107], "stop")]
        })
        .billed(Billed::Begun(22)),
        fault("an answer without end", Protocol, |it| {
            let piece = "lorem ipsum ".repeat(4096);
            let mut begun = it.stream(&it.pieces(&[&piece]));
            begun.pieces.drain(..begun.pieces.len() - 1);
            vec![begun.ending(End::Never)]
        })
        .billed(Billed::Begun(22)),
        fault("a prompt that was cut silently", TooLarge, |it| {
            let mut end = it.end("stop");
            end[0]["prompt_eval_count"] = json!(4096);
            of(&[Wire::Ollama], it, vec![it.stream(&end)])
        })
        .billed(Billed::Told),
    ]
}

/// Answers, however odd: they are passed on with why they ended.
fn answers() -> Vec<Row> {
    vec![
        passed_on!("as it should be", FINE),
        answer("UTF-8 split across chunks", FINE, |it| {
            vec![it.answer(&[FINE], "stop").byte_by_byte()]
        }),
        answer("reset after its end", FINE, |it| {
            let mut events = it.pieces(&[FINE]);
            events.extend(it.end("stop"));
            vec![it.stream(&events).ending(End::Cut)]
        }),
        answer("nothing told of its use", FINE, |it| {
            let mut events = it.pieces(&["", FINE]);
            events.extend(it.end("stop"));
            for event in &mut events {
                let fields = event.as_object_mut().unwrap();
                fields.remove("usage");
                fields.remove("eval_count");
                fields.remove("prompt_eval_count");
                event["response"]["usage"] = Value::Null;
            }
            vec![it.closed(&events)]
        })
        .billed(Billed::Begun(1)),
        answer("no reason for its end", FINE, |it| {
            let mut events = it.pieces(&[FINE]);
            events.push(json!({"choices": [{"delta": {}, "finish_reason": ""}]}));
            of(&[Wire::Chat], it, vec![it.closed(&events)])
        })
        .finish(FinishReason::Other(String::new()))
        .billed(Billed::Begun(1)),
        answer("an unknown reason for its end", FINE, |it| {
            vec![it.answer(&[FINE], "eos_token")]
        })
        .finish(FinishReason::Other("eos_token".to_owned())),
        answer("cut by the limit", "{\"summary\": \"half", |it| {
            vec![it.answer(&["{\"summary\": \"half"], "length")]
        })
        .finish(FinishReason::Length),
        answer("refused", "I cannot help with that.", |it| {
            it.refusal("I cannot help with that.").into_iter().collect()
        })
        .finish(FinishReason::Refusal),
        answer("stopped by a filter", "{\"summary\": \"", |it| {
            of_openai(it, it.answer(&["{\"summary\": \""], "content_filter"))
        })
        .finish(FinishReason::ContentFilter),
        answer("a prompt no filter takes", "", |it| {
            let told = "The response was filtered due to the prompt triggering the policy";
            of_openai(it, it.error(400, told, "content_filter"))
        })
        .finish(FinishReason::ContentFilter)
        .billed(Billed::Nothing),
        answer("empty", "", |it| vec![it.answer(&[], "stop")]),
    ]
}

/// Answers in a form that nobody promised.
fn odd_answers() -> Vec<Row> {
    vec![
        answer("in one piece, not streamed", FINE, |it| {
            let whole = match it {
                Wire::Chat => {
                    json!({"choices": [{"message": {"role": "assistant", "content": FINE},
                    "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": USED.0, "completion_tokens": USED.1}})
                }
                Wire::Responses => {
                    json!({"object": "response", "status": "completed", "error": null,
                    "output": [{"type": "reasoning"}, {"type": "message", "content": [
                        {"type": "output_text", "text": FINE}]}],
                    "usage": {"input_tokens": USED.0, "output_tokens": USED.1}})
                }
                Wire::Ollama => json!({"message": {"content": FINE}, "done": true,
                    "prompt_eval_count": USED.0, "eval_count": USED.1}),
            };
            vec![Reply::json(200, &whole)]
        }),
        answer("no ids, odd fields", FINE, |it| {
            let mut events = it.pieces(&[FINE]);
            events.extend(it.end("stop"));
            for event in &mut events {
                let fields = event.as_object_mut().unwrap();
                fields.remove("id");
                fields.remove("object");
                fields.insert("created".to_owned(), json!(1.5));
                fields.insert("service_tier".to_owned(), json!("on_demand"));
            }
            vec![it.closed(&events)]
        }),
        answer("comments, CRLF, no blanks", FINE, |it| {
            let mut reply = it.answer(&[FINE], "stop");
            for piece in &mut reply.pieces {
                let text = String::from_utf8(piece.clone()).unwrap();
                let text = text.replace("data: ", "data:").replace('\n', "\r\n");
                let comment = if it == Wire::Ollama {
                    "\r\n"
                } else {
                    ": PROCESSING\r\n\r\n"
                };
                *piece = format!("{comment}{text}").into_bytes();
            }
            vec![reply]
        }),
        answer("thoughts before it", FINE, |it| {
            let mut events = it.pieces(&["", FINE]);
            events.extend(it.end("stop"));
            match it {
                Wire::Chat => events[1]["choices"][0]["delta"] = json!({"reasoning_content": "hm"}),
                Wire::Responses => events[1]["type"] = json!("response.reasoning_text.delta"),
                Wire::Ollama => events[0]["message"] = json!({"content": "", "thinking": "hm"}),
            }
            vec![it.closed(&events)]
        }),
    ]
}

/// Texts of every worth, passed on as they came.
fn texts() -> Vec<Row> {
    vec![
        answer("thoughts aloud before it", FINE, |it| {
            let thought = "<think>\nPerhaps {\"summary\": \"no\"}?\n</think>\n\n";
            vec![it.answer(&[thought, FINE], "stop")]
        }),
        passed_on!("thoughts without end", "<think> and so on"),
        passed_on!("blank", " \n\t"),
        passed_on!("fenced JSON", "```json\n{\"summary\": \"x\"}\n```"),
        passed_on!(
            "prose around JSON",
            "Sure! Here it is: {\"summary\": \"x\"} Let me know."
        ),
        passed_on!(
            "the schema again",
            r#"{"type": "object", "properties": {"summary": {}}}"#
        ),
        passed_on!("a wrong enum", r#"{"priority": "P1"}"#),
        passed_on!("wrong types", r#"{"summary": ["x"], "priority": 3}"#),
        passed_on!("missing fields", "{}"),
        passed_on!("truncated JSON", "{\"summary\": \"x\", \"root_c"),
        passed_on!(
            "another language",
            r#"{"summary": "概要：データベース接続が切れました"}"#
        ),
        passed_on!("a null byte", "{\"summary\": \"a\u{0}b\"}"),
    ]
}

/// What a server does not take is left out, and that is remembered.
fn dialects() -> Vec<Row> {
    vec![
        answer("takes no schema", FINE, |it| {
            let told = "'response_format' of type json_schema is not supported with this model";
            of(
                &[Wire::Chat, Wire::Responses],
                it,
                vec![it.error(400, told, "invalid"), it.answer(&[FINE], "stop")],
            )
        })
        .attempts(2),
        answer("takes neither schema nor JSON", FINE, |it| {
            let told = "response_format.type must be `text`";
            let no = it.error(400, told, "invalid");
            of(
                &[Wire::Chat, Wire::Responses],
                it,
                vec![no.clone(), no, it.answer(&[FINE], "stop")],
            )
        })
        .attempts(3),
        answer("takes no temperature and another limit", FINE, |it| {
            let one = "Unsupported parameter: 'max_tokens' is not supported with this model. \
                       Use 'max_completion_tokens' instead.";
            let other = "Unsupported value: 'temperature' does not support 0 with this model.";
            let answer = it.answer(&[FINE], "stop");
            let no = |told| it.error(400, told, "unsupported_parameter");
            of(&[Wire::Chat], it, vec![no(one), no(other), answer])
        })
        .attempts(3),
        fault("takes nothing at all", Invalid, |it| {
            let told = "response_format, temperature, stream_options: not supported";
            of(
                &[Wire::Chat, Wire::Responses],
                it,
                vec![it.error(400, told, "invalid")],
            )
        })
        .attempts(3),
    ]
}

fn request() -> LlmRequest {
    LlmRequest {
        system: "You explain errors.".to_owned(),
        user: "KeyError: 'sku'".to_owned(),
        schema: Schema::new(&json!({"type": "object"})),
        max_output_tokens: 200,
        prompt_tokens: 60,
        timeout: Duration::from_secs(10),
    }
}

#[tokio::test]
async fn every_fault_becomes_what_the_chain_can_act_upon() {
    let rows: Vec<Row> = [
        refusals(),
        throttles(),
        breaks(),
        odd_answers(),
        answers(),
        texts(),
        dialects(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let wires = [Wire::Chat, Wire::Responses, Wire::Ollama];
    let all = rows.iter().flat_map(|row| wires.map(|wire| (row, wire)));
    let tried = all.filter_map(|(row, wire)| {
        let replies = (row.script)(wire);
        let happens = !replies.is_empty();
        let seen = async move {
            let seen = replay_row(row, wire, &replies).await;
            (format!("{wire:?}: {}", row.name), seen)
        };
        happens.then_some(seen)
    });
    let tried: Vec<_> = stream::iter(tried).buffered(16).collect().await;
    let mut wrong = Vec::new();
    for (row, seen) in &tried {
        match seen {
            Ok(seen) => drop(writeln!(io::stdout(), "{row} … {seen}")),
            Err(why) => wrong.push(format!("{row} … {why}")),
        }
    }
    assert_eq!(wrong, [""; 0], "of {}", tried.len());
    assert!(rows.len() >= 30 && tried.len() >= 2 * 30);
}

async fn replay_row(row: &Row, wire: Wire, replies: &[Reply]) -> Result<String, String> {
    let server = Replay::start().await;
    let (path, description) = wire.description();
    server.on(path, [description]);
    server.on(wire.path(), replies.iter().cloned());
    let llm = opened::model(wire, &server.url());
    let heard = Heard::default();
    let mut request = request();
    request.timeout = row.timeout;
    let ended = llm.complete(&request, &heard).await;
    if let Err(error) = &ended {
        let told = format!("{error:?} {error}");
        if told.contains("very-secret") {
            return Err(format!("it tells the key: {told}"));
        }
        if error.message().contains('\n') || error.message().len() > 500 {
            return Err(format!("it is no sentence: {told}"));
        }
    }
    let told = format!("{ended:?}");
    let outcome = match ended {
        Ok(completion) => Outcome::Answer(completion.finish, completion.text),
        Err(error) => Outcome::Fault(error.kind(), error.retry_after()),
    };
    if outcome != row.outcome {
        return Err(format!("{told}, not {:?}", row.outcome));
    }
    let billed = match (heard.used(), heard.tokens().last()) {
        (Some(_), _) => Billed::Told,
        (None, Some(so_far)) => Billed::Begun(*so_far),
        (None, None) => Billed::Nothing,
    };
    if billed != row.billed {
        return Err(format!("billed {billed:?}, not {:?}", row.billed));
    }
    let asked = server.asked();
    let attempts = asked.iter().filter(|it| it.path == wire.path()).count();
    if attempts != row.attempts {
        return Err(format!("{attempts} attempts, not {}", row.attempts));
    }
    Ok(format!(
        "{outcome:.80?}, {attempts} attempts, billed {billed:?}"
    ))
}

async fn ask(llm: &Arc<dyn Llm>) -> explainer_core::Result<explainer_core::ports::Completion> {
    llm.complete(&request(), &Heard::default()).await
}

/// A server that answers as it should.
async fn fine(wire: Wire) -> Replay {
    let server = Replay::start().await;
    let (path, description) = wire.description();
    server.on(path, [description]);
    server.on(wire.path(), [wire.answer(&[FINE], "stop")]);
    server
}

#[tokio::test]
async fn what_a_server_does_not_take_is_asked_for_once() {
    let server = fine(Wire::Chat).await;
    let told = "'response_format' of type json_schema is not supported";
    let answer = Wire::Chat.answer(&[FINE], "stop");
    server.on(
        Wire::Chat.path(),
        [Wire::Chat.error(400, told, "invalid"), answer],
    );
    let kind = opened::kind(Wire::Chat, &server.url());
    for _ in 0..2 {
        // As another analysis would: opened anew.
        let llm = kind.open(&LlmSettings::default()).unwrap();
        ask(&llm).await.unwrap();
        assert_eq!(llm.profile().structured, Structured::JsonObject);
    }
    let formats = server
        .asked()
        .into_iter()
        .map(|it| it.body["response_format"]["type"].clone());
    let formats: Vec<Value> = formats.collect();
    assert_eq!(formats, ["json_schema", "json_object", "json_object"]);
}

#[tokio::test]
async fn requests_say_all_that_servers_would_guess() {
    for (wire, expected) in [
        (
            Wire::Chat,
            json!({
                "model": MODEL, "stream": true, "stream_options": {"include_usage": true},
                "temperature": 0, "max_tokens": 200,
                "messages": [{"role": "system", "content": "You explain errors."},
                    {"role": "user", "content": "KeyError: 'sku'"}],
                "response_format": {"type": "json_schema", "json_schema": {
                    "name": "specification", "strict": true, "schema": {"type": "object"}}},
            }),
        ),
        (
            Wire::Responses,
            json!({
                "model": MODEL, "stream": true, "store": false, "temperature": 0,
                "max_output_tokens": 200, "instructions": "You explain errors.",
                "input": "KeyError: 'sku'",
                "text": {"format": {"type": "json_schema", "name": "specification", "strict": true,
                    "schema": {"type": "object"}}},
            }),
        ),
        (
            Wire::Ollama,
            json!({
                "model": MODEL, "stream": true, "truncate": false, "shift": false, "think": false,
                "keep_alive": "5m", "format": {"type": "object"},
                "options": {"num_ctx": 4096, "num_predict": 200, "temperature": 0.0},
            }),
        ),
    ] {
        let server = fine(wire).await;
        ask(&opened::model(wire, &server.url())).await.unwrap();
        let asked = server.asked().pop().unwrap();
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&asked.body[field], value, "{wire:?} {field}");
        }
        assert!(
            asked.head.contains("authorization: bearer sk-very-secret"),
            "{}",
            asked.head
        );
        assert!(
            asked.head.contains("user-agent: issue-explainer/"),
            "{}",
            asked.head
        );
    }
}

#[tokio::test]
async fn an_address_of_a_workspace_gets_no_key_of_the_installation_and_leads_nowhere_inside() {
    for wire in [Wire::Chat, Wire::Ollama] {
        let server = fine(wire).await;
        let url = match wire {
            Wire::Ollama => server.url(),
            _ => format!("{}/v1", server.url()),
        };
        let settings = LlmSettings {
            model: Some(MODEL.to_owned()),
            base_url: Some(url.clone()),
            ..LlmSettings::default()
        };
        let closed = opened::kind(wire, &server.url()).open(&settings);
        assert_eq!(closed.err().map(|it| it.kind()), Some(Invalid), "{wire:?}");

        let open = opened::kind_for_private_networks(wire, "http://127.0.0.1:9");
        ask(&open.open(&settings).unwrap()).await.unwrap();
        for asked in server.asked() {
            assert!(!asked.head.contains("authorization"), "{}", asked.head);
            assert!(!asked.head.contains("x-operator"), "{}", asked.head);
        }
    }
}

#[tokio::test]
async fn a_model_on_this_machine_is_local() {
    for (wire, url, location) in [
        (Wire::Chat, "http://127.0.0.1:1", ModelLocation::Local),
        (Wire::Ollama, "http://[::1]:1", ModelLocation::Local),
        (Wire::Ollama, "http://localhost:1", ModelLocation::Local),
        (Wire::Chat, "https://api.openai.com", ModelLocation::Remote),
        (Wire::Ollama, "http://10.0.0.7:11434", ModelLocation::Remote),
    ] {
        let profile = opened::model(wire, url).profile();
        assert_eq!(profile.location, location, "{url}");
    }
}

#[tokio::test]
async fn one_model_is_sent_no_more_requests_at_once_than_configured() {
    let server = fine(Wire::Chat).await;
    let slow = Wire::Chat.answer(&[FINE], "stop");
    server.on(
        Wire::Chat.path(),
        [slow.slow(Duration::from_millis(50), Duration::ZERO)],
    );
    let kind = opened::kind(Wire::Chat, &server.url());
    let asking = (0..12).map(|_| async {
        ask(&kind.open(&LlmSettings::default()).unwrap())
            .await
            .unwrap();
    });
    futures::future::join_all(asking).await;
    assert_eq!(server.asked().len(), 12);
    assert_eq!(server.most_at_once(), 4);
}

#[tokio::test]
async fn windows_are_learned_from_what_servers_tell() {
    // Ollama says it when asked about the model, and a prompt that cannot fit is not sent.
    let server = fine(Wire::Ollama).await;
    let show = json!({"model_info": {"gemma.context_length": 2048}});
    server.on("/api/show", [Reply::json(200, &show)]);
    let llm = opened::model(Wire::Ollama, &server.url());
    assert_eq!(llm.profile().context_window, 16_384);
    let mut long = request();
    long.prompt_tokens = 2000;
    let error = llm.complete(&long, &Heard::default()).await.unwrap_err();
    assert_eq!(error.kind(), TooLarge);
    assert_eq!(llm.profile().context_window, 2048);
    assert!(server.asked().iter().all(|it| it.path == "/api/show"));

    // Others say it in the list, or when a prompt was too long.
    let server = fine(Wire::Chat).await;
    let llm = opened::model(Wire::Chat, &server.url());
    assert_eq!(llm.profile().context_window, 8192);
    llm.check().await.unwrap();
    assert_eq!(llm.profile().context_window, 32_768);
    for (error, window) in [
        (
            json!({"code": 400, "message": "the request exceeds the available context size",
            "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 4096}),
            4096,
        ),
        (
            json!({"message": "This model's maximum context length is 16385 tokens. However, your \
            messages resulted in 20000 tokens.", "code": "context_length_exceeded"}),
            16_385,
        ),
    ] {
        server.on(
            Wire::Chat.path(),
            [Reply::json(400, &json!({"error": error}))],
        );
        assert_eq!(ask(&llm).await.unwrap_err().kind(), TooLarge);
        assert_eq!(llm.profile().context_window, window);
    }
}

#[tokio::test]
async fn llama_cpp_serves_its_model_under_any_name() {
    let server = fine(Wire::Chat).await;
    let list = json!({"object": "list", "data": [{"id": "/models/x.gguf", "object": "model",
        "owned_by": "llamacpp", "meta": {"n_ctx_train": 8192, "size": 1000}}],
        "models": [{"name": "/models/x.gguf"}]});
    server.on("/v1/models", [Reply::json(200, &list)]);
    let llm = opened::model(Wire::Chat, &server.url());
    llm.check().await.unwrap();
    let kind = opened::kind(Wire::Chat, &server.url());
    let listed = kind.models(&LlmSettings::default()).await.unwrap();
    assert_eq!(listed[0].context_window, Some(8192));
}

#[derive(Default)]
struct Steps(Mutex<Vec<(String, u64, u64)>>);

impl PullProgress for Steps {
    fn step(&self, status: &str, done: u64, total: u64) {
        self.0
            .lock()
            .unwrap()
            .push((status.to_owned(), done, total));
    }
}

#[tokio::test]
async fn ollama_lists_and_fetches_models() {
    let server = fine(Wire::Ollama).await;
    let tags = json!({"models": [
        {"name": "tiny:latest", "modified_at": "2026-11-24T12:00:00Z", "size": 1_000_000_000_u64},
    ]});
    server.on("/api/tags", [Reply::json(200, &tags)]);
    let kind = opened::kind(Wire::Ollama, &server.url());
    let settings = LlmSettings::default();
    let listed = kind.models(&settings).await.unwrap();
    assert_eq!(listed[0].name, "tiny:latest");
    assert_eq!(listed[0].context_window, Some(32_768));
    assert_eq!(listed[0].size, Some(1_000_000_000));
    assert_eq!(listed[0].capabilities, ["completion"]);

    let lines = [
        "{\"status\":\"pulling manifest\"}\n",
        "{\"status\":\"pulling 8d\",\"digest\":\"sha256:8d\",\"total\":10,\"comp",
        "leted\":4}\n{\"status\":\"success\"}\n",
    ];
    server.on("/api/pull", [Wire::Ollama.raw(&lines)]);
    let steps = Steps::default();
    kind.pull(&settings, "tiny", &steps).await.unwrap();
    let steps = steps.0.into_inner().unwrap();
    let seen: Vec<_> = steps
        .iter()
        .map(|(status, done, total)| (status.as_str(), *done, *total))
        .collect();
    assert_eq!(
        seen,
        [
            ("pulling manifest", 0, 0),
            ("pulling 8d", 4, 10),
            ("success", 0, 0)
        ]
    );

    for (lines, kind_of_fault) in [
        (
            vec![
                lines[0],
                "{\"error\":\"pull model manifest: file does not exist\"}\n",
            ],
            NotFound,
        ),
        (vec![lines[0]], Unavailable),
    ] {
        server.on("/api/pull", [Wire::Ollama.raw(&lines)]);
        let failed = kind
            .pull(&settings, "tiny", &Steps::default())
            .await
            .unwrap_err();
        assert_eq!(failed.kind(), kind_of_fault, "{failed}");
    }
    let openai = opened::kind(Wire::Chat, &server.url());
    let failed = openai
        .pull(&settings, "tiny", &Steps::default())
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), Unsupported);
}

#[tokio::test]
async fn a_description_nobody_can_read_is_no_reason_not_to_ask() {
    let server = fine(Wire::Ollama).await;
    let odd = json!({"license": null, "model_info": []});
    server.on("/api/show", [Reply::json(200, &odd)]);
    let llm = opened::model(Wire::Ollama, &server.url());
    assert_eq!(ask(&llm).await.unwrap().text, FINE);
    assert_eq!(llm.profile().context_window, 16_384);
}
