//! The specification as one Markdown document.

use super::{harmless::harmless, inline};
use crate::{
    domain::{Culprit, Issue, Origin, PriorityReason, Provenance, Specification, Timestamp},
    explain::heuristics::HEURISTICS,
};

/// Writes the document of `specification` about `issue`. Sections nobody could fill are left out
/// and named at the end.
pub fn markdown(issue: &Issue, specification: &Specification) -> String {
    let text = |text: &str| harmless(&inline::lines(text.trim())).into_owned();
    let code = specification.code_examples.as_deref().map(text);
    let sections = [
        ("", head(issue, specification)),
        ("Summary", text(&specification.summary)),
        ("At a glance", glance(issue, specification)),
        ("Root cause", text(&specification.root_cause)),
        ("What happens", text(&specification.technical_description)),
        (
            "How to reproduce",
            numbered(&specification.reproduction_steps),
        ),
        ("Suggested fix", text(&specification.suggested_fix)),
        ("Code", code.unwrap_or_default()),
        (
            "Why this priority",
            reasons(&specification.priority_reasons),
        ),
        ("Related issues", related(&specification.related_issues)),
        ("Not verified", unverified(specification)),
        ("", foot(&specification.provenance)),
    ];
    let filled = sections.into_iter().filter(|(_, body)| !body.is_empty());
    let blocks = filled.map(|(title, body)| match title {
        "" => body,
        _ => format!("## {title}\n\n{body}"),
    });
    let mut document = blocks.collect::<Vec<_>>().join("\n\n");
    document.push('\n');
    document
}

/// The title, what issue it is, and who wrote this.
fn head(issue: &Issue, specification: &Specification) -> String {
    let title = inline::escape(&issue.title, 200);
    let title = if title.is_empty() {
        "Untitled issue"
    } else {
        &title
    };
    let id = issue.short_id.as_deref().unwrap_or(&issue.id);
    let project = if issue.project.name.is_empty() {
        &issue.project.slug
    } else {
        &issue.project.name
    };
    let known = [id, project, &issue.platform].map(|text| inline::escape(text, 80));
    let mut known: Vec<_> = known.into_iter().filter(|text| !text.is_empty()).collect();
    known.extend(issue.permalink.as_deref().and_then(link));
    let known = if known.is_empty() {
        String::new()
    } else {
        format!("{}\n\n", known.join(" · "))
    };
    format!("# {title}\n\n{known}*{}*", written_by(specification))
}

/// Only addresses that are plain enough to stand in a link.
fn link(url: &str) -> Option<String> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&*+,;=%".contains(c);
    (web && url.len() <= 500 && url.chars().all(plain))
        .then(|| format!("[open in the tracker](<{url}>)"))
}

fn written_by(specification: &Specification) -> String {
    match &specification.model {
        Some(model) => format!("Written by {}.", inline::code(model, 80)),
        None => format!(
            "Written by {HEURISTICS} from the evidence alone; no language model wrote any of it."
        ),
    }
}

/// What one wants to know first, as a table.
fn glance(issue: &Issue, specification: &Specification) -> String {
    let components: Vec<_> = specification
        .affected_components
        .iter()
        .map(|part| inline::code(part, 120))
        .collect();
    let rows = [
        ("Priority", priority(specification)),
        (
            "Effort",
            inline::escape(&specification.estimated_effort, 80),
        ),
        (
            "Look first at",
            specification
                .culprit
                .as_ref()
                .map(place)
                .unwrap_or_default(),
        ),
        ("Seen", seen(issue)),
        ("Components", components.join(", ")),
    ];
    let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
    let rows = rows.map(|(name, value)| format!("| {name} | {} |", inline::cell(&value)));
    format!("| | |\n|---|---|\n{}", rows.collect::<Vec<_>>().join("\n"))
}

fn priority(specification: &Specification) -> String {
    let word = specification.priority.as_str();
    if specification.priority_reasons.is_empty() {
        return format!("**{word}**");
    }
    format!(
        "**{word}** ({} points)",
        score(&specification.priority_reasons)
    )
}

fn score(reasons: &[PriorityReason]) -> i32 {
    reasons
        .iter()
        .fold(0, |sum, reason| sum.saturating_add(reason.points))
}

fn place(culprit: &Culprit) -> String {
    let function = culprit
        .function
        .as_deref()
        .map(|text| inline::code(text, 120))
        .unwrap_or_default();
    let file = culprit.file.as_deref().map(|file| {
        let line = culprit
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        inline::span(&format!("{}{line}", inline::line(file, 160)))
    });
    let file = file.unwrap_or_default();
    let joined = match (function.is_empty(), file.is_empty()) {
        (false, false) => format!("{function} at {file}"),
        _ => format!("{function}{file}"),
    };
    match culprit.evidence {
        Some(id) => format!(
            "{joined} ({id}{})",
            if culprit.in_app { ", own code" } else { "" }
        ),
        None => joined,
    }
}

fn seen(issue: &Issue) -> String {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let count = |count: u64, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {more}")),
    };
    let parts = [
        count(issue.count, "event", "events"),
        count(issue.user_count, "user", "users"),
        issue.first_seen.map(|at| format!("first {}", day(at))),
        issue.last_seen.map(|at| format!("last {}", day(at))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn numbered(steps: &[String]) -> String {
    let lines = (1..)
        .zip(steps)
        .map(|(number, step)| format!("{number}. {}", one_line(step)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A step or an id must not begin a block of its own.
fn one_line(text: &str) -> String {
    let line = inline::lines(text.trim()).replace('\n', " ");
    harmless(&line).into_owned()
}

fn reasons(reasons: &[PriorityReason]) -> String {
    if reasons.is_empty() {
        return String::new();
    }
    let rows = reasons.iter().map(|reason| {
        let because = inline::cell(&harmless(&reason.because));
        format!(
            "| {:+} | {} | {because} |",
            reason.points,
            inline::code(&reason.rule, 60)
        )
    });
    let rows = rows.collect::<Vec<_>>().join("\n");
    format!(
        "| points | rule | because |\n|---:|---|---|\n{rows}\n| **{}** | | the sum |",
        score(reasons)
    )
}

fn related(ids: &[String]) -> String {
    let lines = ids.iter().map(|id| format!("- {}", inline::code(id, 80)));
    lines.collect::<Vec<_>>().join("\n")
}

/// What the evidence does not bear out of a model's text.
fn unverified(specification: &Specification) -> String {
    let Some(grounding) = specification
        .grounding
        .as_ref()
        .filter(|found| !found.unverified.is_empty())
    else {
        return String::new();
    };
    let claims = grounding
        .unverified
        .iter()
        .map(|claim| format!("- {}", inline::escape(claim, 300)));
    let share = (grounding.score.clamp(0.0, 1.0) * 100.0).round();
    format!(
        "The evidence bears out {share} % of the claims, but not these:\n\n{}",
        claims.collect::<Vec<_>>().join("\n")
    )
}

/// Where each field came from, in one small line.
fn foot(provenance: &Provenance) -> String {
    let fields = [
        ("summary", provenance.summary),
        ("root cause", provenance.root_cause),
        ("description", provenance.technical_description),
        ("steps", provenance.reproduction_steps),
        ("fix", provenance.suggested_fix),
        ("code", provenance.code_examples),
        ("priority", provenance.priority),
        ("effort", provenance.estimated_effort),
        ("components", provenance.affected_components),
        ("related issues", provenance.related_issues),
    ];
    let origins = [
        Origin::Model,
        Origin::Repaired,
        Origin::Heuristic,
        Origin::Missing,
    ];
    let parts = origins.into_iter().filter_map(|origin| {
        let of = fields
            .iter()
            .filter(|(_, from)| *from == origin)
            .map(|(name, _)| *name);
        let of = of.collect::<Vec<_>>().join(", ");
        (!of.is_empty()).then(|| format!("{}: {of}", origin.as_str()))
    });
    format!(
        "---\n\n*Where each field came from: {}.*",
        parts.collect::<Vec<_>>().join("; ")
    )
}
