//! Elixir and Erlang, Phoenix, Ecto.

use super::{
    Advice, BLANK, Family,
    Work::{Deep, Quick},
};

const BEAM: &[Family] = &[Family::Beam];

pub(super) static ROWS: &[Advice] = &[
    Advice {
        families: BEAM,
        message: r"badarith|bad argument in arithmetic expression",
        null: true,
        cause: "An arithmetic expression has no result: a division by zero, or an operand that is `nil` or no number.",
        fix: "Check the operands of {line|that line} in {function}: add a clause or a guard (`when divisor != 0`) for the case.",
        test: "calls {function} with zero and with `nil`",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: BEAM,
        kinds: &["FunctionClauseError"],
        message: r"no function clause matching in (?<callee>\S+)",
        cause: "No clause of {callee} takes these arguments: the data has a shape nobody wrote a clause for.",
        fix: "Add the clause, or validate the data before it gets there; answer `{:error, …}` for what is not known.",
        test: "calls {callee} with the arguments of this event",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: BEAM,
        message: r"no match of right hand side value:? (?<value>.{1,120})|\{:?badmatch, ?(?<term>.{1,120})\}",
        cause: "A match expected another shape than {value|{term}}. Most likely a call answered `{:error, …}` and only `{:ok, …}` was expected.",
        fix: "Use `case` or `with` in {function} and handle the error answer.",
        test: "makes that call fail",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: BEAM,
        message: r"no (case|cond|try|with) clause matching:? ?(?<value>.{0,120})",
        cause: "No branch takes the value {value|at hand}.",
        fix: "Add the branch in {function}, or a last one that answers an error.",
        test: "calls {function} with that value",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: BEAM,
        kinds: &["KeyError"],
        message: r"key (?<name>\S+) not found in: ?(?<where>.{0,80})",
        null: true,
        cause: "The key {name} is not in {where|the map}.",
        fix: "Use `Map.get` with a default if it is optional; else match on the shape before. `nil` there means that an earlier lookup found nothing.",
        test: "calls {function} without {name}",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: BEAM,
        kinds: &["UndefinedFunctionError"],
        message: r"function (?<callee>\S+) is undefined( or private)?",
        cause: "{callee} does not exist: misspelt, of another version, or called on `nil` (`nil.field/0`).",
        fix: "Check name and arity against the deployed version; if the module is `nil`, handle the missing value in {function}.",
        test: "calls {function} in a release build",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: BEAM,
        message: r"(?i)\(EXIT\) time ?out|GenServer\.call.*timeout|\{:?timeout, ?\{",
        cause: "A process did not answer a call in time (5 s unless set): it is busy, blocked, or waits for the caller itself.",
        fix: "Find what the server does in its callbacks, move slow work into a task, and answer with `handle_continue` or a later reply; raise the timeout last.",
        test: "blocks the server and expects {function} to answer an error",
        work: Deep,
        ..BLANK
    },
    Advice {
        families: BEAM,
        message: r"no process: the process is not alive|:noproc",
        cause: "A process was called that is not running: not started, crashed, or restarting.",
        fix: "Put it under the supervisor before those that use it, and handle `:noproc` where it may be away.",
        test: "kills the process and calls {function}",
        ..BLANK
    },
    Advice {
        kinds: &["Ecto.NoResultsError", "NoResultsError"],
        cause: "A query for one row found none.",
        fix: "Phoenix answers 404 for it: do not report it; elsewhere use `Repo.get` and a branch.",
        test: "asks for an id that does not exist",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["Ecto.ConstraintError", "ConstraintError"],
        message: r#"constraint error.*"(?<constraint>[^"]+)"|(?<name>\w+_(index|fkey|pkey))"#,
        cause: "The database refused a row by its constraint {constraint|{name}}, and the changeset does not declare it.",
        fix: "Declare it (`unique_constraint`, `foreign_key_constraint`) so that it becomes an error of the changeset.",
        test: "inserts the same row twice and expects `{:error, changeset}`",
        work: Quick,
        ..BLANK
    },
    Advice {
        families: BEAM,
        kinds: &["Protocol.UndefinedError"],
        message: r"protocol (?<protocol>\S+) not implemented for (type )?(?<value>.{1,80})",
        null: true,
        cause: "{value} was given where something with {protocol} was expected.",
        fix: "Convert the value first, or derive the protocol for the struct.",
        test: "passes such a value to {function}",
        work: Quick,
        ..BLANK
    },
    Advice {
        kinds: &["NoRouteError", "Phoenix.Router.NoRouteError"],
        cause: "No route answers that address. Most of these are old links and scanners.",
        fix: "Redirect if it is an old address of yours; else do not report this class.",
        test: "requests the address and expects a 404 without an event",
        work: Quick,
        ..BLANK
    },
];
