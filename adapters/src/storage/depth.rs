//! How deep what is stored as JSON may be nested.

/// The reader of JSON goes no deeper.
const DEEPEST: usize = 127;

/// Whether this JSON can be read again. What could not would stand in the way of every list and of
/// the queue.
pub(super) fn is_readable(json: &str) -> bool {
    let (mut depth, mut in_text, mut is_escaped) = (0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth -= 1,
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
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
