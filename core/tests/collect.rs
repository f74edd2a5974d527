//! Collecting, from the bytes a source sends to evidence: every shape, and anything but an event.
#![recursion_limit = "256"]
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

use explainer_core::{
    domain::{DataPolicy, Event, Evidence, Issue, Level},
    explain::{
        self, ApproximateTokens, Redactor,
        collect::{MAX_DOCUMENT, collect, group_key, issue_of, read},
        pack, render,
    },
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// An event as an SDK sends it, with a bit of everything.
fn sent() -> Value {
    json!({
        "event_id": "0123456789abcdef0123456789abcdef",
        "timestamp": 1_770_000_000.5,
        "platform": "python",
        "level": "fatal",
        "logger": "orders.tasks",
        "transaction": "orders.tasks.settle",
        "release": "orders@7.3.0",
        "environment": "production",
        "server_name": "worker-3",
        "sdk": {"name": "sentry.python", "version": "2.20.0"},
        "logentry": {"message": "order %s is %s", "params": [991, "lost"]},
        "tags": {"region": "eu-west", "empty": null},
        "user": {"id": 8812, "email": "ada@example.org"},
        "contexts": {"runtime": {"type": "runtime", "name": "CPython"}, "trace": {"span_id": "b0b", "data": {"n": 1}}},
        "extra": {"argv": ["run", "--fast"]},
        "fingerprint": ["{{ default }}"],
        "request": {
            "method": "POST", "url": "https://shop.example.org/settle?dry=0",
            "headers": [["Accept", "*/*"]], "cookies": {"a": "1", "b": "2"},
            "data": {"card": "[Filtered]"}, "env": {"SERVER_PORT": 443},
        },
        "breadcrumbs": [
            {"timestamp": "2026-02-02T02:39:59", "category": "query", "message": "SELECT 1", "data": {"rows": 1}},
            {"timestamp": null, "type": "http", "level": "warning"},
        ],
        "exception": {"values": [
            {"type": "KeyError", "value": "'iban'", "module": "builtins", "mechanism": {"type": "chained", "handled": false},
             "stacktrace": {"frames": [
                {"function": "run", "module": "celery.app", "filename": "celery/app/trace.py",
                 "abs_path": "/venv/lib/python3.12/site-packages/celery/app/trace.py", "lineno": 450, "in_app": false},
                {"function": "settle", "module": "orders.tasks", "filename": "orders/tasks.py", "abs_path": "/srv/orders/tasks.py",
                 "lineno": 42, "colno": 9, "in_app": true,
                 "pre_context": ["def settle(account):", "    log()"], "context_line": "    return account['iban']", "post_context": [""],
                 "vars": {"account": {"id": 1}, "self": null}},
             ]}},
            {"type": "SettlementFailed", "value": "order 991", "stacktrace": {"frames": [
                {"function": "retry", "filename": "orders/retry.py", "lineno": 3, "in_app": true}]}},
        ]},
    })
}

/// The same event as the Web API answers it.
fn answered() -> Value {
    json!({
        "id": "1", "eventID": "0123456789abcdef0123456789abcdef", "groupID": "4711", "projectID": "12",
        "title": "SettlementFailed: order 991", "message": "", "platform": "python",
        "dateCreated": "2026-02-02T02:40:00.500Z",
        "culprit": "orders.tasks.settle",
        "release": {"version": "orders@7.3.0"},
        "sdk": {"name": "sentry.python", "version": "2.20.0"},
        "user": {"id": "8812", "email": "ada@example.org", "name": null},
        "tags": [
            {"key": "region", "value": "eu-west"}, {"key": null, "value": "x"}, {"key": "level", "value": "fatal"},
            {"key": "environment", "value": "production"}, {"key": "server_name", "value": "worker-3"},
            {"key": "logger", "value": "orders.tasks"}, {"key": "transaction", "value": "orders.tasks.settle"},
        ],
        "contexts": {"runtime": {"type": "runtime", "name": "CPython"}, "trace": {"span_id": "b0b", "data": {"n": 1}}},
        "context": {"argv": ["run", "--fast"]},
        "fingerprints": ["29f7ffc4903a8a99"],
        "occurrence": null,
        "entries": [
            {"type": "message", "data": {"formatted": "order 991 is lost", "message": null, "params": null}},
            {"type": "request", "data": {
                "method": "POST", "url": "https://shop.example.org/settle", "query": [["dry", "0"]],
                "headers": [["Accept", "*/*"]], "cookies": [["a", "1"], ["b", "2"]],
                "data": {"card": "[Filtered]"}, "env": {"SERVER_PORT": 443}, "fragment": null}},
            {"type": "breadcrumbs", "data": {"values": [
                {"timestamp": "2026-02-02T02:39:59Z", "type": "default", "category": "query", "message": "SELECT 1", "data": {"rows": 1}},
                {"timestamp": null, "type": "http", "level": "warning", "category": null, "message": null, "data": null}]}},
            {"type": "exception", "data": {"values": [
                {"type": "KeyError", "value": "'iban'", "module": "builtins", "mechanism": {"type": "chained", "handled": false},
                 "stacktrace": null, "rawStacktrace": {"frames": [
                    {"function": "run", "module": "celery.app", "filename": "celery/app/trace.py",
                     "absPath": "/venv/lib/python3.12/site-packages/celery/app/trace.py", "lineNo": 450, "inApp": false, "vars": null},
                    {"function": "settle", "module": "orders.tasks", "filename": "orders/tasks.py", "absPath": "/srv/orders/tasks.py",
                     "lineNo": 42, "colNo": 9, "inApp": true, "vars": {"account": {"id": 1}, "self": null},
                     "context": [[40, "def settle(account):"], [41, "    log()"], [42, "    return account['iban']"], [43, ""]]}]}},
                {"type": "SettlementFailed", "value": "order 991", "stacktrace": {"frames": [
                    {"function": "retry", "filename": "orders/retry.py", "lineNo": 3, "inApp": true}]}}]}},
        ],
    })
}

/// What raven and its kin sent, long ago.
fn ancient() -> Value {
    json!({
        "sentry.interfaces.Exception": {"values": [{"type": "Error", "value": "no account"}]},
        "sentry.interfaces.Stacktrace": {"frames": [{"function": "main", "filename": "run.js", "lineno": 1, "in_app": true}]},
        "sentry.interfaces.Message": {"message": "no account"},
        "sentry.interfaces.Http": {"url": "http://shop.example.org/", "query_string": "a=b"},
        "sentry.interfaces.User": {"id": "1"},
        "sentry.interfaces.Breadcrumbs": {"values": [{"message": "hello"}]},
        "sentry.interfaces.Csp": {"effective_directive": "script-src"},
        "tags": [["level", "warning"], ["browser", "Old 1.0"]],
        "threads": {"values": [
            {"id": 1, "stacktrace": {"frames": [{"function": "idle", "package": "/usr/lib/libc.so", "instruction_addr": 4096}]}},
            {"id": 2, "name": "worker", "crashed": true, "stacktrace": {"frames": [{"function": "work"}]}}]},
    })
}

/// What a performance detector reports.
fn occurrence() -> Value {
    json!({
        "id": "2", "groupID": "4712", "type": "generic", "title": "N+1 Query", "entries": [],
        "occurrence": {
            "subtitle": "SELECT lines",
            "evidenceDisplay": [{"name": "Offending Spans", "value": "db - SELECT lines", "important": true}],
            "evidenceData": {"numberRepeatingSpans": "25"},
        },
    })
}

fn documents() -> [Value; 4] {
    [sent(), answered(), ancient(), occurrence()]
}

fn one(document: &Value) -> Event {
    let events = read(document.to_string().as_bytes()).unwrap();
    assert_eq!(events.len(), 1);
    events.into_iter().next().unwrap()
}

fn explained(document: &Value) -> Evidence {
    let events = read(document.to_string().as_bytes()).unwrap();
    collect(issue_of(&events), events)
}

fn refusal(document: &[u8]) -> String {
    read(document).unwrap_err().to_string()
}

#[test]
fn both_shapes_of_an_event_read_alike() {
    let (sent, answered) = (one(&sent()), one(&answered()));
    assert_eq!(
        sent,
        Event {
            // What only one of the shapes tells.
            issue_id: None,
            project_id: None,
            title: None,
            culprit: None,
            tags: vec![("region".to_owned(), "eu-west".to_owned())],
            fingerprint: vec!["{{ default }}".to_owned()],
            ..answered.clone()
        }
    );
    assert_eq!(answered.issue_id.as_deref(), Some("4711"));
    assert_eq!(answered.level, Level::Fatal);
    assert_eq!(answered.message.as_deref(), Some("order 991 is lost"));
    let request = answered.request.unwrap();
    assert_eq!(
        request.url.as_deref(),
        Some("https://shop.example.org/settle")
    );
    assert_eq!(request.query.as_deref(), Some("dry=0"));
    assert_eq!(request.cookies.as_deref(), Some("a=1; b=2"));
    assert_eq!(request.body.as_deref(), Some(r#"{"card":"[Filtered]"}"#));
    let frame = &answered.exceptions[0].frames[1];
    assert_eq!(
        frame.context[2],
        (42, "    return account['iban']".to_owned())
    );
    assert_eq!(
        frame.locals,
        [("account".to_owned(), r#"{"id":1}"#.to_owned())]
    );
}

#[test]
fn old_names_of_the_parts_are_understood() {
    let event = one(&ancient());
    assert_eq!(event.exceptions[0].value.as_deref(), Some("no account"));
    assert_eq!(event.message.as_deref(), Some("no account"));
    assert_eq!(event.request.unwrap().query.as_deref(), Some("a=b"));
    assert_eq!(event.level, Level::Warning);
    assert_eq!(
        event.findings,
        [("effective_directive".to_owned(), "script-src".to_owned())]
    );
    let threads: Vec<_> = event
        .threads
        .iter()
        .map(|it| (it.name.as_deref(), it.crashed))
        .collect();
    assert_eq!(
        threads,
        [(Some("worker"), true), (Some("1"), false), (None, false)]
    );
    assert_eq!(
        event.threads[1].frames[0].address.as_deref(),
        Some("0x1000")
    );
}

#[test]
fn what_a_detector_found_is_kept() {
    let event = one(&occurrence());
    let names: Vec<_> = event
        .findings
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        ["subtitle", "Offending Spans", "numberRepeatingSpans"]
    );
    assert_eq!(issue_of(&[event]).title, "N+1 Query");
}

#[test]
fn events_are_found_in_lists_lines_envelopes_webhooks_and_wrappers() {
    let event = sent().to_string();
    let envelope = |header: &str| {
        let length = event.len();
        format!(
            "{header}\n{{\"type\":\"session\"}}\n{{}}\n{{\"type\":\"event\",\"length\":{length}}}\n{event}\n\n{{\"type\":\"attachment\"}}\n{{\"a\":1}}"
        )
    };
    let alert = json!({"action": "triggered", "data": {"event": sent(), "triggered_rule": "r"}, "actor": {}});
    let wrapper = json!({"id": "w", "issue": "i-1", "project": 3, "data": sent()});
    for (document, count) in [
        (format!("[{event}, {event}, {{\"detail\": \"no\"}}]"), 2),
        (format!("{event}\n{event}\n\n{{\"broken\n{event}"), 3),
        (
            envelope("{\"event_id\":\"1\",\"dsn\":\"https://k@example.org/1\"}"),
            1,
        ),
        (envelope("{}"), 1),
        (alert.to_string(), 1),
        (wrapper.to_string(), 1),
        (format!("\u{feff}  {event}\r\n"), 1),
    ] {
        let events = read(document.as_bytes()).unwrap();
        assert_eq!(events.len(), count, "{document}");
        assert!(events.iter().all(|event| event.exceptions.len() == 2));
    }
    let inner = one(&wrapper);
    assert_eq!(inner.issue_id.as_deref(), Some("i-1"));
    assert_eq!(inner.project_id.as_deref(), Some("3"));
}

#[test]
fn text_that_is_not_quite_text_is_mended() {
    let cut_pair = br#"{"message": "smile \ud83d", "tags": {"whole": "\ud83d\ude00"}}"#;
    let event = &read(cut_pair).unwrap()[0];
    assert_eq!(event.message.as_deref(), Some("smile \u{fffd}"));
    assert_eq!(event.tags[0].1, "\u{1f600}");
    let event = &read(b"{\"message\": \"caf\xe9\"}").unwrap()[0];
    assert_eq!(event.message.as_deref(), Some("caf\u{fffd}"));
}

#[test]
fn a_document_without_an_event_says_what_it_is() {
    let webhook = |subject: &str| {
        json!({"action": "created", "data": {subject: {"id": 1}}, "actor": {}}).to_string()
    };
    for (document, why) in [
        (String::new(), "the document is empty"),
        (" \n ".to_owned(), "the document is empty"),
        (
            "{\"a\"".to_owned(),
            "not JSON: EOF while parsing an object at line 1 column 4",
        ),
        (
            "hello".to_owned(),
            "not JSON: expected value at line 1 column 1",
        ),
        (
            "{} {}".to_owned(),
            "not JSON: there is more after the end of the first value",
        ),
        (
            "<!DOCTYPE html><html>".to_owned(),
            "not JSON: this is an HTML or XML page",
        ),
        (
            "null".to_owned(),
            "this is a single JSON value and not an event",
        ),
        ("[]".to_owned(), "this is an empty list"),
        (
            "[1, \"a\"]".to_owned(),
            "this is a single JSON value and not an event",
        ),
        (
            "{\"a\": 1, \"b\": 2}".to_owned(),
            "this is a JSON object that is no event; its keys are: a, b",
        ),
        (
            r#"{"detail": "Invalid token"}"#.to_owned(),
            "this is an error answer of the Sentry API: Invalid token",
        ),
        (
            r#"{"detail": {"code": "sso-required", "message": "Log in"}}"#.to_owned(),
            "this is an error answer of the Sentry API: Log in",
        ),
        (
            r#"{"status": 401, "body": {"detail": "No"}}"#.to_owned(),
            "this is an error answer of the Sentry API (401): No",
        ),
        (
            webhook("installation"),
            "this is a webhook about an installation; it carries no event",
        ),
        (
            webhook("issue"),
            "this is a webhook about an issue; it carries no event",
        ),
        (
            webhook("comment"),
            "this is a webhook about a comment; it carries no event",
        ),
        (
            r#"{"type": "profile_chunk", "chunk_id": "1", "platform": "rust"}"#.to_owned(),
            "this is a piece of a profile; it carries no event",
        ),
        (
            r#"{"id": "1", "shortId": "SHOP-1", "title": "KeyError"}"#.to_owned(),
            "this is an issue without its events",
        ),
        (
            r#"{"type": "transaction", "event_id": "1", "platform": "go", "contexts": {}}"#
                .to_owned(),
            "this is a transaction, which tells how long things took; it carries no error",
        ),
        (
            "{}\n{\"type\": \"session\"}\n{}\n{\"type\": \"client_report\"}\n{}".to_owned(),
            "this is an envelope without an event, it holds: session, client_report",
        ),
    ] {
        assert_eq!(refusal(document.as_bytes()), why, "{document}");
    }
    let large = vec![b' '; MAX_DOCUMENT + 1];
    assert_eq!(refusal(&large), "the document is larger than 20 MiB");
}

#[test]
fn frames_are_numbered_root_cause_and_newest_call_first() {
    let evidence = explained(&sent());
    let functions =
        (0..evidence.frames.len()).map(|at| evidence.frame(at).unwrap().function.as_deref());
    assert_eq!(
        functions.collect::<Vec<_>>(),
        [Some("settle"), Some("run"), Some("retry")]
    );
    assert_eq!(evidence.culprit, Some(0));
    assert_eq!(
        evidence.root_cause().unwrap().kind.as_deref(),
        Some("KeyError")
    );
}

#[test]
fn a_leaf_of_a_group_comes_before_the_group() {
    let group = |id: u32| json!({"exception_id": id, "is_exception_group": true});
    let evidence = explained(&json!({"exception": [
        {"type": "ExceptionGroup", "mechanism": group(1)},
        {"type": "OSError", "mechanism": {"exception_id": 2, "parent_id": 1}},
        {"type": "TaskFailed", "mechanism": {"exception_id": 0}},
    ]}));
    let kinds = evidence
        .event
        .exceptions
        .iter()
        .map(|it| it.kind.as_deref().unwrap());
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        ["OSError", "ExceptionGroup", "TaskFailed"]
    );
    assert_eq!(evidence.issue.title, "TaskFailed");
}

#[test]
fn the_event_that_tells_most_is_explained() {
    let event = |second: u32, frames: Value| json!({"message": second.to_string(), "timestamp": second, "stacktrace": {"frames": frames}});
    let own = json!([{"function": "a", "in_app": true}]);
    let other = json!([{"function": "a", "in_app": false}]);
    for (events, best) in [
        (
            vec![
                event(1, own.clone()),
                event(2, own.clone()),
                event(3, other.clone()),
            ],
            "2",
        ),
        (
            vec![
                event(3, json!([])),
                event(2, other.clone()),
                event(1, other),
            ],
            "2",
        ),
        (
            vec![
                event(2, json!([])),
                event(2, json!([])),
                event(1, json!([])),
            ],
            "2",
        ),
    ] {
        let events = read(Value::from(events).to_string().as_bytes()).unwrap();
        let evidence = collect(Issue::default(), events);
        assert_eq!(evidence.event.message.as_deref(), Some(best));
    }
    assert_eq!(collect(Issue::default(), Vec::new()), Evidence::default());
}

#[test]
fn an_issue_tells_what_its_events_have_in_common() {
    let mut later = sent();
    later["timestamp"] = json!(1_770_000_100);
    later["user"] = json!({"email": "bob@example.org"});
    let events = [one(&sent()), one(&later), one(&sent())];
    let issue = issue_of(&events);
    assert_eq!(issue.title, "SettlementFailed: order 991");
    assert_eq!(issue.culprit.as_deref(), Some("orders.tasks.settle"));
    assert_eq!((issue.count, issue.user_count), (3, 2));
    assert_eq!(
        (issue.first_seen, issue.last_seen),
        (events[0].timestamp, events[1].timestamp)
    );
    assert_eq!(issue.tags["environment"], "production");
    assert_eq!(issue.metadata["function"], "settle");
    assert_eq!(
        issue.stack_trace.as_deref(),
        Some(
            "SettlementFailed: order 991\n  at retry (orders/retry.py:3)\n\
             caused by: KeyError: 'iban'\n  at settle (orders/tasks.py:42:9)\n  at run (celery/app/trace.py:450)"
        )
    );
}

#[test]
fn the_same_problem_has_the_same_key_and_another_has_not() {
    let key = |change: &dyn Fn(&mut Value)| {
        let mut event = sent();
        change(&mut event);
        group_key(&one(&event))
    };
    let same = key(&|_| {});
    let settle = |field: &'static str, value: Value| {
        move |event: &mut Value| {
            event["exception"]["values"][0]["stacktrace"]["frames"][1][field] = value.clone();
        }
    };
    for alike in [
        key(&|event| event["exception"]["values"][1]["value"] = json!("order 992")),
        key(&|event| event["release"] = json!("orders@7.3.1")),
        key(&settle("lineno", json!(43))),
    ] {
        assert_eq!(alike, same);
    }
    for other in [
        key(&|event| event["exception"]["values"][0]["type"] = json!("IndexError")),
        key(&|event| event["fingerprint"] = json!(["{{ default }}", "tenant-7"])),
        key(&|event| event["project"] = json!("bank")),
        key(&settle("function", json!("refund"))),
    ] {
        assert_ne!(other, same);
    }
    let message = |text: &str| group_key(&one(&json!({"message": text})));
    assert_eq!(
        message("user 17 has no account a3f09b1c-77aa-4c1e-9d2b-0123456789ab"),
        message("user 4 has no account 00000000-77aa-4c1e-9d2b-0123456789ac")
    );
    assert_ne!(
        message("user 17 has no account"),
        message("user 17 has no order")
    );
}

/// How many tokens what is packed may have.
const BUDGET: usize = 2_000;

/// Takes a document all the way, to an error or to a specification and a text for a model; what
/// matters is that it gets there.
fn digest(document: &[u8]) {
    if let Ok(events) = read(document) {
        let issue = issue_of(&events);
        for event in &events {
            group_key(event);
        }
        let evidence = collect(issue, events);
        for at in 0..evidence.frames.len() {
            assert!(evidence.frame(at).is_some());
        }
        let specification = explain::specify(&evidence);
        let told = [&specification.summary, &specification.suggested_fix];
        let document = || String::from_utf8_lossy(document);
        assert!(
            told.iter().all(|text| !text.is_empty()),
            "{told:?} of {}",
            document()
        );
        assert!(!render::markdown(&evidence.issue, &specification).is_empty());
        let mut redactor = Redactor::new();
        let packed = pack(
            &evidence,
            &DataPolicy::OPEN,
            BUDGET,
            &ApproximateTokens,
            &mut redactor,
        );
        assert!(packed.tokens <= BUDGET);
    }
}

/// Puts `value` in place of the member that is `at`-th in reading order; tells how many there were.
fn replace(node: &mut Value, at: &mut usize, value: &Value) {
    if *at == 0 {
        *node = value.clone();
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, at, value)),
        Value::Object(entries) => entries
            .values_mut()
            .for_each(|item| replace(item, at, value)),
        _ => {}
    }
}

#[test]
fn a_document_cut_anywhere_is_read_or_refused() {
    for document in documents() {
        let document = document.to_string();
        for end in 0..document.len() {
            digest(&document.as_bytes()[..end]);
        }
    }
}

#[test]
fn any_member_may_be_of_any_type() {
    let strange = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!("text"),
        json!(""),
        json!([]),
        json!([null, [[]], "x"]),
        json!({}),
        json!({"values": {"values": 1}}),
        json!({"frames": [1, {"lineno": -3, "context": [[1], "x", [0, 1]]}]}),
    ];
    for document in documents() {
        for value in &strange {
            for number in 0.. {
                let mut changed = document.clone();
                let mut at = number;
                replace(&mut changed, &mut at, value);
                if at < usize::MAX / 2 {
                    break;
                }
                digest(changed.to_string().as_bytes());
            }
        }
    }
}

/// JSON of any kind, under the keys that are looked for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "exception",
        "entries",
        "values",
        "value",
        "stacktrace",
        "frames",
        "type",
        "data",
        "threads",
        "breadcrumbs",
        "request",
        "tags",
        "contexts",
        "lineno",
        "context",
        "context_line",
        "pre_context",
        "timestamp",
        "message",
        "params",
        "user",
        "in_app",
        "function",
        "filename",
        "fingerprint",
        "occurrence",
        "evidenceData",
        "event",
    ]);
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..6).prop_map(|entries| entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(document in any_json()) {
        digest(document.to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        digest(&bytes);
    }

    #[test]
    fn any_bytes_in_an_event_are_read_or_refused(at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 1..6)) {
        for document in documents() {
            let mut document = document.to_string().into_bytes();
            let at = at.index(document.len());
            let end = (at + bytes.len()).min(document.len());
            document.splice(at..end, bytes.iter().copied());
            digest(&document);
        }
    }
}
