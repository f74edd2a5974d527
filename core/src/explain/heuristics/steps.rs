//! What to do to see it happen, as far as request, breadcrumbs and stack tell.

use super::{
    description::{header, platform, request_line},
    facts::Facts,
    family::Family,
    source::{self, Origin},
    template::Filled,
    trail::{self, Action, Step},
};
use crate::explain::render::inline;

/// Deeds taken over from the breadcrumbs.
const DEEDS: usize = 8;

/// Steps in order, the expected failure last; empty where nothing is known that could be done.
pub(super) fn write(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> Vec<String> {
    let mut steps = Vec::new();
    let browser = facts.is_page();
    if browser {
        steps.extend(open_page(facts));
    } else {
        steps.extend(send_request(facts).or_else(|| run_transaction(facts)));
    }
    steps.extend(deeds(facts, browser));
    if steps.is_empty() {
        steps.extend(call_path(facts));
    }
    steps.extend(arrange(facts, advice));
    if steps.is_empty() {
        return steps;
    }
    if let Some(setting) = prepare(facts) {
        steps.insert(0, setting);
    }
    steps.extend(expect(facts));
    steps
}

fn prepare(facts: &Facts<'_>) -> Option<String> {
    let mut on: Vec<_> = platform(facts)
        .into_iter()
        .map(|(_, value, _)| inline::code(&value, 80))
        .collect();
    on.dedup();
    let release = facts
        .event
        .release
        .as_deref()
        .map(|text| inline::code(text, 80));
    let release = release.filter(|text| !text.is_empty());
    match (release, on.is_empty()) {
        (Some(release), true) => Some(format!("Use release {release}.")),
        (Some(release), false) => Some(format!("Use release {release} on {}.", on.join(", "))),
        (None, false) => Some(format!("Use {}.", on.join(", "))),
        (None, true) => None,
    }
}

fn open_page(facts: &Facts<'_>) -> Option<String> {
    let first = facts
        .trail
        .iter()
        .rev()
        .filter(|step| step.is_deed())
        .take(DEEDS)
        .filter_map(|step| match step.action {
            Action::Navigation { from, .. } => Some(from.unwrap_or_default()),
            _ => None,
        });
    // The page reported is the last one; the way there begins on the first.
    if let Some(from) = first.last() {
        let from = inline::code(&trail::bare_url(from), 160);
        return (!from.is_empty()).then(|| format!("Open {from}."));
    }
    let document = facts
        .finding(&["document_uri"])
        .map(|url| inline::code(&trail::bare_url(url), 300));
    let page = document
        .filter(|page| !page.is_empty())
        .or_else(|| request_line(facts.event))?;
    Some(format!("Open {page}."))
}

fn send_request(facts: &Facts<'_>) -> Option<String> {
    let mut said = format!("Send {}", request_line(facts.event)?);
    let body = facts
        .event
        .request
        .as_ref()
        .and_then(|request| request.body.as_deref());
    let kind = header(facts.event, "content-type").map(|kind| inline::code(kind, 80));
    match (
        kind.filter(|kind| !kind.is_empty()),
        body.is_some_and(|body| !body.is_empty()),
    ) {
        (Some(kind), true) => {
            said = format!("{said}, with a body of type {kind} like the one in R1")
        }
        (Some(kind), false) => said = format!("{said}, content type {kind}"),
        (None, true) => said.push_str(", with a body like the one in R1"),
        (None, false) => {}
    }
    Some(format!("{said}."))
}

fn run_transaction(facts: &Facts<'_>) -> Option<String> {
    let name = inline::code(facts.event.transaction.as_deref()?, 160);
    (!name.is_empty()).then(|| format!("Run {name}."))
}

/// What was done, in order. A server's own calls and queries follow from the request; they are
/// told as what happens then.
fn deeds(facts: &Facts<'_>, browser: bool) -> Vec<String> {
    let mut deeds: Vec<String> = Vec::new();
    for step in facts.trail.iter().rev() {
        let Some(text) = deed(step, browser) else {
            continue;
        };
        let cited = format!("{text} ({}).", step.id);
        if !deeds.iter().any(|known| known.starts_with(&text)) {
            deeds.push(cited);
        }
        if deeds.len() == DEEDS {
            break;
        }
    }
    deeds.reverse();
    deeds
}

fn deed(step: &Step<'_>, browser: bool) -> Option<String> {
    Some(match &step.action {
        Action::Navigation { to, .. } => {
            format!("Go to {}", inline::code(&trail::bare_url(to), 160))
        }
        Action::Interaction { verb, target } => format!("{verb} {}", inline::code(target, 120)),
        Action::Http {
            method,
            url,
            status,
        } => {
            let call = inline::code(&trail::call(method, url), 160);
            match (status, browser) {
                (Some(status), _) => {
                    format!("The program calls {call}; here it was answered `{status}`")
                }
                (None, _) => format!("The program calls {call}"),
            }
        }
        Action::Query { text } => format!("The program runs {}", inline::code(text, 160)),
        Action::Failure { .. } | Action::Other { .. } => return None,
    })
}

/// The outermost own call: what a test would call.
fn call_path(facts: &Facts<'_>) -> Option<String> {
    let outermost = facts.path.last()?;
    let crash = facts.crash?;
    if matches!(facts.family, Family::Native | Family::Apple) {
        return None; // Nobody calls into the middle of a native program.
    }
    if outermost.id == crash.id {
        let values = if crash.frame.locals.is_empty() {
            ""
        } else {
            ", with the values in the evidence"
        };
        return Some(format!("Call {}{values}.", crash.cite()));
    }
    Some(format!(
        "Call {}, so that it reaches {}.",
        outermost.cite(),
        crash.cite()
    ))
}

/// The value that must be missing, where the locals or the source show it.
fn arrange(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> Option<String> {
    if facts.throws() {
        let crash = facts.crash?;
        let (line, text) = source::condition(&crash.frame.context, crash.frame.line?)?;
        return Some(format!(
            "Make line {line} lead there: {}.",
            inline::code(text, 160)
        ));
    }
    let (name, value) = advice?.null_local()?;
    let value = inline::code(value, 20);
    Some(match facts.origin(name) {
        Some(Origin::Assigned {
            line, value: call, ..
        }) => {
            format!(
                "Let {} give {value} (line {line}).",
                inline::code(call, 120)
            )
        }
        _ => format!("Let {} be {value}.", inline::code(name, 60)),
    })
}

fn expect(facts: &Facts<'_>) -> Option<String> {
    let failure = facts.failure.name()?;
    let place = facts
        .crash
        .map_or_else(String::new, |crash| format!(" in {}", crash.name()));
    let verb = if facts.event.exceptions.is_empty() {
        "See"
    } else {
        "See it fail with"
    };
    Some(format!("{verb} {failure}{place}."))
}
