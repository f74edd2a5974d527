//! JavaScript and TypeScript, in browsers and on Node. What only browsers do is in [`super::browser`].

use super::{Advice, BLANK, Family, Shape::Guard, Work::Quick};

const JS: &[Family] = &[Family::JavaScript];
const NULL_GUARD: &str = "if ({subject} == null) {\n  throw new Error(\"{subject} is missing\"); // or return what the caller can use\n}";
const UNDEFINED_CAUSE: &str = "{subject|A value on that line} was not there when {name|a property of it} was read. Most likely data had not arrived yet, a lookup found nothing, or an answer had another shape than expected.";
const UNDEFINED_FIX: &str = "Decide in {function} what a missing {subject|value} means: return early, show a loading or empty state, or throw an error that says what was missing. Use `?.` only where «nothing» is a fine result. `strictNullChecks` finds the other places.";
const UNDEFINED_TEST: &str =
    "calls {function} with {subject|that value} being `undefined` and expects a defined outcome";

pub(super) static ROWS: &[Advice] = &[
    Advice {
        message: r"Cannot read propert(y|ies) (of (undefined|null) \(reading )?'(?<name>[^']+)'",
        null: true,
        subject: &[
            "?.{name}",
            ".{name}",
            "['{name}']",
            "[\"{name}\"]",
            "[{name}]",
        ],
        cause: UNDEFINED_CAUSE,
        fix: UNDEFINED_FIX,
        test: UNDEFINED_TEST,
        shape: Guard(NULL_GUARD),
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"(undefined|null) is not an object \(evaluating '(?<subject>[^']+)\.(?<name>\w+)[^']*'\)",
        null: true,
        cause: UNDEFINED_CAUSE,
        fix: UNDEFINED_FIX,
        test: UNDEFINED_TEST,
        shape: Guard(NULL_GUARD),
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r#"can't access property "?(?<name>\w+)"?( of|,) (?<subject>[\w.$\[\]]+) is (undefined|null)"#,
        null: true,
        cause: UNDEFINED_CAUSE,
        fix: UNDEFINED_FIX,
        test: UNDEFINED_TEST,
        shape: Guard(NULL_GUARD),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        kinds: &["TypeError"],
        message: r"^(?<subject>[\w.$\[\]]+) is (undefined|null)$",
        null: true,
        cause: UNDEFINED_CAUSE,
        fix: UNDEFINED_FIX,
        test: UNDEFINED_TEST,
        shape: Guard(NULL_GUARD),
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Cannot set propert(y|ies) (of (undefined|null) \(setting )?'(?<name>[^']+)'",
        null: true,
        subject: &[".{name}"],
        cause: "{subject|A value on that line} was not there when its {name} was set. Most likely an object was not created yet, or `this` was lost in a callback.",
        fix: "Create the object first, or bind the callback (arrow function) so that `this` is the instance in {function}.",
        test: "calls {function} before the object exists",
        shape: Guard(NULL_GUARD),
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Cannot destructure property '(?<name>[^']+)' of '(?<subject>[^']+)' as it is (undefined|null)",
        null: true,
        cause: "{subject} was not there when {name} was taken out of it.",
        fix: "Give the parameter a default (`= {}`), or check the answer before destructuring it in {function}.",
        test: "calls {function} without that argument",
        shape: Guard(NULL_GUARD),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        kinds: &["TypeError"],
        message: r"(?<callee>[^\s(]{1,80})(\(\.\.\.\)|\([^)]*\))?(\.\w+)? is not a function|has no method '(?<method>[^']+)'",
        cause: "{callee|{method}} was called and is no function. Most likely the object is of another type than expected, an import is wrong (default or named), or a callback was not passed.",
        fix: "Check what is really there at that point in {function}: the import, the version of the library, and whether the optional callback may be absent (`callback?.()`).",
        test: "imports the module as the deployed bundle does and calls {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        kinds: &["ReferenceError"],
        message: r"(?<name>[\w$]+) is not defined|Can't find variable: (?<other>[\w$]+)",
        cause: "The name {name|{other}} does not exist there. Most likely an import is missing, a script was blocked or loads later, or code for the browser ran on a server.",
        fix: "Import it, or test for it with `typeof` where it is legitimately absent; if the name is nowhere in your code, a browser extension or an injected script is the likely source and the event can be filtered.",
        test: "loads the page without that script",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Cannot access '(?<name>[^']+)' before initialization",
        cause: "{name} was used before its `let`, `const` or `class` line had run, often by a circular import.",
        fix: "Move the declaration up, or break the import cycle by moving what both modules need into a third.",
        test: "imports the module alone",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        message: r"(?<subject>[^\s]{1,80}) is not iterable",
        null: true,
        cause: "{subject} was spread or looped over and is no list. Most likely an answer came as an object or was missing.",
        fix: "Check with `Array.isArray` where the data comes in, and use an empty list where nothing is a fine answer.",
        test: "calls {function} with the data absent and as a single object",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Unexpected token '?<'?|<!DOCTYPE.{0,40}is not valid JSON",
        cause: "HTML was parsed as JSON. Most likely the server answered with an error or a login page, or the address is wrong and the single-page fallback came back.",
        fix: "Check `response.ok` and the content type before parsing in {function}, and report status and address in the error; then correct the route or the session handling that gave HTML.",
        test: "lets the endpoint answer an HTML page with status 200 and with 500",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"in JSON at position (?<position>\d+)|is not valid JSON|Unexpected end of JSON input|JSON\.parse: |JSON Parse error",
        cause: "Text that is no complete JSON was parsed. Most likely the body is empty, cut off, or was turned into text twice.",
        fix: "Guard the parse in {function} (`try`/`catch`), answer 400 or show an error that names the source, and log length and first characters of what came.",
        open: "The evidence does not hold the text that was parsed.",
        test: "feeds {function} an empty text, a cut-off document and `undefined`",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Converting circular structure to JSON|cyclic object value",
        cause: "An object that refers to itself was written as JSON (a request, a DOM node, an ORM entity).",
        fix: "Pick the fields to be written, or pass a replacer; do not serialise whole library objects.",
        test: "serialises what {function} gives back",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        message: r"Assignment to constant variable|Attempted to assign to readonly property|Cannot assign to read only property '(?<name>[^']+)'",
        cause: "A constant or a frozen object was assigned to ({name|see the line}). State of Redux and React is frozen in development.",
        fix: "Make a copy with the change (`{ ...state, field }`) in {function}, or declare the variable with `let`.",
        test: "calls {function} with frozen input",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        kinds: &["RangeError"],
        message: r"Invalid (?<what>array length|time value|date|string length|count value)|toFixed\(\)|toString\(\) radix",
        cause: "A number was out of range ({what|number of digits}). Most likely it is `NaN`, negative, or parsed from text that is no date or number.",
        fix: "Check the number (`Number.isFinite`) where it comes in, before {function} uses it.",
        test: "calls {function} with `NaN`, `-1` and an empty text",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"Cannot set headers after they are sent|ERR_HTTP_HEADERS_SENT",
        cause: "A request was answered twice. Most likely a `return` is missing after the first answer, or a callback runs again after an error.",
        fix: "Put `return` in front of every `res.send`/`next(err)` in {function}, and check `res.headersSent` in the error handler.",
        test: "takes the error path of this route and expects one answer",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        message: r"Cannot find (module|package) '(?<module>[^']+)'",
        cause: "The module {module} is not where it is looked for: not installed in what is deployed, a development dependency, or the letter case of the file differs (which matters on Linux).",
        fix: "Move it to `dependencies`, correct the path, and start the built artefact once in CI.",
        test: "starts the built image",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &[
            "TokenExpiredError",
            "JsonWebTokenError",
            "ExpiredSignatureError",
            "InvalidTokenError",
            "ExpiredJwtException",
            "SecurityTokenExpiredException",
        ],
        cause: "A token was refused: expired, or not signed with the expected key. Expired tokens are a normal part of life; bad signatures after a deployment mean that a key changed.",
        fix: "Answer 401 and let the client renew its session instead of reporting it; check clock skew and key rotation if many users meet it at once.",
        test: "sends an expired and a tampered token and expects 401 for both",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["CastError"],
        message: r#"Cast to (?<type>\w+) failed for value "?(?<value>[^"]{1,60})"?.* at path "(?<name>[^"]+)""#,
        cause: "The value {value} is no {type}, at {name}. Most likely an id from the address was passed on unchecked.",
        fix: "Validate ids at the border and answer 404 or 400.",
        test: "requests the route with an id like `undefined`",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: JS,
        kinds: &["AggregateError"],
        cause: "Several things failed at once and were reported together (`Promise.any`, or a connection tried over several addresses).",
        fix: "Look at each of the inner errors; handle them one by one in {function}.",
        test: "lets every one of them fail",
        ..BLANK
    },
    Advice {
        families: JS,
        kinds: &["UnhandledRejection", "UnhandledPromiseRejection"],
        message: r"(Non-Error|Object captured as) .*(rejection|exception)|captured as promise rejection",
        cause: "A promise was rejected with something that is no `Error`, and nobody caught it; so there is no stack.",
        fix: "Reject with `new Error(…)` everywhere, and add the missing `catch` or `await`; the lint rules `prefer-promise-reject-errors` and `no-floating-promises` find the places.",
        open: "Without a stack the evidence does not tell where it was rejected.",
        test: "rejects the promise and expects it to be handled",
        ..BLANK
    },
];
