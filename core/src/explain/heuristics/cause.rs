//! Why it happened: the root exception in words, what the locals show, and how it surfaced.

use super::{
    facts::Facts,
    failure::is_group,
    family::Family,
    inline,
    source::{self, Origin},
    template::Filled,
};

/// Paragraphs, the root first.
pub(super) fn write(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> String {
    let failure = facts.failure.name();
    let explained = advice.map(|advice| {
        let hedge = if advice.found.general {
            "Going by its words alone: "
        } else {
            ""
        };
        format!("{hedge}{}", advice.text(advice.found.advice.cause))
    });
    let parts = [
        Some(raised(facts, &failure)),
        thrown(facts),
        explained.or_else(|| unexplained(facts)),
        recursion(facts),
        values(facts, advice),
        surfacing(facts),
        blind(facts),
        advice.map(|advice| advice.text(advice.found.advice.open)),
    ];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

/// «`TypeError: …` was raised in `load` at `a.py:17` (E1, F1), by `return row["email"]`.»
fn raised(facts: &Facts<'_>, failure: &str) -> String {
    let ids = facts.failure.id.map(|id| id.to_string());
    let Some(crash) = facts.crash else {
        let cited = ids.map_or_else(String::new, |id| format!(" ({id})"));
        let verb = if facts.event.exceptions.is_empty() {
            "was reported"
        } else {
            "was raised"
        };
        return format!("{failure} {verb}{cited}; the event has no stack trace of it.");
    };
    if facts.raised_in.is_none() && !facts.crash_is_its_own() {
        let id = ids.unwrap_or_default();
        return format!(
            "{failure} ({id}) came without a stack of its own; the place to look at is {}.",
            crash.cite()
        );
    }
    let cited = ids
        .into_iter()
        .chain([crash.id.to_string()])
        .collect::<Vec<_>>()
        .join(", ");
    let line = crash
        .source()
        .map_or_else(String::new, |line| format!(": {}", inline::code(line, 160)));
    match facts.raised_in {
        _ if facts.event.exceptions.is_empty() => {
            format!(
                "{failure} was reported from {} ({cited}){line}.",
                crash.name()
            )
        }
        None => format!("{failure} was raised in {} ({cited}){line}.", crash.name()),
        Some(inner) => format!(
            "{failure} was raised in {}, called from {} ({cited}){line}.",
            inner.cite(),
            crash.name()
        ),
    }
}

/// What can be said where the catalog has nothing: that the program's own words stand in the message.
fn unexplained(facts: &Facts<'_>) -> Option<String> {
    if facts.throws() {
        return None;
    }
    if facts.failure.is_silent {
        return Some(
            "The event names no exception and carries no message: what else it carries is all that is known of the cause.".to_owned(),
        );
    }
    if facts.event.exceptions.is_empty() {
        return Some(
            "This is a message the program logged, not an exception: the message itself is what is known of the cause.".to_owned(),
        );
    }
    let class = inline::code(facts.failure.kind.as_deref()?, 80);
    Some(format!(
        "The name {class} alone does not tell why: its message and the place above are what is known of the cause."
    ))
}

/// Where the line throws by itself, what led there is the question.
fn thrown(facts: &Facts<'_>) -> Option<String> {
    let crash = facts.crash.filter(|_| facts.throws())?;
    let condition = source::condition(&crash.frame.context, crash.frame.line?);
    Some(match condition {
        Some((line, text)) => format!(
            "The program raises this itself ({}). Line {line} decides that it does: {}.",
            crash.id,
            inline::code(text, 160)
        ),
        None => format!(
            "The program raises this itself ({}); the lines of source in the event show no condition for it.",
            crash.id
        ),
    })
}

fn recursion(facts: &Facts<'_>) -> Option<String> {
    let deepest = facts.recursion?;
    Some(format!(
        "The stack holds {} {} times: the function calls itself.",
        deepest.cite(),
        deepest.times
    ))
}

/// What the locals show, and where the value came from.
fn values(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> Option<String> {
    let crash = facts.crash?;
    let line = crash
        .frame
        .line
        .map_or_else(String::new, |line| format!(" on line {line}"));
    let shown = crash
        .source()
        .map(|source| crash.locals(source))
        .unwrap_or_default()
        .join(", ");
    let told = match advice.and_then(Filled::null_local) {
        _ if shown.is_empty() => None,
        Some(_) => Some(format!("The locals{line} show it: {shown} ({}).", crash.id)),
        None => Some(format!("The values{line} were {shown} ({}).", crash.id)),
    };
    let origin = advice
        .and_then(Filled::subject)
        .and_then(|subject| came_from(facts, subject));
    let said: Vec<_> = told.into_iter().chain(origin).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

fn came_from(facts: &Facts<'_>, subject: &str) -> Option<String> {
    let crash = facts.crash?;
    let name = source::first_name(subject);
    let shown = inline::code(name, 60);
    Some(match facts.origin(name)? {
        Origin::Assigned { line, value, .. } => {
            let inputs = crash.locals(value);
            let inputs = if inputs.is_empty() {
                String::new()
            } else {
                format!(", with {}", inputs.join(", "))
            };
            format!(
                "{shown} was set on line {line} from {}{inputs}: look there first.",
                inline::code(value, 120)
            )
        }
        Origin::Parameter => match facts
            .path
            .iter()
            .skip_while(|call| call.id != crash.id)
            .nth(1)
        {
            Some(caller) => {
                let line = caller
                    .source()
                    .map_or_else(String::new, |line| format!(": {}", inline::code(line, 160)));
                format!(
                    "{shown} is a parameter: it came from the call in {}{line}.",
                    caller.cite()
                )
            }
            None => format!("{shown} is a parameter: the caller passed it."),
        },
    })
}

/// Without source the failing expression cannot be told; how to have it next time differs by family.
fn blind(facts: &Facts<'_>) -> Option<String> {
    let crash = facts.crash.filter(|_| !facts.event.exceptions.is_empty())?;
    let how = match facts.family {
        _ if !crash.frame.context.is_empty() => return None,
        Family::JavaScript => "upload source maps with the release",
        Family::Jvm => {
            "upload source context (and the mapping file of the shrinker) with the release"
        }
        Family::Dotnet
        | Family::Native
        | Family::Apple
        | Family::Rust
        | Family::Go
        | Family::Dart => "upload debug files with sources with the release",
        _ => "let the SDK send source context",
    };
    Some(format!(
        "The event holds no source lines of {}, so the failing expression is not known; {how}, and the next event shows it.",
        crash.id
    ))
}

/// How the failure was passed on, one step after the other; of a group, what else it holds.
fn surfacing(facts: &Facts<'_>) -> Option<String> {
    let above: Vec<_> = facts.surfaced().collect();
    let grouped = above.iter().any(|(_, exception)| is_group(exception));
    let told = above.iter().take(5).filter_map(|(id, exception)| {
        let name = facts.name_above(exception, 160)?;
        let place = facts
            .frame_of(*id)
            .map(|call| format!(", raised in {}", call.cite()))
            .unwrap_or_default();
        let what = match (is_group(exception), grouped) {
            (true, _) => "It was reported within",
            (false, true) => "In the same group stands",
            (false, false) => "It then surfaced as",
        };
        Some(format!("{what} {name} ({id}){place}."))
    });
    let mut told: Vec<_> = told.collect();
    if above.len() > 5 {
        told.push(format!(
            "{} more exceptions follow in the chain.",
            above.len() - 5
        ));
    }
    (!told.is_empty()).then(|| told.join(" "))
}
