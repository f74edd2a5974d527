//! Looks for words in what failed and in where it failed.

use crate::explain::heuristics::facts::Facts;

/// The first of these words in class or message of any exception, or in the logged message.
pub(super) fn said(facts: &Facts<'_>, words: &[&'static str]) -> Option<&'static str> {
    let failure = [
        facts.failure.kind.as_deref(),
        facts.failure.message.as_deref(),
    ];
    let above = facts.event.exceptions.iter().rev().take(8);
    let above = above.flat_map(|one| [one.kind.as_deref(), one.value.as_deref()]);
    let mut texts = failure.into_iter().chain(above).flatten();
    texts.find_map(|text| {
        let text = text
            .chars()
            .take(500)
            .collect::<String>()
            .to_ascii_lowercase();
        words.iter().find(|word| text.contains(*word)).copied()
    })
}

/// The first of these words in the names of own code, the route, or a class of the chain.
pub(super) fn said_in<'a>(
    facts: &Facts<'a>,
    words: &[&'static str],
) -> Option<(&'static str, &'a str)> {
    let code = facts
        .path
        .iter()
        .take(30)
        .flat_map(|call| [call.frame.function.as_deref(), call.frame.place()]);
    let url = facts
        .event
        .request
        .as_ref()
        .and_then(|request| request.url.as_deref());
    let kinds = facts
        .event
        .exceptions
        .iter()
        .rev()
        .take(8)
        .map(|one| one.kind.as_deref());
    let places = code
        .chain([url, facts.event.transaction.as_deref()])
        .chain(kinds)
        .flatten();
    let mut places = places.map(|place| {
        (
            place
                .chars()
                .take(300)
                .collect::<String>()
                .to_ascii_lowercase(),
            place,
        )
    });
    places.find_map(|(lower, place)| {
        let word = words.iter().find(|word| lower.contains(*word))?;
        Some((*word, place))
    })
}
