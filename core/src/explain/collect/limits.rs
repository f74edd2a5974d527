//! How much of a document is read. Real events stay far below; hostile ones stop here.

/// The largest document, in bytes.
pub const MAX_DOCUMENT: usize = 20 * 1024 * 1024;
/// The deepest nesting of JSON.
pub(super) const MAX_DEPTH: usize = 64;
/// JSON values in one document.
pub(super) const MAX_VALUES: usize = 1_000_000;
/// Items of one envelope, lines of one file of documents.
pub(super) const MAX_ITEMS: usize = 10_000;

/// Bytes of a message or of an exception's value.
pub(super) const MAX_MESSAGE: usize = 64 * 1024;
/// Bytes of a value: a tag, a local variable, a request's body.
pub(super) const MAX_TEXT: usize = 8 * 1024;
/// Bytes of a name: a function, a file, a key.
pub(super) const MAX_NAME: usize = 1024;
/// Bytes of a line of source.
pub(super) const MAX_LINE: usize = 1024;

/// Exceptions of a chain, threads of an event.
pub(super) const MAX_STACKS: usize = 100;
/// Frames of one stack.
pub(super) const MAX_FRAMES: usize = 2000;
/// Source lines around one frame.
pub(super) const MAX_CONTEXT: usize = 100;
/// Breadcrumbs of an event.
pub(super) const MAX_BREADCRUMBS: usize = 500;
/// Tags, headers, locals of a frame, contexts…: of each.
pub(super) const MAX_PAIRS: usize = 200;

/// At most `max` bytes of `text`, cut between characters and marked as cut.
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = max.saturating_sub('…'.len_utf8());
    let kept = (0..=end).rev().find_map(|end| text.get(..end));
    format!("{}…", kept.unwrap_or_default())
}

/// At most `max` items: the first and the last, which tell most of a stack or a chain.
pub(super) fn ends<T>(items: &[T], max: usize) -> impl Iterator<Item = &T> {
    let left_out = items.len().saturating_sub(max);
    let (head, tail) = items.split_at(items.len().min(max) / 2);
    head.iter().chain(tail.iter().skip(left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("ééé", 6), "ééé");
        assert_eq!(cut("éééé", 7), "éé…");
        assert_eq!(cut("éé", 1), "…");
    }

    #[test]
    fn the_middle_of_a_long_list_is_left_out() {
        let items = [1, 2, 3, 4, 5, 6];
        assert_eq!(ends(&items, 9).copied().collect::<Vec<_>>(), items);
        assert_eq!(ends(&items, 3).copied().collect::<Vec<_>>(), [1, 5, 6]);
    }
}
