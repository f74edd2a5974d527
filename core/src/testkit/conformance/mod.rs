//! The conformance suites: what each port's docs promise, as code that runs against any adapter.
//!
//! A suite is one public async function for each Behaviour bullet of its port, under the same
//! words, and a table of them made by [`cases!`](crate::cases). An adapter's test hands that table
//! to [`run`] with a closure that opens a fresh adapter and drives one case on a runtime of its
//! choice. Nothing here knows a runtime; [`assert_covers`] holds a suite against its port's docs.

pub mod access_tokens;
pub mod analyses;
pub mod archive;
pub mod audit;
pub mod auth;
pub mod changes;
pub mod clock;
pub mod deliveries;
pub mod idempotency;
pub mod invitations;
pub mod issue_source;
pub mod ledger;
pub mod llm;
pub mod outbox;
pub mod passwords;
pub mod revoked_tokens;
pub mod sessions;
pub mod users;
pub mod vault;
pub mod vitals;
pub mod watches;
pub mod workspaces;

use std::{
    fmt,
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
};

use futures::future::BoxFuture;

use crate::{
    Error,
    ports::{
        AccessTokens, Analyses, Changes, Export, Import, Invitations, Ledger, Outbox,
        RevokedTokens, Users, Vitals, Watches, Workspaces,
    },
};

/// One promise of a port, and the code that holds an adapter to it.
///
/// `P` is what a case needs: the port (`dyn IssueSource`), or a struct of several.
pub struct Case<P: ?Sized> {
    /// The bullet in the port's docs, word for word.
    pub words: &'static str,
    /// The name of [`run`](Self::run): the same words in snake case.
    pub function: &'static str,
    /// Holds an adapter to it.
    pub run: for<'a> fn(&'a P) -> BoxFuture<'a, Verdict>,
}

/// A store that is every port of a store at once.
pub trait WholeStore:
    Users
    + Workspaces
    + AccessTokens
    + Invitations
    + Analyses
    + Ledger
    + Watches
    + Outbox
    + RevokedTokens
    + Vitals
    + Changes
    + Export
    + Import
{
}

impl<S> WholeStore for S where
    S: Users
        + Workspaces
        + AccessTokens
        + Invitations
        + Analyses
        + Ledger
        + Watches
        + Outbox
        + RevokedTokens
        + Vitals
        + Changes
        + Export
        + Import
{
}

/// How a case ended: `Ok` when the promise was kept.
pub type Verdict = Result<(), Stop>;

/// Why a case did not come to its good end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The promise was broken.
    Failed(String),
    /// The case cannot be tried here, for this reason.
    Skipped(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(format!("{error:?}"))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => write!(f, "FAILED: {why}"),
            Self::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}

/// Makes a suite's table: `cases![dyn Port; "the bullet's words" => its_function, …]`.
#[macro_export]
macro_rules! cases {
    ($port:ty; $($words:literal => $function:ident),+ $(,)?) => {
        &[$($crate::testkit::conformance::Case::<$port> {
            words: $words,
            function: stringify!($function),
            run: |port| Box::pin($function(port)),
        }),+]
    };
}

/// Ends a case as failed unless a condition holds: `ensure!(condition, "what was seen: {seen:?}")`.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err($crate::testkit::conformance::Stop::Failed(format!($($why)+)));
        }
    };
}

/// What a run that broke no promise came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The promises kept.
    pub passed: Vec<&'static str>,
    /// The promises that could not be tried, each with the reason.
    pub skipped: Vec<(&'static str, String)>,
}

/// Runs every case and prints one line for each: `files: an unknown issue is none, not an error … ok`.
///
/// `drive` opens a fresh adapter and drives the case to its end. A case that panics has failed.
///
/// # Panics
/// At the end, when a case failed, with every line that failed.
pub fn run<P: ?Sized>(
    adapter: &str,
    cases: &[Case<P>],
    drive: impl Fn(&Case<P>) -> Verdict,
) -> Report {
    let mut report = Report {
        passed: Vec::new(),
        skipped: Vec::new(),
    };
    let mut failed = Vec::new();
    for case in cases {
        let verdict = catch_unwind(AssertUnwindSafe(|| drive(case)))
            .unwrap_or_else(|panic| Err(Stop::Failed(panic_text(panic.as_ref()))));
        let line = match &verdict {
            Ok(()) => format!("{adapter}: {} … ok", case.words),
            Err(stop) => format!("{adapter}: {} … {stop}", case.words),
        };
        // Straight to the stream: the macro's output is shown for failing tests only.
        let _ = writeln!(io::stdout(), "{line}");
        match verdict {
            Ok(()) => report.passed.push(case.words),
            Err(Stop::Skipped(why)) => report.skipped.push((case.words, why)),
            Err(Stop::Failed(_)) => failed.push(line),
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases failed\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
    report
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("with no text"))
}

/// Holds a suite against the docs of its port: every bullet has a case, every case is a bullet,
/// in the same order, and each function is named by the words of its bullet.
///
/// `source` is the port's file (`include_str!`), `port` the trait's name.
///
/// # Panics
/// When they differ.
pub fn assert_covers<P: ?Sized>(source: &str, port: &str, cases: &[Case<P>]) {
    let bullets = behaviour(source, port);
    assert!(!bullets.is_empty(), "the docs of {port} promise nothing");
    let words: Vec<_> = cases.iter().map(|case| case.words).collect();
    assert_eq!(bullets, words, "the docs of {port} and its suite differ");
    for case in cases {
        assert_eq!(case.function, snake_case(case.words));
    }
}

/// The bullets under `# Behaviour` in the docs of the trait `port`.
fn behaviour(source: &str, port: &str) -> Vec<String> {
    let docs = source.split(&format!("pub trait {port}")).next();
    let block = docs.and_then(|docs| docs.rsplit("/// # Behaviour\n").next());
    let mut bullets: Vec<String> = Vec::new();
    for line in block.unwrap_or_default().lines() {
        let Some(line) = line.trim_start().strip_prefix("/// ") else {
            break;
        };
        match (line.strip_prefix("- "), bullets.last_mut()) {
            (Some(bullet), _) => bullets.push(bullet.to_owned()),
            (None, Some(bullet)) => *bullet = format!("{bullet} {}", line.trim()),
            (None, None) => {}
        }
    }
    bullets
}

fn snake_case(words: &str) -> String {
    let words: Vec<_> = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    async fn it_is_even(number: &u8) -> Verdict {
        ensure!(number.is_multiple_of(2), "{number} is odd");
        Ok(())
    }

    async fn it_is_small_or_unknown(number: &u8) -> Verdict {
        match *number {
            200.. => Err(Stop::Skipped("too large to say".to_owned())),
            100.. => panic!("{number} is large"),
            _ => Ok(()),
        }
    }

    const CASES: &[Case<u8>] = cases![u8;
        "it is even" => it_is_even,
        "it is small, or unknown" => it_is_small_or_unknown,
    ];

    fn on(number: u8) -> Report {
        run("number", CASES, |case| {
            let verdict = (case.run)(&number).now_or_never();
            verdict.unwrap_or_else(|| Err(Stop::Failed("it waits".to_owned())))
        })
    }

    #[test]
    fn kept_and_skipped_promises_are_reported() {
        assert_eq!(on(2).passed, ["it is even", "it is small, or unknown"]);
        let skipped = on(200).skipped;
        assert_eq!(
            skipped,
            [("it is small, or unknown", "too large to say".to_owned())]
        );
    }

    #[test]
    #[should_panic(expected = "number: it is even … FAILED: 3 is odd")]
    fn a_broken_promise_fails_the_run() {
        on(3);
    }

    #[test]
    #[should_panic(expected = "number: it is small, or unknown … FAILED: panicked: 100 is large")]
    fn a_panic_fails_the_run() {
        on(100);
    }

    const DOCS: &str = "/// # Behaviour\n/// - another's\npub trait Other {}\n\n/// Numbers.\n///\n\
        /// # Behaviour\n/// - it is even\n/// - it is small,\n///   or unknown\n#[x]\npub trait Number {}\n";

    #[test]
    fn a_suite_that_matches_its_docs_covers_them() {
        assert_covers(DOCS, "Number", CASES);
    }

    #[test]
    #[should_panic(expected = "differ")]
    fn a_bullet_without_a_case_is_noticed() {
        assert_covers(DOCS, "Number", &CASES[..1]);
    }
}
