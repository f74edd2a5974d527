//! What to change, which test to write, and how the line looks then.

use super::{
    facts::Facts,
    inline,
    source::{self, Origin},
    template::Filled,
};
use crate::domain::Level;

/// Paragraphs: where to begin, what to change, which test to write.
pub(super) fn write(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> String {
    let change = match advice {
        Some(advice) => advice.text(advice.found.advice.fix),
        None => without_advice(facts),
    };
    let parts = [begin(facts, advice), Some(change), test(facts, advice)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn begin(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> Option<String> {
    let crash = facts.crash?;
    let subject = advice.and_then(Filled::subject).map(source::first_name);
    let origin = subject.and_then(|subject| facts.origin(subject));
    Some(match (origin, subject, crash.file()) {
        (Some(Origin::Assigned { line, text, .. }), Some(subject), Some(file)) => format!(
            "Begin at {}, where {} is set ({}): {}.",
            inline::span(&format!("{}:{line}", inline::line(file, 160))),
            inline::code(subject, 60),
            crash.id,
            inline::code(text, 160)
        ),
        _ => format!("Begin at {}.", crash.cite()),
    })
}

fn without_advice(facts: &Facts<'_>) -> String {
    if facts.failure.is_silent && facts.crash.is_none() {
        return "Find out which program sends this event, and have it report the exception with its type, message and stack trace: the next event then tells what to change.".to_owned();
    }
    if facts.event.exceptions.is_empty() {
        return logged(facts);
    }
    let Some(crash) = facts.crash else {
        return format!(
            "Search the code for where {} is raised, and for the constant words of its message. Have the program report the stack trace with it: the next event then names the line.",
            facts.failure.name()
        );
    };
    if !facts.throws() {
        return "Find out which value made this line fail: the values in the evidence are the first thing to try it with.".to_owned();
    }
    let condition = crash
        .frame
        .line
        .and_then(|line| source::condition(&crash.frame.context, line));
    let what = match condition {
        Some((line, _)) => format!("the condition of line {line} is legitimate"),
        None => "this may happen".to_owned(),
    };
    let caller = facts
        .path
        .iter()
        .skip_while(|call| call.id != crash.id)
        .nth(1);
    let caller = caller.map_or_else(String::new, |call| {
        format!(", beginning with the caller {}", call.cite())
    });
    format!(
        "Decide whether {what}. If a user or another service can bring it about, answer with a clear error of their kind and do not report it; if it must not happen, correct what leads to it{caller}."
    )
}

/// A logged message can be found by its words, a finding by what it names.
fn logged(facts: &Facts<'_>) -> String {
    let Some(message) = facts.failure.message.as_deref() else {
        return format!(
            "Search the code for what the finding {} names, and change it until the values it was found by no longer hold.",
            facts.failure.name()
        );
    };
    let logger = facts
        .event
        .logger
        .as_deref()
        .map(|logger| inline::code(logger, 80));
    let logger = logger
        .filter(|name| !name.is_empty())
        .map(|name| format!(" (logger {name})"));
    let place = format!(
        "Search the code for the constant words of {}{}.",
        inline::code(message, 120),
        logger.unwrap_or_default()
    );
    match facts.event.level {
        Level::Info | Level::Debug => format!(
            "{place} Most likely nothing is broken: if nobody has to act on it, log it without reporting it."
        ),
        _ => format!(
            "{place} Decide whether what it tells of is a defect; if so, raise an error there, or attach the stack trace and the values that matter, so that the next event tells more."
        ),
    }
}

fn test(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> Option<String> {
    let told = advice
        .map(|advice| advice.text(advice.found.advice.test))
        .or_else(|| {
            let function = facts
                .crash
                .filter(|_| !facts.event.exceptions.is_empty())?
                .function()?;
            Some(format!(
                "calls {function} with the values from this event and expects a defined outcome"
            ))
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
