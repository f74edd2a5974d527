//! What redaction and packing cost, beside reading a JSON document of the same size.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use explainer_core::{
    domain::{
        DataPolicy, Event, Evidence, FramePlace, Stack,
        event::{Breadcrumb, Exception, Frame},
    },
    explain::{
        fingerprint::fingerprint,
        pack::{ApproximateTokens, TokenCounter, pack},
        redact::Redactor,
    },
};
use serde_json::Value;

/// The budget of a usual model, in tokens.
const BUDGET: usize = 8000;

fn text(text: impl Into<String>) -> Option<String> {
    text.into().into()
}

fn frame(index: u32) -> Frame {
    let line = |at: u32| {
        (
            at,
            format!("    total += price(cart.items[{at}], currency=\"EUR\")  # {index}"),
        )
    };
    let local = |name: &str, value: String| (name.to_owned(), value);
    Frame {
        function: text(format!("checkout_{index}")),
        file: text(format!("shop/orders/step_{index}.py")),
        line: Some(40 + index % 7),
        in_app: Some(index.is_multiple_of(2)),
        context: (37 + index % 7..44 + index % 7).map(line).collect(),
        locals: vec![
            local(
                "cart",
                format!("{{'id': {index}, 'sku': 'A-{index}', 'price': '10.00'}}"),
            ),
            local("email", format!("'customer{}@example.com'", index % 5)),
            local("api_key", "'9f8a7b6c5d4e3f2a'".to_owned()),
            local("db", "<Session object at 0x7f95428dab50>".to_owned()),
        ],
        ..Frame::default()
    }
}

fn crumb(index: u32) -> Breadcrumb {
    let data = [
        ("url", "https://pay.example/v1/charges?token=abc123"),
        ("status_code", "402"),
    ];
    Breadcrumb {
        category: text("http"),
        message: text(format!(
            "POST from 203.0.113.{} took {index} ms",
            index % 250
        )),
        data: data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..Breadcrumb::default()
    }
}

/// Evidence whose event has about `size` bytes as JSON.
fn evidence(size: usize) -> Evidence {
    let mut event = Event {
        exceptions: vec![Exception {
            kind: text("PaymentError"),
            value: text("cannot charge customer1@example.com at 203.0.113.7"),
            ..Exception::default()
        }],
        ..Event::default()
    };
    for index in 0.. {
        if json(&event).len() >= size {
            break;
        }
        event.exceptions[0]
            .frames
            .extend((index * 8..index * 8 + 8).map(frame));
        event
            .breadcrumbs
            .extend((index * 8..index * 8 + 8).map(crumb));
    }
    let count = event.exceptions[0].frames.len();
    let place = |frame| FramePlace {
        stack: Stack::Exception(0),
        frame,
    };
    let frames = (0..count).rev().map(place).collect();
    Evidence {
        event,
        frames,
        culprit: Some(0),
        ..Evidence::default()
    }
}

fn json(event: &Event) -> Vec<u8> {
    serde_json::to_vec(event).expect("an event is JSON")
}

fn packed(evidence: &Evidence) -> String {
    let mut redactor = Redactor::new();
    pack(
        evidence,
        &DataPolicy::OPEN,
        BUDGET,
        &ApproximateTokens,
        &mut redactor,
    )
    .text
}

fn benches(c: &mut Criterion) {
    for (name, size) in [("20 KB", 20_000), ("1 MB", 1_000_000)] {
        let evidence = evidence(size);
        let json = json(&evidence.event);
        let mut group = c.benchmark_group(name);
        group.bench_function("serde_json to Value", |b| {
            b.iter(|| serde_json::from_slice::<Value>(black_box(&json)));
        });
        group.bench_function("pack", |b| b.iter(|| packed(black_box(&evidence))));
        group.bench_function("fingerprint", |b| {
            b.iter(|| fingerprint(black_box(&evidence), "m"));
        });
        group.finish();
    }
    // what a model would be sent, without anything taken out
    let plain = Redactor::new().restore(&packed(&evidence(1_000_000)));
    let mixed: String = plain.chars().cycle().take(20_000).collect();
    let mut group = c.benchmark_group("20 KB of text");
    group.bench_function("redact", |b| {
        b.iter(|| Redactor::new().redact(black_box(&mixed)).len());
    });
    group.bench_function("count tokens", |b| {
        b.iter(|| ApproximateTokens.count(black_box(&mixed)));
    });
    group.finish();
}

criterion_group!(redact, benches);
criterion_main!(redact);
