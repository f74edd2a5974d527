//! Rust panics and errors of its standard library.

use super::{Advice, BLANK, Family, Shape::Replace, Work::Quick};

const RUST: &[Family] = &[Family::Rust];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        message: r"PoisonError|poisoned lock",
        cause: "A thread panicked while it held {subject|a lock}, which is poisoned since: that first panic is the cause, and this one follows from it.",
        open: "{earlier_panic|The event does not hold that first panic: look for one right before}.",
        fix: "Fix the first panic. Then decide in {function} whether what the lock guards is still sound: if so, go on with `unwrap_or_else(PoisonError::into_inner)`, else rebuild it.",
        test: "panics while the lock is held and expects {function} to cope",
        subject: &[".lock()", ".read()", ".write()"],
        ..BLANK
    },
    Advice {
        message: r"called `Option::(?<method>unwrap|expect)\(\)` on a `None` value",
        subject: &[".unwrap()", ".expect("],
        cause: "{subject|An `Option`} was `None` where the code insists on a value.",
        fix: "Let {function} say what happens without a value: `let … else { return … }`, `ok_or_else(…)?`, or a default with `unwrap_or`. Keep `expect` for what cannot happen, with the reason as its text.",
        test: "makes {subject|the option} `None` and expects an `Err` instead of a panic",
        shape: Replace(".unwrap()", ".ok_or(Error::Missing)?"),
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"index out of bounds: the len is (?<length>\d+) but the index is (?<index>\d+)",
        subject: &["["],
        cause: "Index {index} was used on {subject|a slice} of length {length}.",
        fix: "Use `.get(…)` in {function} and handle `None`, or check the length where the index is computed; an empty slice (length 0) usually means that an earlier step gave nothing.",
        test: "calls {function} with {length} elements",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"range (end|start) index (?<index>\d+) out of range for slice of length (?<length>\d+)|slice index starts at (?<from>\d+) but ends at (?<to>\d+)",
        cause: "A slice was cut outside of its bounds.",
        fix: "Use `.get(a..b)` and handle `None`, or clamp the bounds where they are computed in {function}.",
        test: "calls {function} with input shorter than the range",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"byte index (?<index>\d+) is (not a char boundary|out of bounds)",
        cause: "A `str` was cut at byte {index}, in the middle of a character. Lengths in characters and in bytes were mixed.",
        fix: "Cut at boundaries from `char_indices` or `floor_char_boundary`, or use `.get(a..b)`.",
        test: "feeds {function} text with an emoji at the cut",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"^already (?<how>mutably borrowed|borrowed)|BorrowMutError|BorrowError",
        cause: "A `RefCell` was borrowed twice at once. Most likely a callback runs while a borrow is still alive.",
        fix: "Shorten the borrow: copy out what is needed and drop the guard before calling other code; or use `try_borrow_mut` where re-entry is legitimate.",
        test: "re-enters {function} from its own callback",
        ..BLANK
    },
    Advice {
        families: RUST,
        message: r"attempt to (?<operation>add|subtract|multiply|negate|shift left|shift right) with overflow",
        cause: "An integer overflowed (attempt to {operation}). Subtraction of unsigned numbers below zero is the usual case. In a release build without overflow checks it would have wrapped around silently.",
        fix: "Use `checked_…` and handle `None`, or `saturating_…` where clamping is right, on that line in {function}.",
        test: "calls {function} with zero and with the largest value",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: RUST,
        message: r"attempt to (divide|calculate the remainder) ?(of|with)? ?(by|a divisor of)? zero",
        cause: "Something was divided by zero. Most likely a count is zero when there is no data.",
        fix: "Use `checked_div` or branch on zero in {function} before dividing.",
        test: "calls {function} with no data",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"there is no reactor running|Cannot (start|drop) a runtime|can call blocking only when",
        cause: "Asynchronous and blocking code of Tokio were mixed: a future was polled outside of a runtime, or a runtime was made or dropped inside one.",
        fix: "Enter the runtime at the top of the program only; move blocking work into `spawn_blocking`.",
        test: "calls {function} from a plain thread and from a task",
        ..BLANK
    },
    Advice {
        families: RUST,
        message: r"invalid digit found in string|invalid float literal|cannot parse integer from empty string|provided string was not",
        cause: "Text that is no number was parsed as one. Most likely the setting or the input is empty or has spaces or a unit.",
        fix: "Trim and validate the text where it comes in, and name the field and the value in the error (`with_context`), so that the next report tells which one it was.",
        open: "The message does not say which text was parsed.",
        test: "parses an empty text, ` 1 ` and `1k`",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: RUST,
        message: r"entered unreachable code|not implemented|not yet implemented",
        cause: "Code was reached that its author took for unreachable, or has not written yet.",
        fix: "Find which value leads here, give it its own branch in {function}, and answer an error for the rest.",
        test: "leads {function} here with the value from this event",
        ..BLANK
    },
    Advice {
        families: RUST,
        message: r"^task \d+ panicked|JoinError::Panic",
        cause: "A spawned task panicked, and this is where its end was awaited: that panic is the cause.",
        open: "{earlier_panic|The event does not hold that first panic: look for one right before}.",
        fix: "Fix the panic. Where one task may fail without the others, match on the `JoinError` in {function} and go on.",
        test: "lets the task panic and expects a defined outcome of {function}",
        ..BLANK
    },
    // After those that know the error.
    Advice {
        message: r"called `Result::(unwrap|expect)\(\)` on an `Err` value: (?<error>.{1,120})",
        subject: &[".unwrap()", ".expect("],
        cause: "{subject|A fallible call} failed with {error}, and the code insists that it cannot.",
        fix: "Pass the error on with `?` (add context on the way), or handle it in {function}. Keep `unwrap` for what cannot fail.",
        test: "makes the call fail and expects {function} to answer an `Err`",
        shape: Replace(".unwrap()", "?"),
        work: Quick,
        ..BLANK
    },
];
