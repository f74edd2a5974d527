//! The small things every part of an event is made of: lists, pairs and times in their many shapes.

use jiff::{civil::DateTime, tz::TimeZone};

use super::{
    json::Node,
    limits::{MAX_NAME, MAX_PAIRS, MAX_TEXT},
};
use crate::domain::Timestamp;

/// The items of a part that may be a list, `{"values": […]}`, `{"value": …}` or a single one.
pub(super) fn items<'n, 'a>(node: &'n Node<'a>) -> &'n [Node<'a>] {
    match node {
        Node::List(items) => items,
        Node::Map(entries) => {
            let inner = node.any(&["values", "value"]);
            match inner {
                Node::List(items) => items,
                Node::Map(_) => std::slice::from_ref(inner),
                _ if entries.iter().any(|(key, _)| key == "values") => &[],
                _ => std::slice::from_ref(node),
            }
        }
        _ => &[],
    }
}

/// Pairs from a map, from `[[key, value], …]` or from `[{"key": …, "value": …}, …]`.
/// A pair without key or value is left out.
pub(super) fn pairs(node: &Node<'_>) -> Vec<(String, String)> {
    let from_map = node.entries().iter().map(|(key, value)| {
        let key = super::limits::cut(key, MAX_NAME);
        Some((key, value.flat(MAX_TEXT)?))
    });
    let from_list = node.list().iter().map(|item| {
        let (key, value) = match item {
            Node::List(pair) => (pair.first()?, pair.get(1)?),
            _ => (item.any(&["key", "name"]), item.get("value")),
        };
        Some((key.text(MAX_NAME)?, value.flat(MAX_TEXT)?))
    });
    from_map
        .chain(from_list)
        .flatten()
        .take(MAX_PAIRS)
        .collect()
}

/// A point in time: seconds since 1970, or RFC 3339 with or without a zone (then UTC).
pub(super) fn timestamp(node: &Node<'_>) -> Option<Timestamp> {
    if let Some(seconds) = node.number() {
        // Some clients send milliseconds; as seconds those would lie beyond the year 5000.
        let factor = if seconds.abs() < 1e11 { 1e3 } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from float saturates"
        )]
        return Timestamp::from_millisecond((seconds * factor).round() as i64).ok();
    }
    let text = node.str()?.trim();
    let time: Timestamp = text.parse().ok().or_else(|| {
        let naive: DateTime = text.parse().ok()?;
        Some(naive.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })?;
    Timestamp::from_millisecond(time.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::{super::json::parse, *};

    fn of(json: &str) -> Node<'_> {
        parse(json).unwrap().0
    }

    #[test]
    fn lists_come_in_five_shapes() {
        for (json, count) in [
            ("[1, 2]", 2),
            (r#"{"values": [1, 2]}"#, 2),
            (r#"{"value": [1]}"#, 1),
            (r#"{"value": {"type": "A"}}"#, 1),
            (r#"{"type": "A", "value": "text"}"#, 1),
            (r#"{"values": null}"#, 0),
            ("7", 0),
        ] {
            assert_eq!(items(&of(json)).len(), count, "{json}");
        }
    }

    #[test]
    fn pairs_come_in_three_shapes_and_lose_what_is_null() {
        for json in [
            r#"{"a": "b", "n": null, "l": [1, {"x": 2}]}"#,
            r#"[["a", "b"], ["n", null], [null, "v"], ["l", [1, {"x": 2}]], [], 5]"#,
            r#"[{"key": "a", "value": "b"}, {"key": null, "value": "v"}, {"key": "l", "value": [1, {"x": 2}]}]"#,
        ] {
            let found = pairs(&of(json));
            let found: Vec<_> = found
                .iter()
                .map(|(k, v)| (k.as_str(), v.as_str()))
                .collect();
            assert_eq!(found, [("a", "b"), ("l", r#"[1,{"x":2}]"#)], "{json}");
        }
    }

    #[test]
    fn times_come_in_many_shapes() {
        let expected = "2024-02-12T09:33:41.547Z".parse().ok();
        for json in [
            r#""2024-02-12T09:33:41.547Z""#,
            r#""2024-02-12T10:33:41.547999+01:00""#,
            r#""2024-02-12T09:33:41.547""#,
            r#""2024-02-12 09:33:41.547""#,
            r#""1707730421.547""#,
            "1707730421.547",
            "1707730421547",
        ] {
            assert_eq!(timestamp(&of(json)), expected, "{json}");
        }
        for json in ["null", r#""yesterday""#, "1e300", r#""""#, "[]"] {
            assert_eq!(timestamp(&of(json)), None, "{json}");
        }
    }
}
