//! The place in the code to look at first.

use super::{facts::Facts, inline, trail};
use crate::domain::Culprit;

/// The crash frame; without one, what else names a place: the source file or the page of a browser's
/// report, the transaction, the source's own word, the logger.
pub(super) fn find(facts: &Facts<'_>) -> Option<Culprit> {
    let short = |text: &str| Some(inline::line(text, 300)).filter(|text| !text.is_empty());
    if let Some(crash) = facts.crash {
        return Some(Culprit {
            function: crash.frame.function.as_deref().and_then(short),
            file: crash.file().and_then(short),
            line: crash.frame.line.filter(|line| *line > 0),
            evidence: Some(crash.id),
            in_app: crash.own,
        });
    }
    let page = || Some(trail::bare_url(facts.finding(&["document_uri"])?));
    let file = facts
        .finding(&["source_file"])
        .and_then(short)
        .or_else(page);
    let line = facts
        .finding(&["line_number"])
        .and_then(|line| line.parse().ok());
    let event = facts.event;
    let named = [
        event.transaction.as_deref(),
        event.culprit.as_deref(),
        facts.evidence.issue.culprit.as_deref(),
    ];
    let function = named.into_iter().flatten().find_map(short);
    let logger = || event.logger.as_deref().and_then(short);
    let culprit = match file {
        Some(file) => Culprit {
            file: Some(file),
            line,
            ..Culprit::default()
        },
        None => Culprit {
            function: function.or_else(logger),
            ..Culprit::default()
        },
    };
    (culprit != Culprit::default()).then_some(culprit)
}
