//! C#, .NET, ASP.NET Core, Unity.

use super::{
    Advice, BLANK, Family,
    Shape::{Guard, Replace},
    Work::Quick,
};

const DOTNET: &[Family] = &[Family::Dotnet];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        kinds: &["NullReferenceException"],
        null: true,
        cause: "{subject|A reference on that line} was null when a member of it was used. Most likely a lookup found nothing, or a field was not assigned (in Unity: not set in the inspector, or destroyed).",
        open: "The message does not say which reference it was.",
        fix: "Handle the null in {function} where the value is obtained: return early, throw an exception that says what was missing, or use `?.` where nothing is a fine answer. `<Nullable>enable</Nullable>` finds the other places.",
        test: "calls {function} with {subject|each reference on that line} null",
        shape: Guard(
            "if ({subject} is null)\n    throw new InvalidOperationException(\"{subject} is missing\"); // or return",
        ),
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["ArgumentNullException"],
        message: r"(Parameter '|Parameter name: ?)(?<name>\w+)",
        cause: "The argument {name} was null, and the called method refuses that.",
        fix: "Find out in {function} why {name} has no value: an absent setting, an empty body, a failed lookup. Validate it at the border.",
        test: "calls {function} without {name}",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["ArgumentOutOfRangeException"],
        message: r"(Parameter '|Parameter name: ?)(?<name>\w+)",
        cause: "The argument {name} lies outside of what the called method takes; often an index into an empty or shorter list.",
        fix: "Check the bounds in {function} before the call.",
        test: "calls {function} with an empty list",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["InvalidOperationException"],
        message: r"Sequence contains (?<what>no elements|no matching element|more than one (matching )?element)",
        cause: "`First`/`Single` met a sequence with {what}.",
        fix: "Use `FirstOrDefault`/`SingleOrDefault` in {function} and handle null; if more than one is impossible, add a unique index.",
        test: "calls {function} with no and with two matching rows",
        shape: Replace(".First()", ".FirstOrDefault()"),
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["InvalidOperationException"],
        message: r"Collection was modified",
        cause: "A collection was changed while it was iterated over, by the loop or by another thread.",
        fix: "Iterate over a copy (`ToList()`), or lock, or use a concurrent collection.",
        test: "removes an element inside the loop of {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["InvalidOperationException"],
        message: r"second operation (was )?started on this context",
        cause: "One `DbContext` was used by two operations at once; a call without `await` is the usual reason.",
        open: "{not_awaited|Look for such a call shortly before on the same path}.",
        fix: "Await every call, and create one context per unit of work (`IDbContextFactory`).",
        test: "calls {function} twice in parallel",
        ..BLANK
    },
    Advice {
        kinds: &["InvalidOperationException"],
        message: r"(Unable to resolve service for type|No service for type) '(?<service>[^']+)'",
        cause: "The service {service} is not registered in the container.",
        fix: "Register it in the start-up code; switch on `ValidateOnBuild` so that this fails at start.",
        test: "builds the host",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["InvalidCastException"],
        message: r"Unable to cast object of type '(?<from>[^']+)' to type '(?<to>[^']+)'",
        cause: "A {from} was taken for a {to}.",
        fix: "Use pattern matching (`is`) in {function} and handle the other types; `DBNull` needs its own branch.",
        test: "passes a {from} to {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["KeyNotFoundException"],
        message: r"key '(?<name>[^']+)'",
        cause: "A dictionary has no key {name}.",
        fix: "Use `TryGetValue` in {function} and decide what a missing key means.",
        test: "calls {function} without {name}",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["KeyNotFoundException"],
        cause: "A dictionary does not have the key that was asked for.",
        open: "The message does not say which key it was.",
        fix: "Use `TryGetValue` in {function} and decide what a missing key means.",
        test: "calls {function} with a key that does not exist",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: DOTNET,
        kinds: &["IndexOutOfRangeException"],
        subject: &["["],
        cause: "{subject|An array} is shorter than the index used.",
        fix: "Check its length in {function} before reading.",
        test: "calls {function} with an empty array",
        shape: Guard(
            "if ({subject}.Length == 0)\n    return; // or throw an exception of your own",
        ),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: DOTNET,
        kinds: &["FormatException", "OverflowException"],
        cause: "Text was parsed as a number, a date or a GUID and has another form, or the number does not fit its type. A culture with other separators is a usual reason.",
        fix: "Use `TryParse` with `CultureInfo.InvariantCulture` in {function}, and refuse the input by name.",
        test: "parses an empty text, `1,5` and `1.5` under two cultures",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["ObjectDisposedException"],
        message: r"Object name: '(?<name>[^']+)'|Cannot access a (disposed|closed)",
        cause: "{name|An object} was used after it was disposed. Most likely a task outlives the request it began in.",
        fix: "Await the task, or give background work its own scope (`IServiceScopeFactory`).",
        test: "ends the request while the task runs",
        ..BLANK
    },
    Advice {
        kinds: &["TaskCanceledException", "OperationCanceledException"],
        cause: "An operation was cancelled: the client went away, or a timeout of `HttpClient` (100 s unless set) ran out.",
        open: "The evidence does not tell which of the two: an inner `TimeoutException` means the timeout.",
        fix: "Do not report cancellations of the request's own token in {function}; for timeouts look at the slow service and set a timeout that fits.",
        test: "cancels the token and expects no event, then lets the service hang",
        ..BLANK
    },
    Advice {
        kinds: &["DivideByZeroException"],
        cause: "Something was divided by zero. Most likely a count is zero when there is no data.",
        fix: "Branch on zero in {function} before dividing.",
        test: "calls {function} with no data",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["TypeInitializationException"],
        message: r"type initializer for '(?<type>[^']+)'",
        cause: "The static constructor of {type} failed; every later use of it fails the same way. The inner exception is the cause.",
        fix: "Fix the inner exception, and move work that can fail out of static initialisation.",
        test: "touches {type} with the setting absent",
        ..BLANK
    },
    Advice {
        families: DOTNET,
        kinds: &[
            "JsonException",
            "JsonReaderException",
            "JsonSerializationException",
        ],
        cause: "JSON did not fit the class it was read into, or was no JSON at all.",
        fix: "Check status and content type before reading, make optional members nullable, and report path and position.",
        test: "reads an empty body and an HTML page",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: DOTNET,
        kinds: &["ArgumentException"],
        message: r"same key has already been added\.?( Key: (?<name>.{1,60}))?",
        cause: "A dictionary was given the key {name|of an element} twice: the data has duplicates.",
        fix: "Group or deduplicate before `ToDictionary` in {function}, or use the indexer where the last one wins.",
        test: "calls {function} with a duplicate",
        work: Quick,
        ..BLANK
    },
];
