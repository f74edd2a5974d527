//! Dart and Flutter.

use super::{
    Advice, BLANK, Family,
    Shape::{Guard, Replace},
    Work::Quick,
};

const DART: &[Family] = &[Family::Dart];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        message: r"Null check operator used on a null value",
        null: true,
        subject: &["!"],
        cause: "{subject|A value} was null behind a `!`.",
        fix: "Replace the `!` in {function} by a branch: return early, show an empty state, or give a default with `??`.",
        test: "calls {function} with {subject|that value} null",
        shape: Guard("if ({subject} == null) return; // or show an empty state"),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: DART,
        message: r"The (method|getter|setter|operator) '(?<name>[^']+)' was called on null",
        null: true,
        subject: &[".{name}"],
        cause: "{subject|A value} was null when {name} was called on it.",
        fix: "Handle the null in {function}; sound null safety finds the other places.",
        test: "calls {function} with {subject|that value} null",
        shape: Guard("if ({subject} == null) return; // or show an empty state"),
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"LateInitializationError|(Field|Local) '(?<name>[^']+)' has not been initialized",
        cause: "The `late` variable {name|of this class} was read before it was set.",
        fix: "Set it in the constructor or in `initState`, or make it nullable.",
        test: "builds the widget before the data is there",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: DART,
        message: r"type '(?<got>[^']+)' is not a subtype of type '(?<wanted>[^']+)'",
        cause: "A {got} came where {wanted} is needed. Most likely JSON has another type there, or null.",
        fix: "Convert explicitly where the JSON is read, allow null where it may be absent, and report the field.",
        test: "reads a document with a {got} in that place",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: DART,
        message: r"setState\(\) called after dispose",
        cause: "A widget was updated after it had been removed. Most likely a future or a listener ended late.",
        fix: "Check `mounted` in {function} before `setState`, and cancel timers and subscriptions in `dispose`.",
        test: "removes the widget while the future runs",
        shape: Guard("if (!mounted) return;"),
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(setState|markNeedsBuild)\(\) .*called during build",
        cause: "State was changed while the tree was being built.",
        fix: "Move the change out of `build`: into a handler, `initState`, or `addPostFrameCallback`.",
        test: "pumps the widget once",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(?<widget>\w+)\.of\(\) called with a context that does not contain",
        cause: "The `of` of {widget} was called with a context above the {widget}: usually the context of the very widget that creates it.",
        fix: "Wrap the part that needs it in a `Builder` (or make it a widget of its own), so that {function} gets a context below the {widget}; for messages use `ScaffoldMessenger.of`.",
        test: "pumps the widget and triggers the call",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Looking up a deactivated widget's ancestor",
        cause: "A context was used after its widget was gone, most likely after an `await`.",
        fix: "Check `context.mounted` after every `await` in {function}, or look the ancestor up before.",
        test: "leaves the screen during the await",
        shape: Guard("if (!context.mounted) return;"),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: DART,
        message: r"RenderFlex overflowed by (?<pixels>[\d.]+) pixels",
        cause: "A row or a column was larger than its place by {pixels} pixels.",
        fix: "Wrap the growing child in `Expanded`/`Flexible`, or let the content scroll.",
        test: "pumps the widget at 320 pixels and with large text",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Bad state: (No element|Too many elements)",
        cause: "`first`, `last` or `single` was taken of an iterable with another number of elements.",
        fix: "Use `firstOrNull` in {function} and decide what nothing means.",
        test: "calls {function} with an empty list",
        shape: Replace(".first", ".firstOrNull"),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: DART,
        message: r"RangeError.*(index|end).*?: ?(?<index>-?\d+)|Invalid value: .*?: (?<value>-?\d+)",
        subject: &["["],
        cause: "{subject|A list} is shorter than the index {index|{value}}.",
        fix: "Check the length in {function} before reading.",
        test: "calls {function} with an empty list",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["MissingPluginException"],
        cause: "The native side of a plugin is not there: not registered in this isolate, or the application was not rebuilt after the plugin was added.",
        fix: "Rebuild fully, register plugins in background isolates, and check the platform before the call.",
        test: "calls the plugin in a release build on each platform",
        ..BLANK
    },
];
