//! What each field must be. The messages are written for the model that is asked again.

use serde_json::Value;

use crate::{
    domain::Priority,
    explain::answer::{Answer, Cited, Field},
};

/// The most items a list may have.
const MAX_ITEMS: usize = 50;
/// The longest item of a list, in characters.
const MAX_ITEM: usize = 2_000;

/// Puts a field into the answer if its value is as it must be.
pub(super) fn set(answer: &mut Answer, field: Field, value: &Value) -> Result<(), String> {
    match field {
        Field::Claims => answer.claims = claims(value)?,
        Field::Priority => answer.priority = priority(value)?,
        Field::ReproductionSteps | Field::AffectedComponents => {
            answer.set_list(field, list(value, false)?);
        }
        Field::RelatedIssues => answer.set_list(field, list(value, true)?),
        _ => {
            let text = text(value, longest(field))?;
            // a text that says nothing is the same as none, which is for the caller to judge
            let says = !says_nothing(&text);
            answer.set_text(field, if says { text } else { String::new() });
        }
    }
    Ok(())
}

/// The longest text of a field, in characters.
fn longest(field: Field) -> usize {
    match field {
        Field::Summary | Field::InsufficientEvidence => 2_000,
        Field::EstimatedEffort => 100,
        Field::RootCause => 8_000,
        _ => 20_000,
    }
}

fn text(value: &Value, longest: usize) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) if text.chars().nth(longest).is_some() => {
            Err(format!("must have at most {longest} characters"))
        }
        Value::String(text) => Ok(text.trim().to_owned()),
        other => Err(format!("must be a text or null, not {}", kind(other))),
    }
}

fn list(value: &Value, numbers: bool) -> Result<Vec<String>, String> {
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) if items.len() <= MAX_ITEMS => items,
        Value::Array(_) => return Err(format!("must have at most {MAX_ITEMS} items")),
        other => {
            return Err(format!(
                "must be a list of texts or null, not {}",
                kind(other)
            ));
        }
    };
    let mut texts = Vec::new();
    for item in items {
        let text = match item {
            Value::Number(number) if numbers => number.to_string(),
            Value::Null => continue,
            item => text(item, MAX_ITEM).map_err(|fault| format!("each item {fault}"))?,
        };
        if !says_nothing(&text) {
            texts.push(text);
        }
    }
    Ok(texts)
}

fn priority(value: &Value) -> Result<Option<Priority>, String> {
    const MUST: &str = "must be one of low, medium, high, critical";
    match value {
        Value::Null => Ok(None),
        Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
            "low" => Ok(Some(Priority::Low)),
            "medium" => Ok(Some(Priority::Medium)),
            "high" => Ok(Some(Priority::High)),
            "critical" => Ok(Some(Priority::Critical)),
            _ => Err(MUST.to_owned()),
        },
        other => Err(format!("{MUST}, not {}", kind(other))),
    }
}

fn claims(value: &Value) -> Result<Vec<Cited>, String> {
    const MUST: &str = "must be a list of objects with text, evidence and quotes";
    let items = match value {
        Value::Array(items) if items.len() <= MAX_ITEMS => items,
        Value::Array(_) => return Err(format!("must have at most {MAX_ITEMS} items")),
        other => return Err(format!("{MUST}, not {}", kind(other))),
    };
    let mut claims = Vec::new();
    for item in items {
        let Value::Object(item) = item else {
            return Err(format!("{MUST}; one item is {}", kind(item)));
        };
        let part = |name: &str| item.get(name).unwrap_or(&Value::Null);
        let within = |name| move |fault| format!("{MUST}; the {name} of one {fault}");
        let text = text(part("text"), MAX_ITEM).map_err(within("text"))?;
        if says_nothing(&text) {
            continue;
        }
        claims.push(Cited {
            text,
            evidence: list(part("evidence"), false).map_err(within("evidence"))?,
            quotes: list(part("quotes"), true).map_err(within("quotes"))?,
        });
    }
    Ok(claims)
}

/// Whether a text is none: empty, or a word that stands for an answer that is not there.
fn says_nothing(text: &str) -> bool {
    const FILLERS: [&str; 22] = [
        "string",
        "text",
        "null",
        "none",
        "n/a",
        "na",
        "nil",
        "todo",
        "tbd",
        "unknown",
        "undefined",
        "placeholder",
        "not available",
        "not applicable",
        "unable to determine",
        "lorem ipsum",
        "summary",
        "root cause",
        "your answer here",
        "see above",
        "analysis failed",
        "unable to parse ai response",
    ];
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    let words = bare.trim();
    // a text without letters says nothing, but a number may be an id
    words.is_empty()
        || words.len() <= 32
            && FILLERS
                .iter()
                .any(|filler| words.eq_ignore_ascii_case(filler))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
