//! Go: runtime panics and the errors of its standard library.

use super::{
    Advice, BLANK, Family,
    Shape::Guard,
    Work::{Deep, Quick},
};

const GO: &[Family] = &[Family::Go];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        families: GO,
        message: r"invalid memory address or nil pointer dereference",
        null: true,
        subject: &["."],
        cause: "{subject|A pointer on that line} was `nil` and was dereferenced. Most likely an error was not checked and the value that came with it was used, or a field was never set.",
        fix: "Check the `err` that came with {subject|the value} before using it, and return in {function} when it is `nil`.",
        test: "makes the call that fills {subject|the value} fail and expects {function} to return an error",
        shape: Guard("if {subject} == nil {\n\treturn errors.New(\"{subject} is missing\")\n}"),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: GO,
        message: r"index out of range \[(?<index>-?\d+)\]( with length (?<length>\d+))?",
        subject: &["["],
        cause: "Index {index} was used on {subject|a slice} of length {length|that is shorter}.",
        fix: "Check the length of {subject|the slice} in {function} before indexing, and decide what too few elements mean.",
        test: "calls {function} with {length|too few} elements",
        shape: Guard(
            "if len({subject}) <= {index} {\n\treturn fmt.Errorf(\"{subject} has %d elements\", len({subject}))\n}",
        ),
        work: Quick,
        ..BLANK
    },
    Advice {
        families: GO,
        message: r"slice bounds out of range \[(?<range>[^\]]*)\]",
        subject: &["["],
        cause: "{subject|A slice} was cut outside of its bounds ({range}).",
        fix: "Clamp the bounds or check `len` in {function} before cutting.",
        test: "calls {function} with input shorter than the bounds",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"assignment to entry in nil map",
        subject: &["["],
        cause: "{subject|A map} was declared and never made, and was written to.",
        fix: "Make it where it is declared (`make(map[…]…)`) or in the constructor of the struct that holds it.",
        test: "writes to a freshly constructed value",
        shape: Guard(
            "if {subject} == nil {\n\t{subject} = make(map[string]string) // with the map's own types\n}",
        ),
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"interface conversion: (interface \{\}|interface|\S+) is (?<got>[^,]+), not (?<wanted>\S+)",
        cause: "A type assertion expected {wanted} and met {got}.",
        fix: "Use the form with two results (`v, ok := x.(T)`) in {function} and handle `!ok`, or a type switch.",
        test: "passes a {got} to {function} and expects an error",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"concurrent map (?<what>writes|read and map write|iteration and map write)",
        cause: "Several goroutines used a map at once without a lock ({what}); the runtime kills the process for it.",
        fix: "Guard the map with a `sync.RWMutex`, use `sync.Map`, or let one goroutine own it.",
        open: "This stack is only one of the goroutines: run the tests with `-race` to see the other one.",
        test: "uses {function} from several goroutines, under `go test -race`",
        ..BLANK
    },
    Advice {
        message: r"(close of|send on) (a )?(closed|nil) channel",
        cause: "A channel was used after it was closed. Most likely two goroutines believe that they own it.",
        fix: "Let only the sender close, once (`sync.Once`), and tell it to stop by a `context` instead of closing the channel from the receiver's side.",
        test: "stops {function} twice, and while it is sending",
        ..BLANK
    },
    Advice {
        message: r"all goroutines are asleep - deadlock",
        cause: "Every goroutine waits for another one.",
        fix: "Look for a send without a receiver, a `WaitGroup` whose `Done` is not deferred, and locks taken in two orders.",
        test: "runs {function} with a deadline and expects it to end",
        work: Deep,
        ..BLANK
    },
    Advice {
        families: GO,
        message: r"context deadline exceeded|context\.DeadlineExceeded|Client\.Timeout exceeded",
        cause: "Work took longer than its context allows. Most likely a service it waits for was slow.",
        fix: "Find the slow call (the breadcrumbs and the trace tell), give it a deadline of its own shorter than the request's, and retry only what is idempotent.",
        test: "lets that call hang and expects {function} to answer within its deadline",
        ..BLANK
    },
    Advice {
        families: GO,
        message: r"^context canceled|: context canceled$",
        cause: "The caller went away (closed the connection, or a sibling failed) and the work was cancelled. Often this is not a defect.",
        fix: "Do not report `context.Canceled` as an error in {function} (`errors.Is`); look for the first error of the group instead.",
        test: "cancels the context half-way and expects no event",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"sql: no rows in result set",
        cause: "A query for one row found none and the error went up unhandled.",
        fix: "Test for `errors.Is(err, sql.ErrNoRows)` in {function} and answer «not found».",
        test: "asks {function} for an id that does not exist",
        work: Quick,
        ..BLANK
    },
    Advice {
        message: r"json: cannot unmarshal (?<got>\S+) into Go (struct field (?<field>\S+)|value) of type (?<type>\S+)",
        cause: "JSON held a {got} where {field|the target} is a {type}.",
        fix: "Bring the struct and the sender together: another type, a pointer for what may be null, or an `UnmarshalJSON` that takes both; answer 400 at an API border.",
        test: "decodes a document with a {got} in that place",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: GO,
        message: r"(?i)integer divide by zero",
        cause: "Something was divided by zero. Most likely a count is zero when there is no data.",
        fix: "Branch on zero in {function} before dividing.",
        test: "calls {function} with no data",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: GO,
        message: r"^(unexpected )?EOF$|: (unexpected )?EOF$",
        cause: "The other side closed the connection, or the body ended, before everything was read.",
        fix: "Tell an empty body from a broken one in {function}; for kept-alive connections retry once when the request is idempotent.",
        test: "sends an empty and a cut-off body",
        work: Quick,
        ..BLANK
    },
];
