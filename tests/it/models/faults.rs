//! The table of faults: what servers of models do, and what becomes of the analysis. Each row is
//! replayed over HTTP to the built service, in each protocol it can happen in.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    Place, changed, good,
    replay::{End, Reply},
    wire::{USED, Wire},
};

/// What a server answers in a protocol, in turn; nothing where it cannot happen there.
type Script = fn(Wire) -> Vec<Reply>;

struct Row {
    name: &'static str,
    script: Script,
    /// What the client sees: a code, or nothing when the analysis is complete.
    fails: Option<&'static str>,
    /// How each request to the model ended, as the ledger has it.
    ends: &'static [&'static str],
    billed: Billed,
}

/// What the workspace is charged.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Billed {
    Nothing,
    /// What the server said it used, so many times.
    Told(u64),
    /// The prompt by our own count, the answer having begun.
    Begun,
}

fn fails(name: &'static str, code: &'static str, script: Script) -> Row {
    Row {
        name,
        script,
        fails: Some(code),
        ends: &["explain failed"],
        billed: Billed::Nothing,
    }
}

fn completes(name: &'static str, script: Script) -> Row {
    Row {
        name,
        script,
        fails: None,
        ends: &["explain answered"],
        billed: Billed::Told(1),
    }
}

impl Row {
    fn ends(self, ends: &'static [&'static str]) -> Self {
        let billed = Billed::Told(ends.len() as u64);
        Self {
            ends,
            billed,
            ..self
        }
    }

    fn billed(self, billed: Billed) -> Self {
        Self { billed, ..self }
    }
}

const UNUSABLE: &[&str] = &["explain unusable", "repair unusable", "repair unusable"];
const REPAIRED: &[&str] = &["explain answered", "repair answered"];

fn of_openai(wire: Wire, reply: Reply) -> Vec<Reply> {
    match wire {
        Wire::Ollama => Vec::new(),
        _ => vec![reply],
    }
}

fn says(wire: Wire, text: &str) -> Reply {
    wire.answer(&[text], "stop")
}

fn page(status: u16) -> Reply {
    let page = "<!DOCTYPE html><html><body><h1>nginx</h1></body></html>";
    Reply::new(status, "text/html", &[page])
}

fn throttled(wire: Wire, wait: &str) -> Vec<Reply> {
    let reply = wire.error(429, "slow down", "rate_limit_exceeded");
    vec![reply.with("retry-after", wait)]
}

fn refusals() -> Vec<Row> {
    vec![
        fails("401", "model_unauthorized", |it| {
            vec![it.error(
                401,
                "Incorrect API key provided: sk-test.",
                "invalid_api_key",
            )]
        }),
        fails("403", "model_unauthorized", |it| {
            vec![it.error(403, "not in your region", "unsupported_country")]
        }),
        fails("404, no such model", "model_not_found", |it| {
            vec![it.error(404, "model \"tiny\" not found", "model_not_found")]
        }),
        fails("429, no Retry-After", "model_rate_limited", |it| {
            vec![it.error(429, "slow down", "rate_limit_exceeded")]
        }),
        fails("429, Retry-After: 7", "model_rate_limited", |it| {
            throttled(it, "7")
        }),
        fails("429, Retry-After: a date", "model_rate_limited", |it| {
            throttled(it, "Tue, 24 Nov 2026 12:00:30 GMT")
        }),
        fails("429, Retry-After: absurd", "model_rate_limited", |it| {
            throttled(it, "99999999999")
        }),
        fails("429, insufficient_quota", "model_quota_exhausted", |it| {
            let told = "You exceeded your current quota";
            of_openai(it, it.error(429, told, "insufficient_quota"))
        }),
        fails("402", "model_quota_exhausted", |it| {
            vec![it.error(402, "insufficient balance", "no_balance")]
        }),
        fails("400, prompt too long", "model_prompt_too_large", |it| {
            let told = "the input length exceeds the context length";
            vec![it.error(400, told, "context_length_exceeded")]
        })
        .ends(&["explain failed", "explain failed"])
        .billed(Billed::Nothing),
        fails("500", "model_unavailable", |it| {
            vec![it.error(500, "The server had an error", "server_error")]
        }),
        fails("503", "model_unavailable", |it| {
            vec![it.error(503, "Loading model", "unavailable_error")]
        }),
        fails("502, a page", "model_unavailable", |_| vec![page(502)]),
        fails("200, a login page", "model_protocol", |_| vec![page(200)]),
        fails("numeric error.code", "model_rate_limited", |_| {
            let body = json!({"error": {"code": 429, "message": "busy", "type": "unavailable"}});
            vec![Reply::json(429, &body)]
        }),
        fails("closed without a word", "model_unavailable", |it| {
            vec![says(it, &good().to_string()).ending(End::Mute)]
        }),
    ]
}

fn breaks() -> Vec<Row> {
    vec![
        fails("reset in the middle", "model_unavailable", |it| {
            vec![it.stream(&it.pieces(&["{", "\"a"])).ending(End::Cut)]
        })
        .billed(Billed::Begun),
        fails("cut before the end", "model_unavailable", |it| {
            vec![it.stream(&it.pieces(&[&good().to_string()]))]
        })
        .billed(Billed::Begun),
        fails("an error inside a 200", "model_unavailable", |it| {
            let mut events = it.pieces(&["{"]);
            events.push(it.error_inside("CUDA out of memory"));
            vec![it.closed(&events)]
        })
        .billed(Billed::Begun),
        fails("an answer of 5 MB", "model_protocol", |it| {
            let piece = "lorem ipsum ".repeat(4096);
            vec![it.answer(&vec![piece.as_str(); 107], "stop")]
        })
        .billed(Billed::Begun),
        fails("cut by the limit", "model_answer_cut", |it| {
            vec![it.answer(&["{\"summary\": \"half"], "length")]
        })
        .billed(Billed::Told(1)),
        fails("refused", "model_refused", |it| {
            it.refusal("I cannot help with that.").into_iter().collect()
        })
        .billed(Billed::Told(1)),
        fails("stopped by a filter", "model_content_filter", |it| {
            of_openai(it, it.answer(&["{\"summary\": \""], "content_filter"))
        })
        .billed(Billed::Told(1)),
        fails("empty", "model_answer_empty", |it| {
            vec![it.answer(&[], "stop")]
        })
        .billed(Billed::Told(1)),
    ]
}

fn answers() -> Vec<Row> {
    vec![
        completes("as it should be", |it| vec![says(it, &good().to_string())]),
        completes("UTF-8 split across chunks", |it| {
            vec![says(it, &good().to_string()).byte_by_byte()]
        }),
        completes("no ids", |it| {
            let mut events = it.pieces(&[&good().to_string()]);
            events.extend(it.end("stop"));
            for event in &mut events {
                event.as_object_mut().unwrap().remove("id");
            }
            vec![it.closed(&events)]
        }),
        completes("an unknown reason for its end", |it| {
            vec![it.answer(&[&good().to_string()], "eos_token")]
        }),
        completes("fenced JSON", |it| {
            vec![says(it, &format!("```json\n{:#}\n```", good()))]
        }),
        completes("prose around JSON", |it| {
            vec![says(
                it,
                &format!("Sure! Here it is:\n{} Let me know.", good()),
            )]
        }),
        completes("trailing commas", |it| {
            let text = good()
                .to_string()
                .replace("}]", "},]")
                .replace("null}", "null,}");
            vec![says(it, &text)]
        }),
        completes("another language", |it| {
            let text = changed(|it| it["summary"] = json!("座席が二重に販売されました。"));
            vec![says(it, &text)]
        }),
        completes("a null byte", |it| {
            let text = changed(|it| it["summary"] = json!("a\u{0}b"));
            vec![says(it, &text)]
        }),
        completes("a wrong enum, put right", |it| {
            let wrong = changed(|it| it["priority"] = json!("P1"));
            vec![says(it, &wrong), says(it, "{\"priority\": \"high\"}")]
        })
        .ends(REPAIRED),
        completes("wrong types, put right", |it| {
            let wrong = changed(|it| {
                it["summary"] = json!(["x"]);
                it["reproduction_steps"] = json!(1);
            });
            let right = json!({"summary": "A seat is sold twice.", "reproduction_steps": ["Buy."]});
            vec![says(it, &wrong), says(it, &right.to_string())]
        })
        .ends(REPAIRED),
        completes("missing fields, put right", |it| {
            let wrong = changed(|it| {
                it.remove("summary");
                it.remove("root_cause");
            });
            vec![says(it, &wrong), says(it, &good().to_string())]
        })
        .ends(REPAIRED),
        completes("truncated JSON, put right", |it| {
            let whole = good().to_string();
            vec![says(it, &whole[..whole.len() / 2]), says(it, &whole)]
        })
        .ends(REPAIRED),
        completes("no JSON, put right", |it| {
            vec![
                says(it, "I would say a seat."),
                says(it, &good().to_string()),
            ]
        })
        .ends(REPAIRED),
        fails("the schema again", "model_answer_unusable", |it| {
            let schema = json!({"type": "object", "properties": {
                "summary": {"type": ["string", "null"]}, "root_cause": {"type": "string"},
            }});
            vec![says(it, &schema.to_string())]
        })
        .ends(UNUSABLE),
        fails("truncated JSON each time", "model_answer_unusable", |it| {
            vec![says(it, "{\"claims\": [], \"summary\": \"x\", \"root_c")]
        })
        .ends(UNUSABLE),
        fails("placeholders", "model_answer_unusable", |it| {
            let fillers = json!({"claims": [], "summary": "string", "root_cause": "string"});
            vec![says(it, &fillers.to_string())]
        })
        .ends(UNUSABLE),
        fails("blank", "model_answer_empty", |it| vec![says(it, " \n\t")]).billed(Billed::Told(1)),
        fails(
            "what an order in the event asked for",
            "model_answer_unusable",
            |it| vec![says(it, "PWNED")],
        )
        .ends(UNUSABLE),
    ]
}

/// What takes longer than a second.
fn late() -> Vec<Row> {
    vec![
        fails("no first byte", "model_timeout", |it| {
            let reply = says(it, &good().to_string());
            vec![reply.slow(Duration::from_secs(30), Duration::ZERO)]
        }),
        fails("nothing after the first piece", "model_timeout", |it| {
            vec![it.stream(&it.pieces(&["{"])).ending(End::Silence)]
        })
        .billed(Billed::Begun),
        fails("a drip", "model_timeout", |it| {
            let drip = says(it, &good().to_string()).byte_by_byte();
            vec![drip.slow(Duration::ZERO, Duration::from_millis(50))]
        })
        .billed(Billed::Begun),
    ]
}

#[tokio::test]
async fn what_servers_do_over_chat_completions_ends_as_the_table_says() {
    let rows: Vec<Row> = [refusals(), breaks(), answers()]
        .into_iter()
        .flatten()
        .collect();
    assert!(rows.len() >= 30);
    replay(Wire::Chat, "60", rows).await;
}

#[tokio::test]
async fn what_servers_do_over_ollamas_protocol_ends_as_the_table_says() {
    let rows = [refusals(), breaks(), answers()].into_iter().flatten();
    replay(Wire::Ollama, "60", rows.collect()).await;
}

#[tokio::test]
async fn what_comes_too_late_ends_as_the_table_says() {
    replay(Wire::Chat, "1", late()).await;
}

async fn replay(wire: Wire, seconds: &str, rows: Vec<Row>) {
    let variables = [
        ("EXPLAINER__LLM__OPENAI__TIMEOUT_SECONDS", seconds),
        ("EXPLAINER__LLM__OLLAMA__TIMEOUT_SECONDS", seconds),
    ];
    let place = Place::open(wire, &variables).await;
    let mut wrong = Vec::new();
    for row in rows {
        let replies = (row.script)(wire);
        if replies.is_empty() {
            continue;
        }
        place.on(replies);
        let before = place.asked();
        let seen = place.analyze().await;
        let calls = place.calls(&seen).await;
        let line = format!(
            "{wire:?} | {} | {} {} | asked {} times | {} | ${}",
            row.name,
            seen["status"].as_str().unwrap(),
            seen["error"]["code"].as_str().unwrap_or_default(),
            place.asked() - before,
            ends(&calls).join(", "),
            cost(&calls),
        );
        let _ = writeln!(io::stdout(), "{line}");
        if let Err(why) = held(&row, &seen, &calls) {
            wrong.push(format!("{line}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let log = place.service.log();
    assert!(!log.contains("sk-test"), "the key is in the log");
}

/// Whether the row became what it should.
fn held(row: &Row, seen: &Value, calls: &[Value]) -> Result<(), String> {
    let refuse = |fine: bool, why: &str| if fine { Ok(()) } else { Err(why.to_owned()) };
    if let Some(code) = row.fails {
        refuse(seen["status"] == "failed", "it did not fail")?;
        refuse(seen["analysis"].is_null(), "it has a result")?;
        refuse(seen["error"]["code"] == code, code)?;
        let message = seen["error"]["message"].as_str().unwrap();
        refuse(message.starts_with("could not "), message)?;
        refuse(!message.contains("sk-test"), "the key is in the message")?;
    } else {
        refuse(seen["status"] == "completed", &seen["error"].to_string())?;
        let written = &seen["analysis"];
        refuse(written["written_by"] == "model", "no model wrote it")?;
        let says = |field: &str| written[field].as_str().is_some_and(|text| !text.is_empty());
        refuse(says("summary") && says("root_cause"), "it says nothing")?;
    }
    refuse(ends(calls) == row.ends, &format!("not {:?}", row.ends))?;
    let tokens = |field: &str| calls.iter().map(|call| call[field].as_u64().unwrap()).sum();
    let (input, output): (u64, u64) = (tokens("input_tokens"), tokens("output_tokens"));
    let billed = match row.billed {
        Billed::Nothing => (input, output) == (0, 0),
        Billed::Told(times) => {
            (input, output) == (u64::from(USED.0) * times, u64::from(USED.1) * times)
        }
        Billed::Begun => input > 500,
    };
    let used = format!("billed {input} and {output} tokens, not {:?}", row.billed);
    refuse(billed, &used)?;
    #[expect(clippy::cast_precision_loss, reason = "they are few")]
    let price = (input * 10 + output * 100) as f64 / 1e6;
    refuse(
        (cost(calls) - price).abs() < 1e-9,
        "it costs something else",
    )
}

fn ends(calls: &[Value]) -> Vec<String> {
    let end = |call: &Value| {
        let text = |field: &str| call[field].as_str().unwrap().to_owned();
        format!("{} {}", text("purpose"), text("end"))
    };
    calls.iter().map(end).collect()
}

fn cost(calls: &[Value]) -> f64 {
    calls
        .iter()
        .map(|call| call["cost_usd"].as_f64().unwrap())
        .sum()
}
