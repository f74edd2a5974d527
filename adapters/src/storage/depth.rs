//! How deep what is stored as JSON may be nested.

use memchr::memchr2;

/// The reader of JSON goes no deeper.
const DEEPEST: usize = 127;

/// Whether this JSON can be read again. What could not would stand in the way of every list and of
/// the queue.
pub(super) fn is_readable(json: &str) -> bool {
    let (mut depth, mut rest) = (0_usize, json.as_bytes());
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_text(after),
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

/// What follows the quotation mark that ends a text. Most of what is stored is texts.
fn after_text(mut text: &[u8]) -> &[u8] {
    while let Some(at) = memchr2(b'"', b'\\', text) {
        if text[at] == b'"' {
            return &text[at + 1..];
        }
        text = text.get(at + 2..).unwrap_or_default();
    }
    &[]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_readable_is_read_and_nothing_else() {
        for depth in [0, 1, 126, 127, 128, 500] {
            let opening = r#"{"a\"[":"#.repeat(depth);
            let json = format!(r#"{opening}"}}\\"{}"#, "}".repeat(depth));
            let reads = serde_json::from_str::<Value>(&json).is_ok();
            assert_eq!(is_readable(&json), reads, "{depth}");
            assert_eq!(reads, depth <= DEEPEST);
        }
    }
}
