//! Quoted texts: where one ends, whatever it is quoted with.

use std::ops::Range;

use super::text::{Text, is_quote};

/// A quoted text.
pub(super) struct Quoted {
    /// What is quoted.
    pub(super) inside: Range<usize>,
    /// The end of the closing mark.
    pub(super) end: usize,
}

/// The quoted text that begins at `start`.
///
/// The marks may have a prefix (`b'…'`, `f"…"`), be escaped themselves (JSON within JSON) or
/// percent-encoded. A text without an end, because it was cut, ends with its line.
pub(super) fn at(text: Text<'_>, start: usize) -> Option<Quoted> {
    if text.has(start, "%22") {
        let end = text.find(start + 3, "%22")?;
        return Some(Quoted {
            inside: start + 3..end,
            end: end + 3,
        });
    }
    let prefix = text.run(start, |byte| b"bfruBFRU@$".contains(&byte));
    let start = if prefix - start <= 2 { prefix } else { start };
    let open = text.run(start, |byte| byte == b'\\');
    let mark = text.byte(open);
    is_quote(mark).then(|| closing(text, open, open - start))
}

/// Where the text ends whose mark at `open` has `depth` backslashes before it. So has the closing
/// one; backslashes that are quoted themselves come on top, always `2 × (depth + 1)` at a time.
fn closing(text: Text<'_>, open: usize, depth: usize) -> Quoted {
    let mark = text.byte(open);
    let mut at = open + 1;
    loop {
        at = text.run(at, |byte| byte != mark && byte != b'\\' && byte != b'\n');
        let slashes = text.run(at, |byte| byte == b'\\') - at;
        let next = text.byte(at + slashes);
        if next == mark && slashes % (2 * (depth + 1)) == depth {
            return Quoted {
                inside: open + 1..at,
                end: at + slashes + 1,
            };
        }
        let cut = at + slashes >= text.len() || slashes == 0 && next == b'\n';
        let outer_ends = next == mark && slashes < depth;
        if cut || outer_ends {
            return Quoted {
                inside: open + 1..at,
                end: at,
            };
        }
        at += slashes.max(1);
        at += usize::from(slashes > 0 && next == mark);
    }
}
