//! Takes envelopes apart: a header line, then items of a header line and a payload each.
//!
//! The format is Sentry's (<https://develop.sentry.dev/sdk/data-model/envelopes/>). What the
//! payloads hold is [`super::document`]'s.

use super::{
    document::is_event,
    json::{Node, parse},
    limits::MAX_ITEMS,
};

/// One item: its type, and its payload as sent.
pub(super) struct Item<'d> {
    pub(super) kind: String,
    pub(super) payload: &'d [u8],
}

/// The items, when `document` is an envelope.
pub(super) fn items(document: &[u8]) -> Option<Vec<Item<'_>>> {
    let (header, mut rest) = line(document);
    // The header of an envelope may name an event, yet holds none of its parts.
    let is_header = |node: &Node<'_>| node.get("type").is_null() && !is_event(node);
    if rest.is_empty() || !with_map(header, is_header)? {
        return None;
    }

    let mut items = Vec::new();
    while !rest.is_empty() && items.len() < MAX_ITEMS {
        let (header, after) = line(rest);
        if header.iter().all(u8::is_ascii_whitespace) {
            rest = after;
            continue;
        }
        let said = with_map(header, |node| {
            let length = node
                .get("length")
                .text(20)
                .and_then(|text| text.parse().ok());
            Some((node.get("type").text(64)?, length))
        });
        let Some((kind, length)) = said.flatten() else {
            break;
        };
        let (payload, after) = match length {
            Some(length) => after.split_at(after.len().min(length)),
            None => line(after),
        };
        items.push(Item { kind, payload });
        rest = after;
    }
    (!items.is_empty()).then_some(items)
}

fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

/// Reads a header line, when it is a JSON object and nothing else.
fn with_map<T>(line: &[u8], read: impl FnOnce(&Node<'_>) -> T) -> Option<T> {
    let text = std::str::from_utf8(line).ok()?;
    let (node, rest) = parse(text).ok()?;
    (node.is_map() && rest.is_empty()).then(|| read(&node))
}
