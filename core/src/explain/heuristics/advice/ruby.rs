//! Ruby, Rails, Sidekiq.

use super::{
    Advice, BLANK, Family,
    Shape::Guard,
    Work::{Deep, Quick},
};

const RUBY: &[Family] = &[Family::Ruby];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        families: RUBY,
        kinds: &["NoMethodError"],
        message: r"undefined method [`'](?<name>[^`']+)' for nil",
        null: true,
        subject: &[".{name}"],
        cause: "{subject|A value on that line} was `nil` when {name} was called on it. Most likely a `find_by`, a hash access or an association found nothing.",
        fix: "Handle the `nil` in {function}: return early, use `find_by!` to fail with a clear error, or `&.` where nothing is a fine answer.",
        test: "calls {function} while {subject|that value} is `nil`",
        shape: Guard("return if {subject}.nil? # or raise an error of your own"),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: RUBY,
        kinds: &["NoMethodError"],
        message: r"undefined method [`'](?<name>[^`']+)' for (?<type>.{1,80})",
        subject: &[".{name}"],
        cause: "{subject|An object} does not answer to {name}: it is {type}, another type than expected, or the method is private, misspelt or of another version.",
        fix: "Find out where {subject|the object} comes from; branch on its type or correct the call in {function}.",
        test: "calls {function} with such an object",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: RUBY,
        kinds: &["NameError"],
        message: r"uninitialized constant (?<name>[\w:]+)|undefined local variable or method [`'](?<local>[^`']+)'",
        cause: "The name {name|{local}} is not defined there: misspelt, not required, or not found by the autoloader.",
        fix: "Check the file name against the constant (Zeitwerk), require what is missing, and run `bin/rails zeitwerk:check` in CI.",
        test: "loads the application eagerly",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: RUBY,
        kinds: &["ArgumentError"],
        message: r"wrong number of arguments \(given (?<given>\d+), expected (?<expected>[^)]+)\)|missing keywords?: (?<keyword>.{1,60})",
        cause: "A method was called with arguments that do not fit: given {given|too few}, expected {expected|{keyword|others}}.",
        fix: "Bring the call in {function} and the definition together; hashes and keywords are told apart since Ruby 3.",
        test: "calls the method the way {function} does",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: RUBY,
        kinds: &["KeyError"],
        message: r"key not found: (?<name>.{1,60})",
        subject: &[".fetch("],
        cause: "{subject|A hash} has no key {name}.",
        fix: "Give `fetch` a default if the key is optional; else validate the data (or the environment variable) at start.",
        test: "calls {function} without {name}",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["RecordNotFound"],
        message: r"Couldn't find (?<model>\w+)",
        cause: "No row of {model} fits. Most likely it was deleted, belongs to another account, or was not committed when the job ran.",
        fix: "In a controller let it become a 404 and do not report it; in a job use `after_commit` to enqueue and `find_by` with an early return.",
        test: "asks for an id that does not exist and expects a 404",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["RecordInvalid", "RecordNotSaved"],
        message: r"Validation failed: (?<reason>.{1,160})",
        cause: "A record was refused by its own validations: {reason}.",
        fix: "Use `save` and show the errors where the data comes from a user; where it comes from the program, correct what it builds in {function}.",
        test: "saves the record with the refused data",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: RUBY,
        kinds: &["TypeError"],
        message: r"no implicit conversion (of|from) (?<from>[\w ]+?) (into|to) (?<into>\w+)|(?<class>\w+) can't be coerced into (?<other>\w+)|nil can't be coerced",
        null: true,
        cause: "A {from|value} was used where a {into|other type} was expected.",
        fix: "Convert or check the value where it enters (params are text), so that {function} sees one type.",
        test: "passes the wrong type to {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["FrozenError"],
        cause: "A frozen object was changed.",
        fix: "Work on a copy (`dup`, `+\"\"`) in {function}.",
        test: "calls {function} with frozen input",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["ParameterMissing"],
        message: r"param is missing or the value is empty( or invalid)?: (?<name>\w+)",
        cause: "The request lacks the parameter {name}. Most likely a client sends another shape, or a bot calls the route.",
        fix: "Let it become a 400 and do not report it; if your own client sends it, correct the client.",
        test: "sends the request without {name} and expects a 400",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["InvalidAuthenticityToken"],
        cause: "The CSRF token did not match: the session had expired, or the page was cached.",
        fix: "Refresh the token before a late submit, exclude pure API routes, and show a friendly message instead of reporting it.",
        test: "submits the form with an expired session",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["RoutingError"],
        message: r#"No route matches \[(?<method>\w+)\] "(?<path>[^"]+)""#,
        cause: "No route answers {method} {path}. Most of these are old links and scanners.",
        fix: "Redirect if it is an old address of yours; else do not report this class.",
        test: "requests {path} and expects a 404 without an event",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: RUBY,
        kinds: &[
            "RequestTimeoutException",
            "RequestTimeoutError",
            "Timeout::Error",
        ],
        cause: "A request was cut off because it took too long. Where it was cut says little; what ran before says more.",
        fix: "Look at the queries and calls right before, give each outbound call its own shorter timeout, and move long work into a job.",
        test: "lets the slow call hang and expects a quick, clear answer",
        work: Deep,
        ..BLANK
    },
    Advice {
        families: RUBY,
        kinds: &["Sidekiq::Shutdown"],
        cause: "The worker was told to stop while a job ran, mostly by a deploy, and the job did not end in the time it was given.",
        fix: "It is run again: make the job of {function} safe to repeat, split long ones, fit the shutdown timeout to the others, and leave this class out of the reports.",
        test: "stops the worker in the middle of the job and expects the second run to finish it",
        ..BLANK
    },
];
