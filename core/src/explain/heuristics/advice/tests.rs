//! The catalog: every row is sound, and common failures find theirs.

use super::*;
use crate::explain::heuristics::{
    facts::Facts,
    look_up,
    template::{Filled, fill},
    tests::samples,
};

fn every_row() -> impl Iterator<Item = &'static Advice> {
    TABLES
        .iter()
        .chain([&generic::ROWS])
        .flat_map(|table| table.iter())
}

#[test]
fn every_pattern_compiles_and_every_row_says_what_to_do() {
    for row in every_row() {
        let name = format!("{:?} {}", row.kinds, row.message);
        assert_eq!(Regex::new(row.message).err(), None, "{name}");
        for text in [row.cause, row.fix] {
            assert!(
                text.ends_with(['.', '?']) && text.len() >= 17,
                "{name}: {text}"
            );
        }
        assert!(
            !row.test.is_empty() && !row.test.ends_with('.'),
            "{name}: {}",
            row.test
        );
        assert!(
            row.open.is_empty() || row.open.ends_with('.'),
            "{name}: {}",
            row.open
        );
        let named = !row.families.is_empty() || !row.kinds.is_empty() || !row.message.is_empty();
        assert!(named, "{name} is about nothing");
    }
}

/// A slot stands outside of code spans; one with nothing to say without its value is sure to have one.
#[test]
fn every_slot_has_its_value() -> Result<(), regex::Error> {
    let bare = Regex::new(r"\{([a-z_0-9]+)\}")?;
    for row in every_row() {
        for text in [row.cause, row.open, row.fix, row.test] {
            for name in bare.captures_iter(text).filter_map(|found| found.get(1)) {
                let group = row.message.contains(&format!("(?<{}>", name.as_str()));
                assert!(
                    group || name.as_str() == "function",
                    "{{{}}} in {text}",
                    name.as_str()
                );
            }
            let marked = fill(text, &|_| Some("\u{1}".to_owned()));
            for (at, _) in marked.match_indices('\u{1}') {
                assert_eq!(
                    marked[..at].matches('`').count() % 2,
                    0,
                    "a slot within a code span: {text}"
                );
            }
        }
    }
    Ok(())
}

/// What the advice of a failure says: cause, fix and test.
fn told(platform: &str, kind: &str, message: &str) -> String {
    let frame = samples::own("load", "app/load", 3, &[]);
    let evidence = samples::evidence(crate::domain::Event {
        exceptions: vec![samples::exception(kind, message, vec![frame])],
        ..samples::event(platform)
    });
    let facts = Facts::read(&evidence);
    let Some(filled) = look_up(&facts) else {
        return String::new();
    };
    let Advice {
        cause,
        open,
        fix,
        test,
        ..
    } = filled.found.advice;
    let hedge = if filled.found.general { "GENERAL " } else { "" };
    let said = [cause, open, fix, test].map(|text| filled.text(text));
    let said: Vec<_> = said.into_iter().filter(|text| !text.is_empty()).collect();
    format!("{hedge}{}", said.join(" "))
}

#[test]
fn common_failures_find_their_advice() {
    let wrong = CASES
        .iter()
        .filter_map(|(platform, kind, message, phrase)| {
            let told = told(platform, kind, message);
            let reads_well = !["  ", " .", " ,", "``", "GENERAL"]
                .iter()
                .any(|ugly| told.contains(ugly));
            (!told.contains(phrase) || !reads_well)
                .then(|| format!("{platform} {kind}: {message}\n  {phrase:?}\n  {told}"))
        });
    assert_eq!(wrong.collect::<Vec<_>>().join("\n"), "");
}

#[test]
fn unknown_classes_fall_back_on_their_words() {
    for (kind, message, phrase) in [
        ("UpstreamTimeoutError", "no", "took longer than it may"),
        ("PermissionDenied", "no", "refused for lack of a right"),
        ("CustomerNotFound", "17", "is not there"),
        (
            "InvoiceParseError",
            "x",
            "another form than the reader expects",
        ),
        ("StaleCartConflict", "x", "exclude each other"),
        (
            "ArgumentProblem",
            "amount must be positive",
            "breaks a rule",
        ),
        ("WrongState", "x", "before it was ready"),
    ] {
        let told = told("other", kind, message);
        assert!(
            told.starts_with("GENERAL") && told.contains(phrase),
            "{kind}: {told}"
        );
    }
    assert_eq!(
        told("other", "Thread Demo", "Failing!"),
        "",
        "a part of a word is no word"
    );
}

#[test]
fn the_message_weighs_more_than_the_class() {
    let deadlock = told("python", "OperationalError", "deadlock detected");
    assert!(
        deadlock.contains("waited for each other's locks"),
        "{deadlock}"
    );
    let known = find(Family::Go, "KeyError", "'sku'");
    assert!(
        known.is_none_or(|found| found.advice.families.is_empty()),
        "another family's row"
    );
}

#[test]
fn a_kind_is_known_with_and_without_its_module() {
    for kind in [
        "KeyError",
        "builtins.KeyError",
        "Elixir.KeyError",
        "A::KeyError",
        "App\\KeyError",
        "*pkg.KeyError",
    ] {
        assert!(is_kind(kind, "keyerror"), "{kind}");
    }
    assert!(is_kind("SIGSEGV / SEGV_MAPERR", "SIGSEGV"));
    assert!(!is_kind("MyKeyError", "KeyError"));
}

#[test]
fn the_subject_is_what_the_line_and_the_locals_show() {
    let mut evidence = samples::python_chain();
    let subject = |evidence: &crate::domain::Evidence| {
        let facts = Facts::read(evidence);
        look_up(&facts)
            .map(|filled: Filled<'_>| filled.subjects.join("|"))
            .unwrap_or_default()
    };
    assert_eq!(subject(&evidence), "rate");
    evidence.event.exceptions[0].frames[1].context =
        vec![(31, "    return rates[x] + fees[y]".to_owned())];
    evidence.event.exceptions[0].frames[1].locals = samples::pairs(&[("fees", "{}")]);
    assert_eq!(
        subject(&evidence),
        "rates",
        "a local that holds something was not missing"
    );
    evidence.event.exceptions[0].frames[1].locals.clear();
    assert_eq!(
        subject(&evidence),
        "rates|fees",
        "the line alone does not tell which"
    );
}

#[rustfmt::skip]
const CASES: &[(&str, &str, &str, &str)] = &[
    ("python", "TypeError", "'NoneType' object is not subscriptable", "was `None` and was indexed"),
    ("python", "AttributeError", "'NoneType' object has no attribute 'email'", "an object with `email` was expected"),
    ("python", "TypeError", "argument of type 'NoneType' is not iterable", "empty list"),
    ("python", "TypeError", "unsupported operand type(s) for +: 'int' and 'str'", "`int` and `str`"),
    ("python", "TypeError", "load() missing 1 required positional argument: 'id'", "`load()` was called with arguments"),
    ("python", "TypeError", "Object of type Decimal is not JSON serializable", "A `Decimal` got into data"),
    ("python", "TypeError", "can't compare offset-naive and offset-aware datetimes", "time zone"),
    ("python", "AttributeError", "'Order' object has no attribute 'totl'", "a `Order` has no `totl`"),
    ("python", "KeyError", "'sku'", "no key `sku`"),
    ("python", "IndexError", "list index out of range", "shorter than the index"),
    ("python", "ValueError", "invalid literal for int() with base 10: 'abc'", "is no number"),
    ("python", "ValueError", "not enough values to unpack (expected 3, got 2)", "into `3` names"),
    ("python", "UnicodeDecodeError", "'utf-8' codec can't decode byte 0xe9 in position 1", "codec `utf-8`"),
    ("python", "ZeroDivisionError", "division by zero", "divided by zero"),
    ("python", "ModuleNotFoundError", "No module named 'pandas'", "could not import `pandas`"),
    ("python", "UnboundLocalError", "local variable 'x' referenced before assignment", "The name `x`"),
    ("python", "RuntimeError", "dictionary changed size during iteration", "while it was iterated over"),
    ("python", "DoesNotExist", "User matching query does not exist.", "for one `User`"),
    ("python", "SoftTimeLimitExceeded", "SoftTimeLimitExceeded()", "background task"),
    ("python", "MemoryError", "", "ran out of memory"),
    ("javascript", "TypeError", "Cannot read properties of undefined (reading 'name')", "`name` was read"),
    ("javascript", "TypeError", "Cannot read property 'name' of null", "`name` was read"),
    ("javascript", "TypeError", "undefined is not an object (evaluating 'cart.items.length')", "`cart.items` was not there"),
    ("javascript", "TypeError", "can't access property \"id\", user is undefined", "`user` was not there"),
    ("javascript", "TypeError", "e.map is not a function", "`e.map` was called and is no function"),
    ("javascript", "ReferenceError", "gtag is not defined", "The name `gtag`"),
    ("javascript", "SyntaxError", "Unexpected token < in JSON at position 0", "HTML was parsed as JSON"),
    ("javascript", "SyntaxError", "Unexpected end of JSON input", "no complete JSON"),
    ("javascript", "ChunkLoadError", "Loading chunk 17 failed.", "`17`"),
    ("javascript", "TypeError", "Failed to fetch dynamically imported module: https://x/y.js", "new version was deployed"),
    ("javascript", "Error", "Hydration failed because the initial UI does not match", "rendered first"),
    ("javascript", "Error", "Minified React error #301; visit https://reactjs.org", "error number `301`"),
    ("javascript", "TypeError", "Failed to fetch", "did not get through"),
    ("javascript", "Error", "Access to fetch at 'x' has been blocked by CORS policy", "another origin"),
    ("javascript", "RangeError", "Maximum call stack size exceeded", "calls itself"),
    ("javascript", "NotFoundError", "Failed to execute 'removeChild' on 'Node'", "behind the framework's back"),
    ("node", "Error", "Cannot set headers after they are sent to the client", "answered twice"),
    ("node", "Error", "connect ECONNREFUSED 127.0.0.1:5432", "`127.0.0.1:5432`"),
    ("node", "Error", "getaddrinfo ENOTFOUND api.example.com", "`api.example.com`"),
    ("node", "Error", "JavaScript heap out of memory", "ran out of memory"),
    ("java", "NullPointerException", "Cannot invoke \"A.b()\" because \"this.repo\" is null", "`this.repo` was null"),
    ("java", "java.lang.NullPointerException", "", "Java 14"),
    ("java", "ArrayIndexOutOfBoundsException", "Index 5 out of bounds for length 3", "Index `5` was used on something of length `3`"),
    ("java", "NumberFormatException", "For input string: \"12,5\"", "`12,5`"),
    ("java", "ClassCastException", "class a.B cannot be cast to class c.D", "A `a.B` was taken for a `c.D`"),
    ("java", "LazyInitializationException", "could not initialize proxy", "after its session had closed"),
    ("java", "OutOfMemoryError", "Java heap space", "ran out of memory"),
    ("java", "StackOverflowError", "", "calls itself"),
    ("java", "ApplicationNotResponding", "ANR for at least 5000 ms.", "main thread"),
    ("csharp", "System.NullReferenceException", "Object reference not set to an instance of an object.", "was null when a member"),
    ("csharp", "InvalidOperationException", "Sequence contains no elements", "FirstOrDefault"),
    ("csharp", "ArgumentNullException", "Value cannot be null. (Parameter 'path')", "argument `path`"),
    ("csharp", "KeyNotFoundException", "The given key 'a' was not present in the dictionary.", "no key `a`"),
    ("csharp", "TaskCanceledException", "A task was canceled.", "cancelled"),
    ("go", "runtime.errorString", "runtime error: invalid memory address or nil pointer dereference", "was `nil`"),
    ("go", "runtime.boundsError", "index out of range [5] with length 3", "Index `5`"),
    ("go", "*errors.errorString", "sql: no rows in result set", "sql.ErrNoRows"),
    ("go", "runtime.plainError", "assignment to entry in nil map", "never made"),
    ("go", "fatal error", "concurrent map writes", "`-race`"),
    ("rust", "panic", "called `Option::unwrap()` on a `None` value", "was `None` where the code insists"),
    ("rust", "panic", "called `Result::unwrap()` on an `Err` value: Os { code: 2 }", "`Os { code: 2 }`"),
    ("rust", "panic", "called `Result::unwrap()` on an `Err` value: PoisonError { .. }", "first panic"),
    ("rust", "panic", "called `Result::unwrap()` on an `Err` value: BorrowMutError", "borrowed twice"),
    ("rust", "panic", "index out of bounds: the len is 3 but the index is 5", "of length `3`"),
    ("rust", "panic", "attempt to subtract with overflow", "overflowed"),
    ("rust", "JoinError", "task 12 panicked with message \"no\"", "spawned task panicked"),
    ("php", "Error", "Call to a member function getName() on null", "`getName` was called"),
    ("php", "ErrorException", "Undefined array key \"page\"", "no key `page`"),
    ("php", "Error", "Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes)", "`134217728`"),
    ("php", "Error", "Class \"App\\Foo\" not found", "could not be loaded"),
    ("ruby", "NoMethodError", "undefined method `name' for nil:NilClass", "`nil` when `name` was called"),
    ("ruby", "NoMethodError", "undefined method 'name' for nil", "`nil` when `name` was called"),
    ("ruby", "ActiveRecord::RecordNotFound", "Couldn't find User with 'id'=9", "No row of `User`"),
    ("ruby", "NameError", "uninitialized constant Foo::Bar", "`Foo::Bar`"),
    ("native", "SIGSEGV", "SEGV_MAPERR @ 0x10", "null pointer"),
    ("native", "SIGSEGV", "SEGV_ACCERR @ 0x7f12ab34", "AddressSanitizer"),
    ("native", "SIGABRT", "double free or corruption", "freed twice"),
    ("cocoa", "EXC_BAD_ACCESS", "Attempted to dereference null pointer.", "null pointer"),
    ("cocoa", "EXC_BREAKPOINT", "Fatal error: Unexpectedly found nil while unwrapping an Optional value", "force-unwrapped"),
    ("cocoa", "NSInvalidArgumentException", "-[Cell setName:]: unrecognized selector sent to instance 0x1", "sent `setName:`"),
    ("elixir", "FunctionClauseError", "no function clause matching in Shop.Cart.add/2", "`Shop.Cart.add/2`"),
    ("elixir", "exit", "** (exit) exited in: GenServer.call(Shop, :x, 5000) ** (EXIT) time out", "did not answer a call in time"),
    ("dart", "_TypeError", "Null check operator used on a null value", "null behind a `!`"),
    ("dart", "FlutterError", "setState() called after dispose(): _State#1", "mounted"),
    ("python", "JSONDecodeError", "Expecting value: line 1 column 1 (char 0)", "no JSON was parsed"),
    ("java", "IllegalStateException", "Duplicate key 5 (attempted merging values a and b)", "the key `5`"),
    ("csharp", "ObjectDisposedException", "Cannot access a disposed context instance.", "after it was disposed"),
    ("csharp", "SqlException", "Execution Timeout Expired. The timeout period elapsed prior to completion of the operation", "EXPLAIN"),
    ("ruby", "Sidekiq::Shutdown", "Sidekiq::Shutdown", "told to stop"),
    ("elixir", "DBConnection.ConnectionError", "connection not available and request was dropped from queue after 2000ms", "No database connection was free"),
    ("python", "ReadTimeout", "HTTPSConnectionPool(host='a.test', port=443): Read timed out. (read timeout=10)", "did not answer in time"),
    ("go", "*net.OpError", "dial tcp 10.0.0.1:5432: i/o timeout", "`10.0.0.1:5432`"),
    ("python", "OperationalError", "deadlock detected", "waited for each other's locks"),
    ("python", "IntegrityError", "duplicate key value violates unique constraint \"users_email_key\"", "`users_email_key`"),
    ("ruby", "ActiveRecord::RecordNotUnique", "Mysql2::Error: Duplicate entry 'a@b' for key 'users.email'", "`users.email`"),
    ("python", "TimeoutError", "QueuePool limit of size 5 overflow 10 reached, connection timed out", "No database connection was free"),
    ("python", "QueryCanceled", "canceling statement due to statement timeout", "EXPLAIN"),
    ("python", "UndefinedTable", "relation \"orders\" does not exist", "`orders`"),
    ("python", "OperationalError", "database is locked", "WAL"),
    ("node", "MongoServerError", "E11000 duplicate key error collection: a.b index: email_1 dup key", "`email_1`"),
    ("python", "SSLError", "certificate verify failed: unable to get local issuer certificate", "TLS handshake failed"),
    ("python", "HTTPError", "429 Client Error: Too Many Requests for url", "rate limit"),
    ("node", "AxiosError", "Request failed with status code 503", "answered `503`"),
    ("python", "HTTPError", "404 Client Error: Not Found for url: https://x", "`404`"),
    ("python", "OSError", "[Errno 28] No space left on device", "The disk is full"),
    ("python", "OSError", "[Errno 24] Too many open files", "files and sockets open"),
    ("node", "Error", "listen EADDRINUSE: address already in use :::3000", "is taken"),
    ("python", "CardError", "Your card was declined.", "declined the card"),
];
