//! Python, Django, Celery and their kin.

use super::{
    Advice, BLANK, Family,
    Shape::{Guard, Replace},
    Work::{Deep, Quick},
};

const PYTHON: &[Family] = &[Family::Python];
const NONE_GUARD: &str = "if {subject} is None:\n    raise LookupError(\"{subject} is missing\")  # or return what the caller can use";

pub(super) static ROWS: &[Advice] = &[
    Advice {
        families: PYTHON,
        kinds: &["TypeError"],
        message: r"^'NoneType' object is not subscriptable",
        null: true,
        subject: &["["],
        cause: "{subject|A value on that line} was `None` and was indexed as if it held something. Most likely the call that should have filled it found nothing and answered `None`.",
        fix: "Decide in {function} what a missing {subject|value} means: return early, raise an error of your own that says what was not found, or use a default. Test for `None` right where the value is obtained, not where it is used.",
        test: "calls {function} while the lookup behind {subject|the value} finds nothing, and expects your own error or default instead of a `TypeError`",
        shape: Guard(NONE_GUARD),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["AttributeError"],
        message: r"^'NoneType' object has no attribute '(?<name>[^']+)'",
        null: true,
        subject: &[".{name}"],
        cause: "{subject|A value on that line} was `None` where an object with {name} was expected. Most likely a lookup, a `re.match`, an optional relation or a function without a `return` gave `None`.",
        fix: "Handle the `None` in {function} before {name} is used: return early, raise an error that says what was missing, or make sure that whatever fills {subject|the value} never gives `None`.",
        test: "calls {function} with {subject|that value} being `None` and expects a defined outcome",
        shape: Guard(NONE_GUARD),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["TypeError"],
        message: r"(^|of type |')'?NoneType'? (object )?is not (?<what>iterable|an iterator|a container)|cannot unpack non-iterable NoneType",
        null: true,
        cause: "{subject|A value on that line} was `None` where something to iterate over was expected. Most likely a function gave `None` instead of an empty list.",
        fix: "Let the function that fills {subject|the value} answer an empty list when there is nothing, or test for `None` in {function} before iterating.",
        test: "runs {function} with nothing to iterate over and expects an empty result",
        shape: Guard("if {subject} is None:\n    {subject} = []"),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["TypeError"],
        message: r"^'(?<type>[^']+)' object is not callable",
        subject: &["("],
        cause: "A value of type {type} was called like a function. Most likely a name was reassigned, a property was called with `()`, or a callback was never set.",
        fix: "Look at what {subject|the called name} is at that point: rename the variable that shadows the function, drop the `()` of a property, or set the callback.",
        test: "reaches this call in {function} and expects it to succeed",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["TypeError"],
        message: r"unsupported operand type\(s\) for (?<operator>[^:]+): '(?<left>[^']+)' and '(?<right>[^']+)'|can only concatenate (?<left2>\w+) \(not .(?<right2>\w+).\)",
        null: true,
        cause: "An operator {operator|`+`} met two types that do not go together: {left|one type} and {right|another}. Most likely a value came in as text, or as `None`, where a number was expected.",
        fix: "Convert or check the operands where they enter the program (form, query, JSON, database) rather than on this line, so that {function} always sees one type.",
        test: "passes the wrongly typed value ({right|the second type}) to {function} and expects it to be refused or converted at the border",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["TypeError"],
        message: r"^(?<callee>[\w.<>]+\(\)) (missing \d+ required|got an unexpected keyword|takes |got multiple values)",
        cause: "{callee} was called with arguments that do not fit its signature. Most likely one side was changed without the other, or two versions of a package do not match.",
        fix: "Compare this call with the definition of {callee} in the deployed version and bring them together. A type checker run in CI finds the other calls.",
        test: "calls {callee} the way {function} does",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        message: r"^(Expecting (value|property name|'.' delimiter)|Extra data|Unterminated string|Invalid control character).{0,60}line \d+ column \d+",
        cause: "Text that is no JSON was parsed. At line 1 column 1 it is mostly empty, or a page: an error or a login where an answer was expected.",
        fix: "Check status and content type before parsing in {function} (`raise_for_status()`), and put address, status and the first characters of the body into the error.",
        test: "lets the source answer with an empty body, and with a page of HTML",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["TypeError"],
        message: r"^Object of type (?<type>\S+) is not JSON serializable",
        cause: "A {type} got into data that is written as JSON, and the encoder does not know it.",
        fix: "Turn it into plain data before encoding (`isoformat()` for dates, `str()` for decimals and UUIDs, `list()` for sets), or pass `default=` to the encoder.",
        test: "serialises the answer of {function} with a {type} in it",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["TypeError"],
        message: r"offset-naive and offset-aware datetimes",
        cause: "A datetime with a time zone met one without.",
        fix: "Make every datetime aware where it is created (`datetime.now(timezone.utc)`, `timezone.now()` in Django) and attach the zone when parsing.",
        test: "compares a parsed date with the present moment in {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["TypeError"],
        message: r"^'(?<type>[^']+)' object (is not subscriptable|is not iterable|does not support item assignment)|indices must be integers",
        subject: &["["],
        cause: "{subject|A value} was a {type|plain value} where a list or a dict was expected. Most likely the data came in another shape than this code was written for.",
        fix: "Check the shape of {subject|the value} where it is read (answer of an API, parsed JSON) and fail there with a message that shows what came.",
        test: "gives {function} data of that other shape and expects a clear error",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["AttributeError"],
        message: r"^'(?<type>[^']+)' object has no attribute '(?<name>[^']+)'",
        subject: &[".{name}"],
        cause: "{subject|An object} is a {type}, and a {type} has no {name}. Most likely it is another type than the code expects, the name is misspelt, or the attribute is set only on some paths.",
        fix: "Find out where {subject|the object} comes from and why it is a {type} there. If that is legitimate, branch on it; if {name} is set conditionally, set it in `__init__`.",
        test: "calls {function} with a {type} and expects a defined outcome",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["AttributeError"],
        message: r"module '(?<module>[^']+)' has no attribute '(?<name>[^']+)'",
        cause: "The module {module} has no {name}: another version is installed than the code was written for, a local file shadows it, or a circular import has not finished.",
        fix: "Pin the version of {module} that has {name}, rename local files of the same name, and break the import cycle if there is one.",
        test: "imports {module} in the deployed environment and touches {name}",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["KeyError"],
        message: r#"^['"]?(?<name>[^'"]{1,80})['"]?$"#,
        subject: &["['{name}']", "[\"{name}\"]", "[{name}]"],
        cause: "{subject|A dict} had no key {name}. Most likely the data is optional there, or came from outside in another shape than expected.",
        fix: "If {name} is optional, read it with `.get(…)` and a default; if it is required, validate the data where it comes in and refuse it with a message that names the missing key.",
        test: "calls {function} with data that lacks {name} and expects the default or your own error",
        shape: Replace("[\"{name}\"]", ".get(\"{name}\")"),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["IndexError"],
        subject: &["["],
        cause: "{subject|A list} was shorter than the index used. Most likely it is empty when nothing was found or nothing was sent.",
        fix: "Check the length of {subject|the list} before indexing, or iterate instead; decide what an empty list means to the caller of {function}.",
        test: "calls {function} with an empty list and with one element",
        shape: Guard(
            "if not {subject}:\n    raise LookupError(\"{subject} is empty\")  # or return what the caller can use",
        ),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["ValueError"],
        message: r"invalid literal for int\(\) with base \d+: (?<given>'[^']*')|could not convert string to float: (?<text>'[^']*')",
        cause: "The text {given|{text}} is no number.",
        fix: "Validate the input where it enters (form, query parameter, file) and answer with a client error that names the field; do not let {function} convert unchecked text.",
        test: "passes an empty text, spaces and letters to {function} and expects a validation error",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["ValueError"],
        message: r"(?<what>not enough|too many) values to unpack \(expected (?<expected>\d+)(, got (?<got>\d+))?",
        cause: "A sequence was unpacked into {expected} names and had {what|another number of} values.",
        fix: "Check the length before unpacking, or split with a limit (`split(sep, 1)`, `partition`), and decide what an incomplete value means.",
        test: "gives {function} a value with fewer and with more parts",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["ValueError"],
        message: r"time data (?<given>.{1,60}) does not match format (?<format>'[^']*')|Invalid isoformat string: (?<text>.{1,60})",
        cause: "The text {given|{text}} is not a time in the form {format|the parser expects}.",
        fix: "Agree on one form (ISO 8601), parse with `datetime.fromisoformat`, and refuse anything else where it enters.",
        test: "parses the text from this event and a text without a time zone",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["UnicodeDecodeError", "UnicodeEncodeError"],
        message: r"^'(?<codec>[^']+)' codec can't (?<what>\w+)",
        cause: "Bytes and text were converted with the codec {codec}, which does not fit the data. Most likely the data has another encoding, or is no text at all.",
        fix: "Name the encoding at the border (`open(…, encoding=\"utf-8\")`, the charset of the HTTP answer) and decide about bytes that do not fit (`errors=\"replace\"`, or refuse).",
        test: "feeds {function} a Latin-1 byte and an emoji",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["ZeroDivisionError"],
        cause: "Something was divided by zero. Most likely a count or a sum is zero when there is no data.",
        fix: "Decide what the result is when the divisor is zero (nothing, zero, an error to the caller) and branch on it before the division in {function}.",
        test: "calls {function} with no data at all",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["ModuleNotFoundError", "ImportError"],
        message: r"No module named '(?<module>[^']+)'|cannot import name '(?<name>[^']+)' from (partially initialized module )?'(?<from>[^']+)'",
        cause: "Python could not import {module|{name}}: it is not installed in the environment that runs, it is another version, or two modules import each other.",
        fix: "Add {module|the package} to the dependencies of what is deployed and rebuild the image; if it is your own module, check the package layout and break an import cycle by moving the import into the function.",
        test: "imports every entry point inside the built image",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["NameError", "UnboundLocalError"],
        message: r"'(?<name>[^']+)'",
        cause: "The name {name} had no value on that path: misspelt, not imported, or assigned only inside a branch that was not taken.",
        fix: "Assign {name} on every path through {function} (or before the branches), or import it. A linter (`ruff`, rules F821 and F841) finds the others.",
        test: "takes the path through {function} on which {name} is not assigned",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["RuntimeError"],
        message: r"(?<what>dictionary|Set|deque) (changed size|mutated) during iteration",
        cause: "A {what} was changed while it was iterated over, by this loop itself or by another thread.",
        fix: "Iterate over a copy (`list(…)`), collect the changes and apply them afterwards, or hold a lock when other threads write.",
        test: "removes an element in the loop of {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        message: r"Event loop is closed|no running event loop|asyncio\.run\(\) cannot be called|attached to a different loop|was never awaited",
        cause: "Asynchronous code was used outside of the event loop it belongs to.",
        fix: "Create clients and locks inside the loop that uses them, close them before it ends, and call `asyncio.run` once at the very top.",
        test: "runs {function} twice in two event loops",
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["DoesNotExist", "NoResultFound", "ObjectDoesNotExist"],
        message: r"^(?<model>\w+) matching query does not exist|No row was found",
        cause: "The query for one {model|row} found none. Most likely it was deleted meanwhile, the id belongs to another tenant, or it was not committed yet.",
        fix: "Use `get_object_or_404` (or `.first()` with a branch) in {function} where the id comes from outside; in a background task, enqueue with `transaction.on_commit` so that the row is there.",
        test: "asks {function} for an id that does not exist and expects a 404 or a skipped task",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["MultipleObjectsReturned", "MultipleResultsFound"],
        cause: "A query that should find one row found several: the data has duplicates that no constraint forbids.",
        fix: "Clean up the duplicates, add a unique constraint, and only then rely on `get()`; until then choose one row by a stated order.",
        test: "inserts two matching rows and expects the second insert to be refused",
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["DetachedInstanceError"],
        cause: "An object of SQLAlchemy was used after its session had closed, and a field had to be loaded.",
        fix: "Load what is needed while the session is open (`selectinload`), or keep the session open for the whole request; `expire_on_commit=False` helps after a commit.",
        test: "renders the answer of {function} after the session was closed",
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["DisallowedHost"],
        message: r"Invalid HTTP_HOST header: '?(?<host>[^'\s]+)",
        cause: "A request came with the host {host}, which is not in `ALLOWED_HOSTS`. Most of these come from scanners and health checks.",
        fix: "Add {host} to `ALLOWED_HOSTS` only if it is yours; otherwise refuse unknown hosts in the proxy and ignore this logger in the SDK.",
        test: "sends a request with an unknown host and expects a 400 without an event",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["ValidationError", "RequestValidationError"],
        message: r"(?<count>\d+) validation errors? for (?<model>\w+)",
        cause: "Data did not fit the model {model}: {count} field(s) were refused.",
        fix: "Read the fields named in the message: make them optional in {model} if they may be absent, or correct the sender; at an API border answer 422 instead of failing.",
        test: "builds {model} from the data that was refused here",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &[
            "SoftTimeLimitExceeded",
            "TimeLimitExceeded",
            "WorkerLostError",
        ],
        cause: "A background task ran longer than it may, or its worker was killed while it ran (often for its memory).",
        fix: "Split the work of {function} into smaller tasks, give every outbound call in it a timeout, make it idempotent so that it can be retried, and only then raise the limit.",
        test: "interrupts the task half-way and runs it again, expecting no doubled effect",
        work: Deep,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &[
            "TemplateDoesNotExist",
            "TemplateSyntaxError",
            "UndefinedError",
            "NoReverseMatch",
            "TemplateNotFound",
        ],
        cause: "A template could not be rendered: a template, a name in it or a route it links to does not exist under that name.",
        fix: "Correct the name in the template or pass the missing value from {function}; check that the template is part of what is deployed.",
        test: "renders this page with the smallest possible context",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["NotImplementedError"],
        cause: "A method was called that its class leaves to subclasses, or that is not written yet.",
        fix: "Implement it in the concrete class used here, or stop the call from being reached; `abc.abstractmethod` turns this into an error at construction.",
        test: "calls every public method of the concrete class once",
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["AssertionError"],
        cause: "An assertion of the program's own did not hold: {line|a condition}.",
        fix: "Find out which value broke it. If it can come from outside, replace the assertion in {function} by a validation with a message; assertions vanish under `-O`.",
        test: "calls {function} with the value that broke the assertion",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: PYTHON,
        kinds: &["StopIteration", "StopAsyncIteration"],
        cause: "`next()` was called on an iterator that had nothing more.",
        fix: "Give `next()` a default (`next(it, None)`) in {function} and handle it.",
        test: "calls {function} with an empty iterator",
        work: Quick,
        ..BLANK
    },
];
