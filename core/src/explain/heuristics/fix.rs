//! What to change, which test to write, and how the line looks then.

use super::{
    facts::Facts,
    source::{self, Origin},
    template::Filled,
};
use crate::explain::render::inline;

/// Paragraphs: where to begin, what to change, which test to write.
pub(super) fn write(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> String {
    if facts.failure.name().is_none() {
        return String::new();
    }
    let change = match advice {
        Some(advice) => Some(advice.text(advice.found.advice.fix)),
        None => without_advice(facts),
    };
    let parts = [begin(facts, advice), change, test(facts, advice)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn begin(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> Option<String> {
    let crash = facts.crash?;
    let subject = advice.filter(|advice| advice.found.advice.null).and_then(Filled::subject);
    let origin = subject.and_then(|subject| facts.origin(source::first_name(subject)));
    Some(match origin {
        Some(Origin::Assigned { line, text, .. }) => format!(
            "Begin at line {line} of {}: {}.",
            crash.cite(),
            inline::code(text, 160)
        ),
        _ => format!("Begin at {}.", crash.cite()),
    })
}

fn without_advice(facts: &Facts<'_>) -> Option<String> {
    let crash = facts.crash?;
    if !facts.throws() {
        return Some("Find out which value made this line fail: the values in the evidence are the first thing to try it with.".to_owned());
    }
    let condition = crash.frame.line.and_then(|line| source::condition(&crash.frame.context, line));
    let when = condition.map_or_else(String::new, |(line, _)| format!(" of line {line}"));
    Some(format!(
        "Decide whether the condition{when} is legitimate. If a user or another service can bring it about, answer with a clear error of their kind and do not report it; if it must not happen, correct what leads to it: the callers are in the path above."
    ))
}

fn test(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> Option<String> {
    let told = advice.map(|advice| advice.text(advice.found.advice.test)).or_else(|| {
        let function = facts.crash?.function()?;
        Some(format!("calls {function} with the values from this event and expects a defined outcome"))
    })?;
    Some(format!("**Test:** write a test that {told}."))
}

/// The failing line before and after, as Markdown.
pub(super) fn example(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> Option<String> {
    let (before, after) = advice?.change()?;
    let crash = facts.crash?;
    let language = facts.family.fence_of(crash.frame);
    Some(format!(
        "{}, now:\n\n{}\n\nA sketch of the change (what to do in the other case is yours to decide):\n\n{}",
        crash.place()?,
        inline::fence(language, &inline::lines(before)),
        inline::fence(language, &inline::lines(&after))
    ))
}
