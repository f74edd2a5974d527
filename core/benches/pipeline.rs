//! How long one analysis keeps a core busy before a model is asked, for a small and a large event.
//!
//! Beside each step stands plain `serde_json` on the same bytes, as the measure to hold it against.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use explainer_core::{
    domain::{DataPolicy, Evidence, Issue},
    explain::{ApproximateTokens, Redactor, collect, pack},
};
use serde_json::{Value, json};
use std::hint::black_box;

/// An event as a Python SDK sends it, with this many frames.
fn event(frames: usize) -> Vec<u8> {
    let frames: Vec<_> = (0..frames).map(frame).collect();
    let crumbs: Vec<_> = (0..20).map(breadcrumb).collect();
    let event = json!({
        "event_id": "5d3f6f0b0a7c4f7e9b1a2c3d4e5f6071",
        "timestamp": "2026-03-02T09:15:27.418Z",
        "platform": "python",
        "level": "error",
        "release": "orders@7.3.0",
        "environment": "production",
        "server_name": "worker-3",
        "transaction": "orders.tasks.settle",
        "tags": {"region": "eu-west", "queue": "settlements"},
        "user": {"id": "8812", "email": "ada@example.org"},
        "contexts": {"runtime": {"name": "CPython", "version": "3.12.4"}, "os": {"name": "Linux"}},
        "request": {
            "method": "POST",
            "url": "https://shop.example.org/orders/991/settle?dry=0",
            "headers": {"Content-Type": "application/json", "User-Agent": "curl/8.5.0"},
            "data": {"order": 991, "lines": [{"sku": "A-17", "count": 2}]},
        },
        "breadcrumbs": {"values": crumbs},
        "exception": {"values": [{
            "type": "KeyError",
            "value": "'iban'",
            "mechanism": {"type": "celery", "handled": false},
            "stacktrace": {"frames": frames},
        }]},
        "modules": {"celery": "5.4.0", "sqlalchemy": "2.0.30"},
        "sdk": {"name": "sentry.python", "version": "2.20.0"},
    });
    event.to_string().into_bytes()
}

fn frame(number: usize) -> Value {
    let own = number.is_multiple_of(3);
    let path = if own {
        "/srv/orders/settle.py"
    } else {
        "/usr/lib/python3/celery/app/trace.py"
    };
    json!({
        "function": format!("step_{}", number % 17),
        "module": if own { "orders.settle" } else { "celery.app.trace" },
        "filename": if own { "orders/settle.py" } else { "celery/app/trace.py" },
        "abs_path": path,
        "lineno": 40 + number % 300,
        "in_app": own,
        "pre_context": [
            "    def settle(self, order):",
            "        account = self.accounts.get(order.customer)",
            "        if account is None:",
            "            raise Unsettled(\"no account\")",
            "        # every account of a business has one",
        ],
        "context_line": "        iban = account.details[\"iban\"]",
        "post_context": [
            "        amount = sum(line.amount for line in order.lines)",
            "        return self.bank.transfer(iban, amount, order.currency)",
            "",
            "    def refund(self, order):",
            "        raise NotImplementedError",
        ],
        "vars": {
            "self": "<orders.settle.Settler object at 0x7f4b1c2d3e50>",
            "order": {"id": "991", "customer": "'8812'", "currency": "'EUR'"},
            "account": "<Account 8812>",
            "attempt": number.to_string(),
        },
    })
}

fn breadcrumb(number: usize) -> Value {
    json!({
        "timestamp": 1_772_442_900.0 + 0.25 * f64::from(u32::try_from(number).unwrap_or_default()),
        "category": "query",
        "level": "info",
        "message": "SELECT orders.id, orders.state FROM orders WHERE orders.id = %s",
        "data": {"rows": number, "db.system": "postgresql"},
    })
}

fn collected(document: &[u8]) -> Evidence {
    let events = collect::read(document).unwrap_or_default();
    collect(Issue::default(), events)
}

/// As for a model on one's own machine, within the default budget of tokens.
fn packed(evidence: &Evidence) -> String {
    let mut redactor = Redactor::new();
    pack(
        evidence,
        &DataPolicy::OPEN,
        8_000,
        &ApproximateTokens,
        &mut redactor,
    )
    .text
}

fn pipeline(criterion: &mut Criterion) {
    for (name, frames) in [("20 KB", 18), ("1 MB", 900)] {
        let document = event(frames);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(document.len() as u64));
        group.bench_function("serde_json", |bench| {
            bench.iter(|| serde_json::from_slice::<Value>(black_box(&document)));
        });
        group.bench_function("collect", |bench| {
            bench.iter(|| collected(black_box(&document)));
        });
        group.bench_function("collect to pack", |bench| {
            bench.iter(|| packed(&collected(black_box(&document))));
        });
        group.finish();
    }
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
