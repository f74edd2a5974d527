//! The published rubric of priorities.
//!
//! The score is the sum of the points of every rule that applies:
//!
//! | rule | points | looks for |
//! |---|---|---|
//! | `fatal` | 35 | the level is fatal |
//! | `error` | 20 | the level is error |
//! | `warning` | 5 | the level is warning |
//! | `info` | -10 | the level is info or debug |
//! | `unhandled` | 15 | nobody caught the exception |
//! | `process_crash` | 10 | the failure ends the whole process |
//! | `production` | 10 | the environment is production |
//! | `users_100` | 20 | 100 users or more |
//! | `users_10` | 10 | 10 to 99 users |
//! | `events_1000` | 10 | 1,000 events or more |
//! | `events_100` | 5 | 100 to 999 events |
//! | `burst` | 10 | 60 events an hour or more, over at least 20 events |
//! | `regression` | 10 | it came back after it was resolved, or is new in the release that runs |
//! | `money_or_access` | 15 | payment, authentication or authorisation in own code, route or class |
//! | `data_integrity` | 10 | data may be lost, doubled or inconsistent |
//! | `security` | 10 | a policy violation or signs of an injection |
//! | `handled` | -10 | the program caught the exception and went on |
//! | `single_user` | -5 | one user only |
//! | `not_ours` | -30 | a browser extension or a foreign script |
//! | `browser_report` | -20 | a browser's report: the policy did its work, nothing failed |
//! | `development` | -20 | the environment is for development or tests |
//! | `test_event` | -20 | the message says that it is a test |
//!
//! From 70 points the priority is critical, from 45 high, from 20 medium, below that low.

mod words;

use self::words::{said, said_in};
use super::facts::Facts;
use crate::domain::{Level, Priority, PriorityReason};

/// One rule, as the API publishes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name.
    pub name: &'static str,
    /// What it adds to, or takes from, the score.
    pub points: i32,
    /// What it looks for.
    pub looks_for: &'static str,
}

/// The least score of each priority above low, from the highest.
pub const THRESHOLDS: [(i32, Priority); 3] = [
    (70, Priority::Critical),
    (45, Priority::High),
    (20, Priority::Medium),
];

/// Every rule of the rubric, in the order they are applied.
pub fn rules() -> impl Iterator<Item = Rule> {
    TABLE.iter().map(|(rule, _)| *rule)
}

/// The priority that a score means.
pub fn priority(score: i32) -> Priority {
    let reached = THRESHOLDS.iter().find(|(least, _)| score >= *least);
    reached.map_or(Priority::Low, |(_, priority)| *priority)
}

/// Applies every rule.
pub(super) fn assess(facts: &Facts<'_>) -> (Priority, Vec<PriorityReason>) {
    let reasons: Vec<_> = TABLE
        .iter()
        .filter_map(|(rule, check)| {
            Some(PriorityReason {
                because: check(facts)?,
                rule: rule.name.to_owned(),
                points: rule.points,
            })
        })
        .collect();
    let score = reasons.iter().map(|reason| reason.points).sum();
    (priority(score), reasons)
}

/// Tells what in the evidence a rule applies to; `None` when it does not.
type Check = fn(&Facts<'_>) -> Option<String>;

const fn rule(name: &'static str, points: i32, looks_for: &'static str) -> Rule {
    Rule {
        name,
        points,
        looks_for,
    }
}

static TABLE: [(Rule, Check); 22] = [
    (rule("fatal", 35, "the level is fatal"), |f| {
        level(f, &[Level::Fatal])
    }),
    (rule("error", 20, "the level is error"), |f| {
        level(f, &[Level::Error])
    }),
    (rule("warning", 5, "the level is warning"), |f| {
        level(f, &[Level::Warning])
    }),
    (rule("info", -10, "the level is info or debug"), |f| {
        level(f, &[Level::Info, Level::Debug])
    }),
    (
        rule("unhandled", 15, "nobody caught the exception"),
        unhandled,
    ),
    (
        rule("process_crash", 10, "the failure ends the whole process"),
        process_crash,
    ),
    (
        rule("production", 10, "the environment is production"),
        |f| environment(f, &["prod", "live"]),
    ),
    (rule("users_100", 20, "100 users or more"), |f| {
        users(f, 100, u64::MAX)
    }),
    (rule("users_10", 10, "10 to 99 users"), |f| users(f, 10, 99)),
    (rule("events_1000", 10, "1,000 events or more"), |f| {
        events(f, 1_000, u64::MAX)
    }),
    (rule("events_100", 5, "100 to 999 events"), |f| {
        events(f, 100, 999)
    }),
    (
        rule(
            "burst",
            10,
            "60 events an hour or more, over at least 20 events",
        ),
        burst,
    ),
    (
        rule(
            "regression",
            10,
            "it came back after it was resolved, or is new in the release that runs",
        ),
        regression,
    ),
    (
        rule(
            "money_or_access",
            15,
            "payment, authentication or authorisation in own code, route or class",
        ),
        money_or_access,
    ),
    (
        rule(
            "data_integrity",
            10,
            "data may be lost, doubled or inconsistent",
        ),
        data_integrity,
    ),
    (
        rule(
            "security",
            10,
            "a policy violation or signs of an injection",
        ),
        security,
    ),
    (
        rule(
            "handled",
            -10,
            "the program caught the exception and went on",
        ),
        handled,
    ),
    (rule("single_user", -5, "one user only"), |f| users(f, 1, 1)),
    (
        rule("not_ours", -30, "a browser extension or a foreign script"),
        not_ours,
    ),
    (
        rule(
            "browser_report",
            -20,
            "a browser's report: the policy did its work, nothing failed",
        ),
        browser_report,
    ),
    (
        rule(
            "development",
            -20,
            "the environment is for development or tests",
        ),
        |f| environment(f, &["dev", "local", "test", "debug", "ci", "sandbox"]),
    ),
    (
        rule("test_event", -20, "the message says that it is a test"),
        test_event,
    ),
];

fn level(facts: &Facts<'_>, levels: &[Level]) -> Option<String> {
    // An event without a level is an error; then the issue's word counts.
    let level = match facts.event.level {
        Level::Error => facts.evidence.issue.level,
        told => told,
    };
    levels
        .contains(&level)
        .then(|| format!("the level is {}", level.as_str()))
}

fn unhandled(facts: &Facts<'_>) -> Option<String> {
    (facts.handled() == Some(false)).then(|| "no handler caught the exception".to_owned())
}

fn handled(facts: &Facts<'_>) -> Option<String> {
    (facts.handled() == Some(true)).then(|| "the program caught the exception".to_owned())
}

fn process_crash(facts: &Facts<'_>) -> Option<String> {
    const KINDS: [&str; 13] = [
        "SIG",
        "EXC_",
        "EXCEPTION_",
        "panic",
        "runtime.",
        "OutOfMemory",
        "StackOverflow",
        "ApplicationNotResponding",
        "ANR",
        "abort",
        "WatchdogTermination",
        "fatal error",
        "Fatal error",
    ];
    let kind = facts.failure.kind.as_deref()?;
    let dies = KINDS.iter().any(|start| kind.starts_with(start));
    let survives = facts.handled() == Some(true);
    (dies && !survives)
        .then(|| format!("{} ends the process or the request's worker", quoted(kind)))
}

fn environment(facts: &Facts<'_>, words: &[&str]) -> Option<String> {
    let name = facts.event.environment.as_deref()?;
    let lower = name.to_ascii_lowercase();
    let fits = words.iter().any(|word| lower.starts_with(word));
    fits.then(|| format!("the environment is {}", quoted(name)))
}

fn users(facts: &Facts<'_>, least: u64, most: u64) -> Option<String> {
    let count = facts.evidence.issue.user_count;
    (least..=most).contains(&count).then(|| match count {
        1 => "one user met it".to_owned(),
        _ => format!("{count} users met it"),
    })
}

fn events(facts: &Facts<'_>, least: u64, most: u64) -> Option<String> {
    let count = facts.evidence.issue.count;
    (least..=most)
        .contains(&count)
        .then(|| format!("it happened {count} times"))
}

fn burst(facts: &Facts<'_>) -> Option<String> {
    let issue = &facts.evidence.issue;
    let seconds = issue
        .last_seen?
        .as_second()
        .checked_sub(issue.first_seen?.as_second())?;
    let seconds = u64::try_from(seconds).ok()?.max(60);
    let hourly = issue.count.checked_mul(3_600)? / seconds;
    (issue.count >= 20 && hourly >= 60).then(|| format!("about {hourly} events an hour"))
}

fn regression(facts: &Facts<'_>) -> Option<String> {
    let issue = &facts.evidence.issue;
    let metadata = |name: &str| issue.metadata.get(name);
    let substatus = metadata("substatus").and_then(|value| value.as_str());
    if substatus == Some("regressed") || issue.status == "regressed" {
        return Some("it had been resolved and came back".to_owned());
    }
    let first = metadata("firstRelease").or_else(|| metadata("first_release"))?;
    let first = first.as_str().or_else(|| first.get("version")?.as_str())?;
    let here = facts.event.release.as_deref()?;
    (first == here).then(|| format!("it is new in release {}", quoted(here)))
}

fn money_or_access(facts: &Facts<'_>) -> Option<String> {
    const WORDS: [&str; 18] = [
        "payment",
        "checkout",
        "billing",
        "invoice",
        "charge",
        "refund",
        "subscription",
        "stripe",
        "paypal",
        "wallet",
        "login",
        "signin",
        "sign_in",
        "logout",
        "password",
        "oauth",
        "authn",
        "authz",
    ];
    said_in(facts, &WORDS).map(|(word, place)| format!("«{word}» in {}", quoted(place)))
}

fn data_integrity(facts: &Facts<'_>) -> Option<String> {
    const WORDS: [&str; 12] = [
        "integrityerror",
        "constraint",
        "deadlock",
        "duplicate key",
        "duplicate entry",
        "corrupt",
        "data loss",
        "optimisticlock",
        "stale object",
        "serialization failure",
        "no space left",
        "inconsistent",
    ];
    said(facts, &WORDS).map(|word| format!("the failure speaks of «{word}»"))
}

fn security(facts: &Facts<'_>) -> Option<String> {
    const WORDS: [&str; 9] = [
        "csp violation",
        "injection",
        "xss",
        "sql syntax",
        "syntax error at or near",
        "path traversal",
        "deserialization of untrusted",
        "csrf",
        "invalid signature",
    ];
    said(facts, &WORDS).map(|word| format!("the failure speaks of «{word}»"))
}

fn not_ours(facts: &Facts<'_>) -> Option<String> {
    const WORDS: [&str; 4] = [
        "chrome-extension",
        "moz-extension",
        "safari-extension",
        "safari-web-extension",
    ];
    let frames = facts.crash.and_then(|crash| crash.frame.place());
    let reported = facts.finding(&["blocked_uri", "source_file"]);
    let message = facts.failure.message.as_deref();
    let places = [frames, facts.finding(&["source_file"]), reported, message];
    let foreign = places
        .into_iter()
        .flatten()
        .find_map(|place| WORDS.iter().find(|word| place.contains(*word)));
    if let Some(word) = foreign {
        return Some(format!("it comes from a `{word}`"));
    }
    let bare = message.is_some_and(|text| text.trim_end_matches('.') == "Script error");
    bare.then(|| "the browser reports a script of another origin".to_owned())
}

fn browser_report(facts: &Facts<'_>) -> Option<String> {
    facts
        .is_policy()
        .then(|| "the browser blocked it before it had an effect".to_owned())
}

fn test_event(facts: &Facts<'_>) -> Option<String> {
    const WORDS: [&str; 6] = [
        "this is a test",
        "test exception",
        "test error",
        "sentry test",
        "test message",
        "captured by sentry",
    ];
    said(facts, &WORDS).map(|word| format!("the message says «{word}»"))
}

fn quoted(text: &str) -> String {
    super::inline::code(text, 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Event, Evidence, Issue},
        explain::heuristics::tests::samples,
    };

    #[test]
    fn the_published_table_is_the_one_applied() {
        let published: Vec<_> = include_str!("rubric.rs")
            .lines()
            .filter(|line| line.starts_with("//! | `"))
            .map(str::to_owned)
            .collect();
        let row = |rule: Rule| {
            format!(
                "//! | `{}` | {} | {} |",
                rule.name, rule.points, rule.looks_for
            )
        };
        let applied: Vec<_> = rules().map(row).collect();
        assert_eq!(published, applied);
    }

    #[test]
    fn a_priority_begins_at_its_threshold() {
        for (score, expected) in [
            (i32::MIN, Priority::Low),
            (19, Priority::Low),
            (20, Priority::Medium),
            (44, Priority::Medium),
            (45, Priority::High),
            (69, Priority::High),
            (70, Priority::Critical),
            (i32::MAX, Priority::Critical),
        ] {
            assert_eq!(priority(score), expected, "{score}");
        }
    }

    fn applied(evidence: &Evidence) -> Vec<String> {
        let (_, reasons) = assess(&Facts::read(evidence));
        reasons.into_iter().map(|reason| reason.rule).collect()
    }

    fn seen(count: u64, users: u64, hours: i64) -> Vec<String> {
        let issue = Issue {
            count,
            user_count: users,
            first_seen: Some(samples::at(0)),
            last_seen: Some(samples::at(hours * 3_600)),
            ..Issue::default()
        };
        applied(&Evidence {
            issue,
            ..Evidence::default()
        })
    }

    #[test]
    fn counts_apply_one_rule_of_each_ladder() {
        for (count, users, hours, expected) in [
            (0, 0, 1, vec!["error"]),
            (1, 1, 1, vec!["error", "single_user"]),
            (99, 9, 1_000, vec!["error"]),
            (100, 10, 1_000, vec!["error", "users_10", "events_100"]),
            (999, 99, 1_000, vec!["error", "users_10", "events_100"]),
            (1_000, 100, 1_000, vec!["error", "users_100", "events_1000"]),
            (19, 0, 0, vec!["error"]),
            (20, 0, 0, vec!["error", "burst"]),
            (
                u64::MAX,
                u64::MAX,
                1_000,
                vec!["error", "users_100", "events_1000"],
            ),
        ] {
            assert_eq!(
                seen(count, users, hours),
                expected,
                "{count} events, {users} users"
            );
        }
    }

    #[test]
    fn each_fact_of_the_event_applies_its_rule() {
        let with = |change: fn(&mut Evidence)| {
            let mut evidence = Evidence::default();
            change(&mut evidence);
            applied(&evidence)
        };
        let said = |message: &str| {
            applied(&samples::evidence(Event {
                exceptions: vec![samples::exception("Error", message, vec![])],
                ..Event::default()
            }))
        };
        assert!(with(|it| it.event.level = Level::Fatal).contains(&"fatal".to_owned()));
        assert!(with(|it| it.event.level = Level::Warning).contains(&"warning".to_owned()));
        assert!(with(|it| it.event.level = Level::Debug).contains(&"info".to_owned()));
        assert!(
            with(|it| it.event.environment = Some("Production-eu".to_owned()))
                .contains(&"production".to_owned())
        );
        assert!(
            with(|it| it.event.environment = Some("dev".to_owned()))
                .contains(&"development".to_owned())
        );
        assert!(
            with(|it| it.event.transaction = Some("/checkout".to_owned()))
                .contains(&"money_or_access".to_owned())
        );
        assert!(
            with(|it| it.issue.status = "regressed".to_owned()).contains(&"regression".to_owned())
        );
        assert!(said("duplicate key value violates").contains(&"data_integrity".to_owned()));
        assert!(said("This is a test exception").contains(&"test_event".to_owned()));
        assert!(said("Script error.").contains(&"not_ours".to_owned()));
        let crash = applied(&samples::native_crash());
        for rule in ["fatal", "unhandled", "process_crash"] {
            assert!(crash.contains(&rule.to_owned()), "{rule} of {crash:?}");
        }
        assert!(applied(&samples::own_throw()).contains(&"handled".to_owned()));
        let report = applied(&samples::policy_report());
        assert!(
            report.contains(&"security".to_owned())
                && report.contains(&"browser_report".to_owned())
        );
    }
}
