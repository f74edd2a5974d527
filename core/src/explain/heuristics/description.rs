//! How it came about: the calls, the request, what happened right before, and where it ran.

use super::{
    call::{Call, pair},
    facts::Facts,
    failure::{is_group, named},
    inline, trail,
};
use crate::domain::{Event, EvidenceId, EvidenceKind};

/// Calls shown at each end of a long path.
const CALLS: usize = 8;
/// Breadcrumbs shown.
const CRUMBS: usize = 8;

/// Markdown with one paragraph or list for each thing that is known.
pub(super) fn write(facts: &Facts<'_>) -> String {
    let parts = [
        excerpt(facts),
        path(facts),
        chain(facts),
        findings(facts),
        request(facts),
        before(facts),
        setting(facts),
        attached(facts),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// The lines of source around the crash, the failing one marked.
fn excerpt(facts: &Facts<'_>) -> Option<String> {
    let crash = facts.crash?;
    let at = crash.frame.line?;
    crash.source()?;
    let near = crash
        .frame
        .context
        .iter()
        .filter(|(line, _)| line.abs_diff(at) <= 4);
    let lines: Vec<_> = near
        .map(|(line, text)| {
            let mark = if *line == at { '>' } else { ' ' };
            let text: String = inline::lines(text)
                .replace('\n', " ")
                .chars()
                .take(200)
                .collect();
            format!("{mark} {line:>4} | {text}")
        })
        .collect();
    let fence = inline::fence(facts.family.fence_of(crash.frame), &lines.join("\n"));
    Some(format!(
        "**The failing line**, in {}:\n\n{fence}",
        crash.cite()
    ))
}

/// Own calls from the root of the failure to where the program took up the work.
fn path(facts: &Facts<'_>) -> Option<String> {
    let calls = &facts.path;
    if calls.is_empty() {
        let crash = facts.crash?;
        return Some(format!(
            "No frame on this stack is marked as the program's own code; the newest useful one is {}.",
            crash.cite()
        ));
    }
    let mut lines: Vec<_> = calls.iter().map(step).collect();
    if lines.len() > CALLS + 3 {
        let left_out = lines.len() - CALLS - 2;
        lines.splice(
            CALLS..CALLS + left_out,
            [format!("- … {left_out} more own calls")],
        );
    }
    Some(format!(
        "**The path through own code**, newest call first:\n\n{}",
        lines.join("\n")
    ))
}

fn step(call: &Call<'_>) -> String {
    let line = call
        .source()
        .map_or_else(String::new, |line| format!(": {}", inline::code(line, 120)));
    let times = if call.times > 1 {
        format!(", {} times", call.times)
    } else {
        String::new()
    };
    format!("- {}{times}{line}", call.cite())
}

/// The exceptions, where there are several.
fn chain(facts: &Facts<'_>) -> Option<String> {
    let exceptions = &facts.event.exceptions;
    let lines = exceptions
        .iter()
        .enumerate()
        .take(8)
        .filter_map(|(at, exception)| {
            let name = named(exception.kind.as_deref(), exception.value.as_deref(), 160)?;
            let group = if is_group(exception) {
                ", which groups others"
            } else {
                ""
            };
            Some(format!(
                "- {name} ({}){group}",
                EvidenceKind::Exception.id(at)
            ))
        });
    let lines: Vec<_> = lines.collect();
    (lines.len() > 1).then(|| {
        format!(
            "**The exceptions**, root cause first:\n\n{}",
            lines.join("\n")
        )
    })
}

/// What a detector or a browser reported.
fn findings(facts: &Facts<'_>) -> Option<String> {
    let lines = facts
        .event
        .findings
        .iter()
        .take(12)
        .filter_map(|(name, value)| {
            let (name, value) = (inline::escape(name, 60), inline::code(value, 300));
            (!name.is_empty() && !value.is_empty()).then(|| format!("- {name}: {value}"))
        });
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| format!("**What was reported** (M1):\n\n{}", lines.join("\n")))
}

fn request(facts: &Facts<'_>) -> Option<String> {
    let mut said = request_line(facts.event)?;
    if let Some(kind) = header(facts.event, "content-type") {
        said.push_str(", content type ");
        said.push_str(&inline::code(kind, 80));
    }
    Some(format!("**The request** (R1): {said}."))
}

/// Method, address and the names of the query parameters.
pub(super) fn request_line(event: &Event) -> Option<String> {
    let request = event.request.as_ref()?;
    let url = request
        .url
        .as_deref()
        .map(trail::bare_url)
        .filter(|url| !url.is_empty())?;
    let method = request
        .method
        .as_deref()
        .map(|method| format!("{} ", inline::line(method, 10)));
    let mut said = inline::code(&format!("{}{url}", method.unwrap_or_default()), 300);
    let own = request.query.as_deref();
    let query = own.or_else(|| {
        request
            .url
            .as_deref()?
            .split_once('?')
            .map(|(_, query)| query)
    });
    let names = query.map(query_names).unwrap_or_default();
    if !names.is_empty() {
        said.push_str(" with the query parameters ");
        said.push_str(&names.join(", "));
    }
    Some(said)
}

/// The names in a query; its values may be secret.
fn query_names(query: &str) -> Vec<String> {
    let query = query.get(..2_000).unwrap_or(query).trim_start_matches('?');
    let mut names = Vec::new();
    for pair in query.split('&') {
        let name = inline::code(pair.split('=').next().unwrap_or_default(), 40);
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(8);
    names
}

pub(super) fn header<'a>(event: &'a Event, name: &str) -> Option<&'a str> {
    let headers = &event.request.as_ref()?.headers;
    let (_, value) = headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    // Parameters (a boundary, a charset) change nothing here; some SDKs send a list of one.
    let value = value.split(';').next()?.trim_matches(['[', ']', '"', ' ']);
    (!value.is_empty()).then_some(value)
}

/// The last things that happened, oldest first: deeds and bad news before mere log lines.
fn before(facts: &Facts<'_>) -> Option<String> {
    let trail = &facts.trail;
    let telling = |step: &&trail::Step<'_>| step.is_deed() || step.bad;
    let mut chosen: Vec<_> = trail.iter().rev().filter(telling).take(CRUMBS).collect();
    if chosen.len() < 3 {
        chosen = trail.iter().rev().take(5).collect();
    }
    let lines = chosen.into_iter().rev().map(|step| {
        let when = step
            .before(facts.event.timestamp)
            .map(|when| format!("{when}: "));
        format!(
            "- {}{} ({})",
            when.unwrap_or_default(),
            step.describe(),
            step.id
        )
    });
    let mut lines: Vec<_> = lines.collect();
    if let Some((query, times)) = trail::repeated_query(trail) {
        lines.push(format!(
            "- of the queries, {} ran {times} times",
            inline::code(query, 120)
        ));
    }
    (!lines.is_empty()).then(|| format!("**Right before**, oldest first:\n\n{}", lines.join("\n")))
}

/// Release, environment, machine, runtime, system, browser, device: as far as known.
fn setting(facts: &Facts<'_>) -> Option<String> {
    let event = facts.event;
    let mut said = Vec::new();
    let mut plain = |label: &str, value: Option<&str>| {
        let value = value
            .map(|value| inline::code(value, 80))
            .unwrap_or_default();
        if !value.is_empty() {
            said.push(format!("{label} {value}"));
        }
    };
    plain("release", event.release.as_deref());
    plain("environment", event.environment.as_deref());
    plain("server", event.server_name.as_deref());
    for (label, value, id) in platform(facts) {
        said.push(format!("{label} {} ({id})", inline::code(&value, 80)));
    }
    (!said.is_empty()).then(|| format!("**Where it ran**: {}.", said.join(", ")))
}

/// What the program itself attached: its own tags and contexts.
fn attached(facts: &Facts<'_>) -> Option<String> {
    let tags = facts
        .event
        .tags
        .iter()
        .enumerate()
        .filter(|(_, (name, _))| !is_standard(name));
    let tags = tags.map(|(at, (name, value))| {
        format!("- {} ({})", pair(name, value), EvidenceKind::Tag.id(at))
    });
    let own = |values: &[(String, String)]| {
        !values
            .iter()
            .any(|(key, value)| key == "type" && is_standard(value))
    };
    let contexts = facts.event.contexts.iter().enumerate();
    let contexts = contexts.filter(|(_, (name, values))| !is_standard(name) && own(values));
    let contexts = contexts.map(|(at, (name, values))| {
        let values: Vec<_> = values
            .iter()
            .take(6)
            .map(|(key, value)| pair(key, value))
            .collect();
        format!(
            "- {}: {} ({})",
            inline::code(name, 40),
            values.join(", "),
            EvidenceKind::Context.id(at)
        )
    });
    let lines: Vec<_> = tags.take(8).chain(contexts.take(4)).collect();
    (!lines.is_empty()).then(|| format!("**What the program attached**:\n\n{}", lines.join("\n")))
}

/// Tags and contexts that SDKs and servers set by themselves.
fn is_standard(name: &str) -> bool {
    const NAMES: [&str; 42] = [
        "Replays",
        "RequestId",
        "ConnectionId",
        "accessibility",
        "angular",
        "dart_context",
        "flutter_context",
        "react",
        "sentry",
        "app",
        "browser",
        "client_os",
        "culture",
        "device",
        "dist",
        "environment",
        "feedback",
        "flags",
        "gpu",
        "handled",
        "interface_type",
        "level",
        "logger",
        "mechanism",
        "memory_info",
        "monitor",
        "os",
        "otel",
        "profile",
        "release",
        "replay",
        "replayId",
        "response",
        "runtime",
        "server_name",
        "site",
        "threadpool_info",
        "trace",
        "transaction",
        "unity",
        "url",
        "user",
    ];
    let family = name.split(['.', ':']).next().unwrap_or_default();
    NAMES.contains(&name) || NAMES.contains(&family)
}

/// What it ran on, from contexts, else from tags.
pub(super) fn platform(facts: &Facts<'_>) -> Vec<(&'static str, String, EvidenceId)> {
    let parts = ["runtime", "browser", "os", "device"]
        .into_iter()
        .filter_map(|name| {
            let tag = || {
                facts
                    .tag(name)
                    .map(|(value, id)| (inline::line(value, 80), id))
            };
            let (value, id) = facts.context(name).or_else(tag)?;
            let says_nothing = ["other", "unknown", "browser"]
                .iter()
                .any(|word| value.eq_ignore_ascii_case(word));
            if says_nothing {
                return None;
            }
            let label = if name == "os" { "system" } else { name };
            Some((label, value, id))
        });
    parts.collect()
}
