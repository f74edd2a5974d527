//! Reads a model's answer: tolerant of how it is written, strict about what it says.
//!
//! `lenient` finds the JSON object in the text, whatever stands around it and however it is
//! broken; `validate` holds each field of it against what the field must be. The result is a
//! [`Draft`]: the good fields, and a message for each of the others, fit to be sent back.

mod lenient;
#[cfg(test)]
mod tests;
mod validate;

use serde_json::{Map, Value};

use super::answer::{Draft, Field};

/// The longest answer that is looked at, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Reads an answer in which every field is wanted.
pub fn parse(text: &str) -> Draft {
    let mut draft = Draft::default();
    read_into(&mut draft, &Field::ALL, text);
    draft
}

/// Reads an answer to the question for `fields` and puts what is good into the draft; gives back
/// the fields that are good now.
pub fn read_into(draft: &mut Draft, fields: &[Field], text: &str) -> Vec<Field> {
    let (object, cut) = match object(text) {
        Ok(found) => found,
        Err(fault) => {
            for field in fields {
                let fault = || fault.to_owned();
                draft.faults.entry(*field).or_insert_with(fault);
            }
            return Vec::new();
        }
    };
    let mut good = Vec::new();
    for field in fields {
        let read = match object.get(field.name()) {
            Some(value) => validate::set(&mut draft.answer, *field, value),
            // a field that may be null may as well be left out, unless more was to come
            None if !cut && !field.is_essential(false) && *field != Field::Claims => {
                validate::set(&mut draft.answer, *field, &Value::Null)
            }
            None => Err("is missing".to_owned()),
        };
        match read {
            Ok(()) => {
                draft.faults.remove(field);
                good.push(*field);
            }
            Err(fault) => {
                draft.faults.insert(*field, fault);
            }
        }
    }
    // what is essential depends on what the other fields say
    let insufficient = draft.answer.is_insufficient();
    for field in fields
        .iter()
        .filter(|field| field.is_essential(insufficient))
    {
        if draft.answer.text(*field).is_empty() {
            let must =
                || "must be a text that says something; null only with insufficient_evidence";
            draft
                .faults
                .entry(*field)
                .or_insert_with(|| must().to_owned());
            good.retain(|is| is != field);
        }
    }
    good
}

/// The object in an answer, and whether the answer broke off in it.
fn object(text: &str) -> Result<(Map<String, Value>, bool), &'static str> {
    if text.len() > MAX_ANSWER {
        return Err("could not be read because the answer is longer than 1 MiB");
    }
    let text = without_thoughts(text);
    if text.trim().is_empty() {
        return Err("is missing because the answer is empty");
    }
    let known = |name: &str| Field::named(name).is_some();
    if let Ok(Value::Object(object)) = serde_json::from_str(text)
        && object.keys().any(|name| known(name))
    {
        return unless_schema(object).map(|object| (object, false));
    }
    let (object, cut) = lenient::find(text, known)
        .ok_or("is missing because the answer holds no JSON object with the fields asked for")?;
    unless_schema(object).map(|object| (object, cut))
}

/// What a reasoning model thought aloud before it answered is no part of the answer.
fn without_thoughts(text: &str) -> &str {
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    match text.strip_prefix("<think>") {
        Some(thoughts) => thoughts
            .split_once("</think>")
            .map_or(text, |(_, answer)| answer),
        None => text,
    }
}

/// Some models answer with the schema they were given.
fn unless_schema(object: Map<String, Value>) -> Result<Map<String, Value>, &'static str> {
    let describes = |value: &Value| {
        value
            .as_object()
            .is_some_and(|value| value.contains_key("type") || value.contains_key("enum"))
    };
    if object.values().all(describes) {
        return Err("is missing because the answer is the schema and not an answer to it");
    }
    Ok(object)
}
