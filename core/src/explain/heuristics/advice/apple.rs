//! Swift and Objective-C on Apple's systems. Bare signals are in [`super::native`].

use super::{
    Advice, BLANK, Family,
    Shape::Guard,
    Work::{Deep, Quick},
};

const APPLE: &[Family] = &[Family::Apple];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        message: r"Unexpectedly found nil while (implicitly )?unwrapping an Optional",
        null: true,
        subject: &["!"],
        cause: "{subject|An optional} was `nil` and was force-unwrapped. For an `@IBOutlet` it means that the view was not loaded or not connected.",
        fix: "Use `guard let … else { return }` in {function}, and decide what a missing value means.",
        test: "calls {function} with {subject|the optional} being `nil`",
        shape: Guard("guard let {subject} else { return }"),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: APPLE,
        message: r"Index out of range|Array index is out of range",
        subject: &["["],
        cause: "{subject|An array} is shorter than the index used. In a list view the data most likely changed between counting and asking.",
        fix: "Check `indices.contains(…)` in {function}, and change data and view in one step.",
        test: "calls {function} with an empty array",
        shape: Guard("guard !{subject}.isEmpty else { return }"),
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"\[(?<class>\S+) (?<selector>[^\]]+)\]: unrecognized selector sent to (instance|class)",
        cause: "A {class} was sent {selector}, which it does not know: another type than expected, or an object freed and its place taken by another.",
        fix: "Check the type before the call in {function} (`as?`), connect the action again in the storyboard, and look for an `assign`/`unowned` reference that outlives its object.",
        test: "passes a {class} to {function}",
        ..BLANK
    },
    Advice {
        kinds: &["NSRangeException"],
        message: r"index (?<index>\d+) beyond bounds( for empty array| \[0 \.\. (?<last>\d+)\])?",
        cause: "Index {index} lies beyond the end of an array.",
        fix: "Check `count` in {function} before reading.",
        test: "calls {function} with an empty array",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["NSInternalInconsistencyException"],
        message: r"(?i)(invalid update|number of (rows|items|sections))",
        cause: "A table or collection view was told of changes that do not fit its data.",
        fix: "Change the data and call `performBatchUpdates` in one step on the main thread, or use a diffable data source.",
        test: "inserts and deletes rows in one update",
        ..BLANK
    },
    Advice {
        kinds: &["NSInvalidArgumentException"],
        message: r"(?i)(insert nil object|object cannot be nil|attempt to insert nil)",
        null: true,
        cause: "`nil` was put into a collection.",
        fix: "Check the value in {function} before inserting it.",
        test: "calls {function} without that value",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?i)app hang|App hanging",
        kinds: &["App Hanging", "AppHang", "App Hang"],
        cause: "The main thread did not answer for some seconds.",
        fix: "Move the work of {function} off the main thread; avoid synchronous I/O and locks there.",
        test: "runs {function} under the main-thread checker with slow I/O",
        work: Deep,
        ..BLANK
    },
    Advice {
        kinds: &["App Hanging", "AppHang", "App Hang", "Fatal App Hang"],
        cause: "The main thread did not answer for some seconds.",
        fix: "Move the work of {function} off the main thread; avoid synchronous I/O and locks there.",
        test: "runs {function} under the main-thread checker with slow I/O",
        work: Deep,
        ..BLANK
    },
    Advice {
        kinds: &["WatchdogTermination", "OutOfMemory", "EXC_RESOURCE"],
        cause: "The system ended the application, most likely for its memory.",
        open: "There is no stack of such an end: only what happened before is known.",
        fix: "Look at the breadcrumbs for what was shown or loaded last, and profile its memory with Instruments; size images down and empty caches on a memory warning.",
        test: "repeats that screen fifty times and watches the memory",
        work: Deep,
        ..BLANK
    },
    Advice {
        kinds: &["EXC_BREAKPOINT"],
        cause: "Swift stopped the process at a failed check: a forced unwrap of `nil`, an index out of range, an overflow or a `fatalError`.",
        open: "Without the message the evidence does not tell which check it was.",
        fix: "Look at the line in {function} for `!`, `try!`, `as!`, an index or arithmetic, and handle the failing case with `guard`.",
        test: "calls {function} with empty and missing values",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"NSURLErrorDomain.{0,20}(Code=)?-(?<code>\d+)",
        cause: "A request failed in the network (`NSURLErrorDomain`, code -{code}): -1009 offline, -1001 timeout, -1003 host not found, -1200 TLS, -999 cancelled.",
        fix: "Handle it in {function}: retry what is idempotent, tell the user, and do not report offline and cancelled.",
        test: "switches the network off and calls {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(keyNotFound|typeMismatch|valueNotFound|dataCorrupted)\(",
        cause: "A JSON document did not fit the `Decodable` type.",
        fix: "Make what may be absent optional, and decode unknown enum values to a default.",
        test: "decodes the document that failed",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["NSUnknownKeyException"],
        message: r"not key value coding-compliant for the key (?<name>\S+)",
        cause: "A storyboard is connected to {name}, which the class does not have any more.",
        fix: "Remove or reconnect the outlet in the storyboard.",
        test: "loads the view",
        work: Quick,
        ..BLANK
    },
];
