//! How long it takes to read a model's answer of 4 KB and hold it against the evidence.
//!
//! Beside it stands plain `serde_json` on the same bytes, as the measure to hold it against.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use explainer_core::{
    domain::{
        DataPolicy, Event, Evidence, FramePlace, Issue, Stack,
        event::{Breadcrumb, Exception, Frame},
    },
    explain::{ApproximateTokens, Brief, Question, ground, parse},
    ports::Llm,
    testkit::fakes::FakeLlm,
};
use serde_json::{Value, json};
use std::hint::black_box;

/// Evidence that fills the usual budget.
fn evidence() -> Evidence {
    let frame = |number: usize| Frame {
        function: Some(format!("step_{number}")),
        module: Some("orders.settle".to_owned()),
        file: Some(format!("orders/settle_{}.py", number % 9)),
        line: Some(40),
        in_app: Some(number.is_multiple_of(3)),
        context: (37..44)
            .map(|line| {
                (
                    line,
                    format!("    iban_{line} = account.details[\"iban\"] # {number}"),
                )
            })
            .collect(),
        locals: (0..8)
            .map(|local| {
                (
                    format!("local_{local}"),
                    format!("<Account 8812 of {number}>"),
                )
            })
            .collect(),
        ..Frame::default()
    };
    let crumb = |number: usize| Breadcrumb {
        category: Some("query".to_owned()),
        message: Some(format!(
            "SELECT orders.id FROM orders WHERE orders.id = {number}"
        )),
        ..Breadcrumb::default()
    };
    Evidence {
        issue: Issue {
            id: "4711".to_owned(),
            short_id: Some("SHOP-42".to_owned()),
            title: "KeyError: 'iban'".to_owned(),
            ..Issue::default()
        },
        event: Event {
            exceptions: vec![Exception {
                kind: Some("KeyError".to_owned()),
                value: Some("'iban'".to_owned()),
                frames: (0..60).map(frame).collect(),
                ..Exception::default()
            }],
            breadcrumbs: (0..60).map(crumb).collect(),
            ..Event::default()
        },
        frames: (0..60)
            .map(|frame| FramePlace {
                stack: Stack::Exception(0),
                frame,
            })
            .collect(),
        culprit: Some(0),
    }
}

/// An answer of 4 KB, with claims, quotes and names as models write them.
fn answer() -> String {
    let claim = |number: usize| {
        json!({
            "text": format!("`step_{number}()` in orders/settle_{number}.py takes the IBAN for granted."),
            "evidence": ["E1", format!("F{}", number + 1)],
            "quotes": [
                "iban_40 = account.details[\"iban\"]",
                format!("<Account 8812 of {number}>"),
            ],
        })
    };
    let mut answer = json!({
        "claims": (0..6).map(claim).collect::<Vec<_>>(),
        "insufficient_evidence": null,
        "summary": "Settling an order of a customer without an IBAN fails.",
        "root_cause": "`step_0()` in orders/settle_0.py:40 reads `account.details` without a look.",
        "technical_description": "",
        "reproduction_steps": ["Take an account without an IBAN.", "Settle one of its orders."],
        "suggested_fix": "Check the account in orders/settle_0.py first and answer `Unsettled()`.",
        "code_examples": "```python\nif \"iban\" not in account.details:\n    raise Unsettled(\"no IBAN\")\n```",
        "priority": "high",
        "estimated_effort": "1-2 hours",
        "affected_components": ["orders.settle"],
        "related_issues": null,
    });
    let sentence = "The call `step_3()` in orders/settle_3.py:40 hands the account on as it is. ";
    let missing = 4096_usize.saturating_sub(answer.to_string().len());
    let filler = sentence.repeat(missing.div_ceil(sentence.len()));
    answer["technical_description"] = Value::from(&filler[..missing]);
    answer.to_string()
}

fn read_and_hold(criterion: &mut Criterion) {
    let (evidence, answer) = (evidence(), answer());
    let brief = Brief {
        evidence: &evidence,
        instructions: None,
        candidates: &[],
        policy: DataPolicy::OPEN,
        token_budget: 8_000,
        max_output_tokens: 4_000,
    };
    let profile = explainer_core::ports::ModelProfile {
        context_window: 128_000,
        ..FakeLlm::default().profile()
    };
    let question = || Question::new(&brief, &profile, &ApproximateTokens);
    let Ok(asked) = question() else { return };
    let mut group = criterion.benchmark_group("answer of 4 KB");
    group.throughput(Throughput::Bytes(answer.len() as u64));
    group.bench_function("serde_json", |bench| {
        bench.iter(|| serde_json::from_slice::<Value>(black_box(answer.as_bytes())));
    });
    group.bench_function("parse", |bench| bench.iter(|| parse(black_box(&answer))));
    group.bench_function("parse and ground", |bench| {
        bench.iter(|| {
            let mut draft = parse(black_box(&answer));
            ground(&mut draft.answer, &asked.known)
        });
    });
    let fenced = format!("Here it is:\n```json\n{answer}\n```\n");
    group.bench_function("parse and ground, fenced", |bench| {
        bench.iter(|| {
            let mut draft = parse(black_box(&fenced));
            ground(&mut draft.answer, &asked.known)
        });
    });
    group.bench_function("put the question together", |bench| {
        bench.iter(|| question().map(|question| question.request.prompt_tokens));
    });
    group.finish();
}

criterion_group!(benches, read_and_hold);
criterion_main!(benches);
