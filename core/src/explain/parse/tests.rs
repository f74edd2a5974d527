use serde_json::json;

use super::*;
use crate::domain::Priority;

/// An answer as it should be.
fn good() -> Value {
    json!({
        "claims": [{"text": "The key is missing.", "evidence": ["E1"], "quotes": ["KeyError"]}],
        "insufficient_evidence": null,
        "summary": "Settling fails.",
        "root_cause": "The order has no IBAN.",
        "technical_description": "It is read without a look.",
        "reproduction_steps": ["Settle an order without an IBAN."],
        "suggested_fix": "Check first.",
        "code_examples": null,
        "priority": "high",
        "estimated_effort": "1-2 hours",
        "affected_components": ["orders.settle"],
        "related_issues": null,
    })
}

fn changed(change: impl FnOnce(&mut Map<String, Value>)) -> String {
    let mut answer = good();
    change(answer.as_object_mut().unwrap());
    answer.to_string()
}

fn faults(text: &str) -> Vec<String> {
    let draft = parse(text);
    let faults = draft.faults.iter();
    faults
        .map(|(field, fault)| format!("{} {fault}", field.name()))
        .collect()
}

#[test]
fn an_answer_is_found_however_it_is_written() {
    let plain = good().to_string();
    let pretty = serde_json::to_string_pretty(&good()).unwrap();
    let expected = parse(&plain);
    assert!(expected.faults.is_empty(), "{}", expected.complaint());
    assert_eq!(expected.answer.priority, Some(Priority::High));
    let trailing = pretty.replace("\"orders.settle\"\n", "\"orders.settle\",\n");
    let python = plain.replace("null", "None").replace('"', "'");
    let missing_commas = pretty.replace("\",\n", "\"\n");
    let ways = [
        format!("\u{FEFF}  {plain}\n"),
        format!("```json\n{pretty}\n```"),
        format!("Here is my analysis:\n\n```\n{plain}\n```\nLet me know {{if}} it helps."),
        format!("The object {{}} and {{x}} come first. {plain} And {{\"y\": 1}} after."),
        format!("<think>Is it {{\"summary\": \"x\"}}?</think>\n{plain}"),
        trailing,
        python,
        missing_commas,
        plain.replace("\"summary\":", "summary:"),
        format!(
            "/* mine */ {}",
            plain.replace("\"root_cause\"", "// why\n\"root_cause\"")
        ),
        format!("{{\"answer\": {plain}, \"confidence\": 1}}"),
        format!("{{\"type\": \"object\", \"properties\": {plain}}}"),
    ];
    for way in ways {
        assert_eq!(parse(&way), expected, "{way}");
    }
}

#[test]
fn texts_keep_their_characters() {
    let odd = r#"{"summary": "a \"b\" \\ \n\t\u00e9 \uD83E\uDD80 \x 'c' – 日本語", "root_cause": "x y", "claims": [],}"#;
    let draft = parse(odd);
    assert_eq!(
        draft.answer.text(Field::Summary),
        "a \"b\" \\ \n\t\u{e9} 🦀 \\x 'c' – 日本語"
    );
    let lines = "{'summary': 'two\nlines', 'root_cause': 'it\\'s so', 'claims': []}";
    let draft = parse(lines);
    assert_eq!(draft.answer.text(Field::Summary), "two\nlines");
    assert_eq!(draft.answer.text(Field::RootCause), "it's so");
}

#[test]
fn what_breaks_off_is_not_taken_for_an_answer() {
    let whole = good().to_string();
    for end in 1..whole.len() {
        let Some(begin) = whole.get(..end) else {
            continue;
        };
        let draft = parse(begin);
        assert!(!draft.faults.is_empty(), "{begin}");
        for (field, text) in draft.answer.prose() {
            if text.is_empty() {
                continue;
            }
            let value = &good()[field.name()];
            let is_whole = value.as_str() == Some(text)
                || value
                    .as_array()
                    .is_some_and(|list| list.contains(&json!(text)));
            assert!(is_whole, "half of {}: {text:?}", field.name());
        }
    }
}

#[test]
fn each_fault_is_told_in_words_for_the_model() {
    let cases = [
        (
            changed(|it| it["summary"] = json!(42)),
            "summary must be a text or null, not a number",
        ),
        (
            changed(|it| it["summary"] = json!({"a": 1})),
            "summary must be a text or null, not an object",
        ),
        (
            changed(|it| it["root_cause"] = json!(null)),
            "root_cause must be a text that says something; null only with insufficient_evidence",
        ),
        (
            changed(|it| it["root_cause"] = json!(" N/A. ")),
            "root_cause must be a text that says something; null only with insufficient_evidence",
        ),
        (
            changed(|it| it["priority"] = json!("urgent")),
            "priority must be one of low, medium, high, critical",
        ),
        (
            changed(|it| it["reproduction_steps"] = json!("1. do it")),
            "reproduction_steps must be a list of texts or null, not a text",
        ),
        (
            changed(|it| it["affected_components"] = json!([1])),
            "affected_components each item must be a text or null, not a number",
        ),
        (
            changed(|it| it["claims"] = json!(["E1"])),
            "claims must be a list of objects with text, evidence and quotes; one item is a text",
        ),
        (
            changed(|it| it["summary"] = json!("x".repeat(2001))),
            "summary must have at most 2000 characters",
        ),
        (
            changed(|it| it["reproduction_steps"] = json!(vec!["x"; 51])),
            "reproduction_steps must have at most 50 items",
        ),
        (
            changed(|it| drop(it.remove("summary"))),
            "summary is missing",
        ),
        (changed(|it| drop(it.remove("claims"))), "claims is missing"),
    ];
    for (text, fault) in cases {
        assert_eq!(faults(&text), [fault], "{text}");
    }
}

#[test]
fn what_is_no_answer_leaves_every_field_missing() {
    let schema = json!({"type": "object", "properties": {"summary": {"type": "string"}, "root_cause": {"type": ["string", "null"]}}});
    for (text, why) in [
        ("", "the answer is empty"),
        ("<think>hm</think>", "the answer is empty"),
        ("I cannot say.", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        ("{\"other\": 1}", "no JSON object"),
        ("PWNED", "no JSON object"),
        ("<html><body>502 {\"x\"}</body></html>", "no JSON object"),
        (&schema.to_string(), "is the schema"),
        (&"{\"a\":".repeat(100_000), "no JSON object"),
        (&"{".repeat(200_000), "no JSON object"),
        (&"x".repeat(2 << 20), "longer than 1 MiB"),
    ] {
        let draft = parse(text);
        assert_eq!(
            draft.faults.len(),
            Field::ALL.len(),
            "{}",
            draft.complaint()
        );
        assert!(draft.complaint().contains(why), "{}", draft.complaint());
        assert!(!draft.is_usable());
    }
}

#[test]
fn too_little_evidence_is_an_answer_without_a_cause() {
    let text = changed(|it| {
        it["insufficient_evidence"] = json!("The event has no stack.");
        it["root_cause"] = json!(null);
    });
    let draft = parse(&text);
    assert!(draft.faults.is_empty(), "{}", draft.complaint());
    assert!(draft.is_usable());
}

#[test]
fn only_the_fields_asked_for_are_taken_a_second_time() {
    let mut draft = parse(&changed(|it| {
        it["summary"] = json!(1);
        it["priority"] = json!("soon");
    }));
    let second = r#"{"summary": "Better.", "priority": "later", "root_cause": "Smuggled in."}"#;
    crate::explain::repair::take(&mut draft, second);
    assert_eq!(draft.answer.text(Field::Summary), "Better.");
    assert_eq!(
        draft.answer.text(Field::RootCause),
        "The order has no IBAN."
    );
    assert_eq!(draft.repaired.iter().collect::<Vec<_>>(), [&Field::Summary]);
    assert_eq!(draft.faults.keys().collect::<Vec<_>>(), [&Field::Priority]);
    assert!(draft.is_usable(), "a priority is not essential");
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[\\PC\\n{}\\[\\]\",:'/* a-z\\\\]{0,200}") {
        for answer in [format!("{{\"summary\": {text}"), text] {
            let draft = parse(&answer);
            assert!(draft.answer.prose().all(|(_, text)| text.len() <= answer.len()));
        }
    }
}
