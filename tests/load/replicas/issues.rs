//! The issues that are explained: event documents, each of an issue of its own.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::Outcome;

/// How many events a file holds.
const OF_A_FILE: usize = 500;

/// Writes `count` events below `folder`.
pub(crate) fn write(folder: &Path, count: usize) -> Outcome {
    let folder = folder.join("events");
    fs::create_dir(&folder)?;
    for first in (0..count).step_by(OF_A_FILE) {
        let events: Vec<Value> = (first..count.min(first + OF_A_FILE)).map(event).collect();
        let file = folder.join(format!("{first:06}.json"));
        fs::write(file, serde_json::to_vec(&events)?)?;
    }
    Ok(())
}

fn event(number: usize) -> Value {
    json!({
        "event_id": format!("{number:032x}"),
        "platform": "python",
        "level": "error",
        "timestamp": 1_700_000_000 + number,
        "fingerprint": [format!("issue-{number}")],
        "exception": { "values": [{
            "type": format!("Error{number}"),
            "value": format!("the cart {number} has no total"),
            "stacktrace": { "frames": [{
                "filename": format!("shop/cart_{number}.py"), "function": "checkout",
                "lineno": 42, "in_app": true, "context_line": "total = cart['total']",
            }] },
        }] },
    })
}

/// The number of the issue that a question to a model is about; empty when it is about none.
pub(crate) fn asked_about(question: &str) -> String {
    let rest = question
        .split_once("shop/cart_")
        .map_or("", |(_, rest)| rest);
    rest.chars().take_while(char::is_ascii_digit).collect()
}
