//! PHP, Laravel, Symfony, `WordPress`.

use super::{
    Advice, BLANK, Family,
    Shape::{Guard, Replace},
    Work::{Deep, Quick},
};

const PHP: &[Family] = &[Family::Php];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        families: PHP,
        message: r"Call to a member function (?<name>\w+)\(\) on (null|bool|array|string|int)",
        null: true,
        subject: &["->{name}(", "?->{name}("],
        cause: "{subject|A value on that line} was no object when {name} was called on it. Most likely a query or a lookup found nothing.",
        fix: "Handle the missing value in {function} before the call: `findOrFail`, an early return, or `?->` where nothing is a fine answer.",
        test: "calls {function} while the lookup behind {subject|the value} finds nothing",
        shape: Guard(
            "if ({subject} === null) {\n    throw new RuntimeException('not found'); // or return\n}",
        ),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r#"Undefined (array key|index|offset):? "?(?<name>[^"]{1,60})"?"#,
        subject: &["['{name}']", "[\"{name}\"]"],
        cause: "{subject|An array} has no key {name}. Most likely the field is optional in the request or in the data.",
        fix: "Read it with a default (`?? null`) if it is optional; else validate the input before {function} uses it.",
        test: "calls {function} without {name}",
        shape: Replace("['{name}']", "['{name}'] ?? null"),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r#"Attempt to read property "?(?<name>\w+)"? on (null|bool|string|int|array)|Trying to get property '?(?<old>\w*)'? of non-object"#,
        null: true,
        subject: &["->{name}", "->{old}"],
        cause: "{subject|A value on that line} was no object when its property {name|{old}} was read.",
        fix: "Handle the missing value in {function}: an early return, `?->`, or a query that fails loudly (`findOrFail`).",
        test: "calls {function} with {subject|that value} being null",
        shape: Guard(
            "if ({subject} === null) {\n    return null; // or throw an error of your own\n}",
        ),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r"Trying to access array offset on (value of type )?(?<type>\w+)",
        subject: &["["],
        cause: "{subject|A value} is a {type} and was indexed like an array.",
        fix: "Check the result before indexing it in {function}: a failed lookup gives `null` or `false`.",
        test: "lets that lookup fail",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r"Undefined variable:? \$?(?<name>\w+)",
        cause: "The variable {name} was read before anything was assigned to it: misspelt, or set only in a branch that was not taken.",
        fix: "Assign a default at the top of {function}; pass it to the view or the closure (`use`) where it is read.",
        test: "takes the branch that leaves {name} unset",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r"Call to undefined (method|function) (?<name>[^\s(]+)",
        cause: "{name} does not exist: misspelt, another version of a package, or an extension that is not installed.",
        fix: "Check the name against the installed version (`composer show`), install the missing extension, and run a static analyser in CI.",
        test: "calls {function} in the deployed environment",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r"(?<callee>[\w\\:]+)\(\): Argument #?(?<number>\d+) (\((?<name>\$\w+)\) )?must be of type (?<wanted>[^,]+), (?<got>\w+) (given|returned)",
        cause: "Argument {name|number {number}} of {callee} must be {wanted} and was {got}.",
        fix: "Find where the {got} comes from: allow it in the signature if it is legitimate (`?Type`), else check it in {function} before the call.",
        test: "calls {callee} with {got}",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r#"Class "?'?(?<name>[\w\\]+)'?"? not found"#,
        cause: "The class {name} could not be loaded: a missing `use`, a file that does not follow PSR-4 (letter case matters on Linux), or an autoloader that was not dumped.",
        fix: "Correct the namespace, run `composer dump-autoload`, and install production dependencies in the build.",
        test: "loads {name} in the built image",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r"Maximum execution time of (?<limit>\d+) seconds? exceeded",
        cause: "A script ran longer than {limit} s.",
        fix: "Find the loop or the call that takes the time (often an HTTP call without a timeout, or a query in a loop), and move long work into a queue.",
        test: "runs {function} with the largest realistic input and a time limit",
        work: Deep,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r"headers already sent",
        cause: "Output was written before a header: a space before `<?php`, a BOM, an `echo` or a warning.",
        fix: "Remove the early output the message points at, and drop closing `?>` tags at the ends of files.",
        test: "requests the page and checks the header",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["ModelNotFoundException"],
        message: r"No query results for model \[(?<model>[^\]]+)\]",
        cause: "No row of {model} has that id. Most likely it was deleted, or the id came from an old link.",
        fix: "Answer 404 (Laravel does so for route bindings) and do not report this class; in a job, end quietly when the model is gone.",
        test: "asks for an id that does not exist and expects a 404",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        kinds: &["DivisionByZeroError"],
        cause: "Something was divided by zero. Most likely a count is zero when there is no data.",
        fix: "Branch on zero in {function} before dividing.",
        test: "calls {function} with no data",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["TokenMismatchException"],
        cause: "The CSRF token of a form did not match: the session had expired, or the form was cached.",
        fix: "Refresh the token before a late submit, keep cached pages free of forms, and show a friendly message instead of reporting it.",
        test: "submits the form with an expired session",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PHP,
        message: r"foreach\(\) argument must be of type|Invalid argument supplied for foreach|array_\w+\(\):? ?Argument",
        cause: "A loop or an array function got something that is no array, most likely null or false of a failed call.",
        fix: "Use `?? []` where nothing is a fine answer, else check the call that fills it in {function}.",
        test: "lets that call fail",
        work: Quick,
        ..BLANK
    },
];
