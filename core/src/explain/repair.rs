//! Decides what of an answer is asked for again, and takes what comes back.

use super::{
    answer::{Draft, Field},
    parse,
    prompt::Question,
};
use crate::ports::LlmRequest;

/// How often fields that failed are asked for again at most.
pub const MAX_REPAIRS: u32 = 2;

/// The request for the fields of `draft` that failed validation; `None` when none did.
pub fn request(question: &Question, draft: &Draft) -> Option<LlmRequest> {
    let faults: Vec<(Field, &str)> = draft
        .faults
        .iter()
        .map(|(field, fault)| (*field, fault.as_str()))
        .collect();
    (!faults.is_empty()).then(|| question.again(&faults))
}

/// Takes the answer to [`request`] into the draft: the fields that failed and no others.
pub fn take(draft: &mut Draft, text: &str) {
    let asked: Vec<Field> = draft.faults.keys().copied().collect();
    let good = parse::read_into(draft, &asked, text);
    draft.repaired.extend(good);
}
