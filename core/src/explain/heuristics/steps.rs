//! What to do to see it happen, as far as request, breadcrumbs and stack tell.

use super::{
    description::{header, platform, request_line},
    facts::Facts,
    family::Family,
    inline,
    source::{self, Origin},
    template::Filled,
    trail::{self, Action, Step},
};

/// Deeds taken over from the breadcrumbs.
const DEEDS: usize = 8;

/// Steps in order, the expected failure last; empty where nothing is known that could be done.
pub(super) fn write(facts: &Facts<'_>, advice: Option<&Filled<'_>>) -> Vec<String> {
    let trail = recent(facts);
    let told = if facts.is_page() {
        open_page(facts, &trail)
    } else {
        send_request(facts).or_else(|| run_transaction(facts))
    };
    let acted = trail.iter().any(|step| is_users(step));
    let begin = told.or_else(|| call_path(facts).filter(|_| !acted));
    if begin.is_none() && !acted {
        return Vec::new();
    }
    let mut deeds: Vec<_> = trail
        .iter()
        .filter_map(|step| Some((deed(step)?, step.id)))
        .collect();
    deeds.dedup_by(|next, former| next.0 == former.0);
    let deeds = deeds
        .into_iter()
        .map(|(deed, id)| format!("{deed} ({id})."));
    let ends = [
        arrange(facts, advice),
        on_the_way(facts),
        Some(expect(facts)),
    ];
    let steps = prepare(facts)
        .into_iter()
        .chain(begin)
        .chain(deeds)
        .chain(ends.into_iter().flatten());
    steps.collect()
}

/// What users did and what others failed to answer, the last few, oldest first.
fn recent<'f, 'a>(facts: &'f Facts<'a>) -> Vec<&'f Step<'a>> {
    let mut recent: Vec<_> = facts
        .trail
        .iter()
        .rev()
        .filter(|step| deed(step).is_some())
        .take(DEEDS)
        .collect();
    recent.reverse();
    recent
}

fn is_users(step: &Step<'_>) -> bool {
    matches!(
        step.action,
        Action::Navigation { .. } | Action::Interaction { .. }
    )
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

/// The page reported is the last one; where the way there is known, it begins on the first.
fn open_page(facts: &Facts<'_>, trail: &[&Step<'_>]) -> Option<String> {
    let first = trail.iter().find_map(|step| match step.action {
        Action::Navigation { from, to } => Some(from.filter(|from| *from != to)),
        _ => None,
    });
    let document = facts
        .finding(&["document_uri"])
        .map(|url| inline::code(&trail::bare_url(url), 300));
    let page = match first {
        Some(from) => inline::code(&trail::bare_url(from?), 160),
        None => document.or_else(|| request_line(facts.event))?,
    };
    (!page.is_empty()).then(|| format!("Open {page}."))
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
            said = format!("{said}, with a body of type {kind} like the one in R1");
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

/// What somebody did, or what another service must do for it to happen again.
fn deed(step: &Step<'_>) -> Option<String> {
    Some(match &step.action {
        Action::Navigation { to, .. } => {
            format!("Go to {}", inline::code(&trail::bare_url(to), 160))
        }
        Action::Interaction { verb, target } => format!("{verb} {}", inline::code(target, 120)),
        Action::Http {
            method,
            url,
            status: Some(status @ (0 | 400..)),
        } => {
            let call = inline::code(&trail::call(*method, url), 160);
            match status {
                0 => format!("Let {call} get no answer, as it did here"),
                _ => format!("Let {call} answer `{status}`, as it did here"),
            }
        }
        _ => return None,
    })
}

/// What the program did by itself shortly before, to compare with.
fn on_the_way(facts: &Facts<'_>) -> Option<String> {
    let mut done: Vec<String> = Vec::new();
    for step in facts.trail.iter().rev() {
        let text = match &step.action {
            Action::Query { text } => inline::code(text, 120),
            Action::Http {
                method,
                url,
                status: None | Some(1..400),
            } => inline::code(&trail::call(*method, url), 120),
            _ => continue,
        };
        if !done.iter().any(|known| known.starts_with(&text)) {
            done.push(format!("{text} ({})", step.id));
        }
        if done.len() == 3 {
            break;
        }
    }
    done.reverse();
    (!done.is_empty()).then(|| format!("On the way expect {}.", done.join(", ")))
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

fn expect(facts: &Facts<'_>) -> String {
    let failure = facts.failure.name();
    let place = facts
        .crash
        .map_or_else(String::new, |crash| format!(" in {}", crash.name()));
    let verb = if facts.event.exceptions.is_empty() {
        "See"
    } else {
        "See it fail with"
    };
    format!("{verb} {failure}{place}.")
}
