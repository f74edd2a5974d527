//! What a model is told of each field, as a schema for servers that enforce one and in words for
//! all of them.
//!
//! Servers differ in what of JSON Schema they take. This one stays with what all of them do: every
//! property is required, nothing else may be there, and what may be left out may be null. Lengths
//! and counts are for [`super::super::parse`] to judge.

use serde_json::{Map, Value, json};

use crate::{explain::answer::Field, ports::Schema};

/// What `field` is to hold, in words.
fn meaning(field: Field) -> &'static str {
    match field {
        Field::Claims => {
            "what you rest on: for each finding `text` (the finding in one sentence), `evidence` (the ids it rests on) and `quotes` (short passages copied from these items, letter by letter)"
        }
        Field::InsufficientEvidence => {
            "null where the evidence names a cause; else what is missing, in one sentence"
        }
        Field::Summary => "what is wrong, in one or two sentences",
        Field::RootCause => "why it happens",
        Field::TechnicalDescription => "how it comes about, step by step, as Markdown",
        Field::ReproductionSteps => "what to do to see it happen, one step each",
        Field::SuggestedFix => "what to change, and where",
        Field::CodeExamples => "code that shows the change, as Markdown with fences",
        Field::Priority => "how soon to deal with it: low, medium, high or critical",
        Field::EstimatedEffort => "how long the change may take, such as `1-2 hours`",
        Field::AffectedComponents => {
            "the parts of the program that are involved, the one to change first"
        }
        Field::RelatedIssues => {
            "ids of issues listed under `Other issues` that have the same cause; of no others"
        }
    }
}

fn form(field: Field) -> &'static str {
    match field {
        Field::Claims => "list of objects",
        Field::Priority => "text",
        Field::ReproductionSteps | Field::AffectedComponents | Field::RelatedIssues => {
            "list of texts, or null"
        }
        _ => "text, or null",
    }
}

/// The fields in words, a line each.
pub(super) fn in_words(fields: &[Field]) -> String {
    let line = |field: &Field| {
        format!(
            "- `{}` ({}): {}",
            field.name(),
            form(*field),
            meaning(*field)
        )
    };
    fields.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The JSON schema of an answer with these fields.
pub(super) fn schema(fields: &[Field]) -> Schema {
    let properties = fields
        .iter()
        .map(|field| (field.name().to_owned(), property(*field)));
    Schema::new(&object(&properties.collect()))
}

fn property(field: Field) -> Value {
    match field {
        Field::Claims => {
            let texts = || json!({ "type": "array", "items": { "type": "string" } });
            let parts = [
                ("text", json!({ "type": "string" })),
                ("evidence", texts()),
                ("quotes", texts()),
            ];
            let parts = parts.map(|(name, form)| (name.to_owned(), form));
            json!({ "type": "array", "items": object(&parts.into_iter().collect()) })
        }
        Field::Priority => {
            json!({ "type": "string", "enum": ["low", "medium", "high", "critical"] })
        }
        Field::ReproductionSteps | Field::AffectedComponents | Field::RelatedIssues => {
            json!({ "type": ["array", "null"], "items": { "type": "string" } })
        }
        _ => json!({ "type": ["string", "null"] }),
    }
}

fn object(properties: &Map<String, Value>) -> Value {
    let required: Vec<&String> = properties.keys().collect();
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    })
}
