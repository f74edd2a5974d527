//! What the rules write of whole events, and that they hold for any.

use proptest::{collection::vec, prelude::*};

pub(super) mod samples;

use super::{HEURISTICS, specify};
use crate::{
    domain::{Event, Evidence, Issue, Level, Origin, event::Breadcrumb},
    explain::render::markdown,
};

/// The whole document of the specification of each sample.
#[test]
fn a_specification_says_what_a_developer_needs() {
    let samples = [
        ("python_chain", samples::python_chain()),
        ("browser_click", samples::browser_click()),
        ("unique_violation", samples::unique_violation()),
        ("java_null", samples::java_null()),
        ("go_index", samples::go_index()),
        ("rust_unwrap", samples::rust_unwrap()),
        ("native_crash", samples::native_crash()),
        ("policy_report", samples::policy_report()),
        ("repeated_queries", samples::repeated_queries()),
        ("message_only", samples::message_only()),
        ("recursion", samples::recursion()),
        ("own_throw", samples::own_throw()),
    ];
    for (name, evidence) in samples {
        let specification = specify(&evidence);
        insta::assert_snapshot!(name, markdown(&evidence.issue, &specification));
    }
}

#[test]
fn an_event_that_says_nothing_is_told_as_that() {
    let specification = specify(&Evidence::default());
    let told = &specification.provenance;
    assert!(specification.summary.contains("event without a message"));
    assert!(specification.root_cause.contains("names no exception"));
    assert!(specification.suggested_fix.contains("have it report"));
    assert_eq!(specification.estimated_effort, "");
    assert!(specification.affected_components.is_empty());
    assert_eq!(specification.culprit, None);
    assert_eq!(told.summary, Origin::Heuristic);
    for origin in [told.estimated_effort, told.affected_components] {
        assert_eq!(origin, Origin::Missing);
    }
}

#[test]
fn what_is_written_is_marked_heuristic_and_names_no_model() {
    let specification = specify(&samples::python_chain());
    assert_eq!(specification.provenance.summary, Origin::Heuristic);
    assert_eq!(specification.provenance.code_examples, Origin::Heuristic);
    assert_eq!(specification.provenance.related_issues, Origin::Missing);
    assert_eq!((specification.model, specification.grounding), (None, None));
    assert_eq!(HEURISTICS, "heuristics/2");
}

#[test]
fn without_frames_the_culprit_is_the_best_name_there_is() {
    let logged = specify(&samples::message_only())
        .culprit
        .unwrap_or_default();
    assert_eq!(
        (logged.function.as_deref(), logged.evidence),
        (Some("shop.stock"), None)
    );
    let task = specify(&samples::repeated_queries())
        .culprit
        .unwrap_or_default();
    assert_eq!(task.function.as_deref(), Some("GET /orders"));
}

#[test]
fn secrets_are_not_shown() {
    let mut evidence = samples::python_chain();
    if let Some(frame) = evidence
        .event
        .exceptions
        .first_mut()
        .and_then(|one| one.frames.last_mut())
    {
        let line = "    return rates[api_key](card, dsn, session, 'Bearer nmx1Zq8hTr42')";
        frame.context = vec![(31, line.to_owned())];
        frame.locals = samples::pairs(&[
            ("api_key", "'sk-1'"),
            ("card", "'4242'"),
            ("dsn", "'postgres://shop:hunter2@db.internal/shop'"),
            ("session", "<Session at 0x7f1c>"),
            ("rates", "{}"),
        ]);
    }
    if let Some(exception) = evidence.event.exceptions.first_mut() {
        let far = "x".repeat(140);
        let said = format!("no rate for jane@example.com at https://{far}:swordfish@rates.test");
        exception.value = Some(said);
    }
    let specification = specify(&evidence);
    let document = markdown(&evidence.issue, &specification);
    for shown in [
        "`api_key` = `***`",
        "`dsn` = `'postgres://shop:***@db.internal/shop'`",
        "`session` = `<Session at 0x7f1c>`",
        "no rate for jane@example.com",
    ] {
        assert!(document.contains(shown), "{shown} in {document}");
    }
    for secret in ["sk-1", "4242", "hunter2", "swordf", "nmx1", "key=secret"] {
        assert!(!document.contains(secret), "{secret} in {document}");
    }
}

#[test]
fn a_thousand_long_frames_and_crumbs_stay_a_short_text() {
    let mut evidence = samples::recursion();
    let long = "x".repeat(100_000);
    evidence.event.exceptions[0].value = Some(long.clone());
    evidence.event.message = Some(long.clone());
    for frame in &mut evidence.event.exceptions[0].frames {
        frame.function = Some(long.clone());
    }
    evidence.event.breadcrumbs = (0..1_000)
        .map(|_| samples::crumb(1, "query", &long, &[("url", &long)]))
        .collect();
    let document = markdown(&evidence.issue, &specify(&evidence));
    assert!(document.len() < 20_000, "{} bytes", document.len());
}

/// Text that tries to break out: markup, escapes, quotes, empty, long, in many scripts.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("`` ` ```\n# owned\n<script>alert(1)</script>".to_owned()),
        Just("\u{1b}[31m\u{1b}]0;title\u{7}\u{202e}\u{0}".to_owned()),
        Just("Cannot read properties of undefined (reading '`'){subject}{|}{{name|{".to_owned()),
        Just("((((]]]].name[[\"é漢🙂".to_owned()),
        "\\PC{0,40}",
        ".{0,40}",
    ]
}

fn hostile_event() -> impl Strategy<Value = Event> {
    let frames = vec(
        (
            hostile(),
            hostile(),
            hostile(),
            any::<u32>(),
            any::<Option<bool>>(),
        ),
        0..4,
    );
    let texts = vec(hostile(), 12);
    (
        vec((hostile(), hostile(), frames), 0..4),
        texts,
        vec((hostile(), hostile(), hostile()), 0..4),
    )
        .prop_map(|(exceptions, texts, crumbs)| {
            let text = |at: usize| texts.get(at).cloned();
            let exceptions = exceptions.into_iter().map(|(kind, value, frames)| {
                let frames = frames
                    .into_iter()
                    .map(|(function, file, source, line, in_app)| {
                        let mut frame = samples::own(&function, &file, line, &[]);
                        frame.context = vec![
                            (line.saturating_sub(1), value.clone()),
                            (line, source.clone()),
                        ];
                        frame.locals = vec![(source, "None".to_owned()), (function, value.clone())];
                        frame.in_app = in_app;
                        frame
                    });
                samples::exception(&kind, &value, frames.collect())
            });
            let crumbs = crumbs
                .into_iter()
                .map(|(category, message, url)| Breadcrumb {
                    data: vec![("url".to_owned(), url.clone()), ("to".to_owned(), url)],
                    category: Some(category),
                    message: Some(message),
                    level: Some(Level::Error),
                    ..Breadcrumb::default()
                });
            Event {
                exceptions: exceptions.collect(),
                breadcrumbs: crumbs.collect(),
                message: text(0),
                transaction: text(1),
                release: text(2),
                environment: text(3),
                platform: text(4),
                culprit: text(5),
                request: Some(samples::request(
                    text(6).as_deref(),
                    &text(7).unwrap_or_default(),
                    text(8).as_deref(),
                )),
                findings: vec![
                    ("blocked_uri".to_owned(), text(9).unwrap_or_default()),
                    (text(10).unwrap_or_default(), String::new()),
                ],
                tags: vec![("os".to_owned(), text(11).unwrap_or_default())],
                ..Event::default()
            }
        })
}

/// The lines of a document outside of fenced code.
fn outside_of_fences(document: &str) -> Vec<&str> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for line in document.lines() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        let ticks = line.get(..ticks).unwrap_or_default();
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => fence = Some(ticks),
            None => lines.push(line),
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn foreign_text_stays_text(event in hostile_event(), title in hostile()) {
        let mut evidence = samples::evidence(event);
        evidence.issue = Issue { title, ..evidence.issue };
        let specification = specify(&evidence);
        let document = markdown(&evidence.issue, &specification);
        prop_assert!(document.len() < 40_000);
        prop_assert!(!document.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')), "{document:?}");
        for line in outside_of_fences(&document) {
            prop_assert!(!line.starts_with("# owned"), "{document}");
            let markup = line.find("<script").is_some_and(|at| {
                line[..at].matches('`').count() == 0 && !line[..at].ends_with('\\')
            });
            prop_assert!(!markup, "{line}");
        }
        prop_assert_eq!(specify(&evidence), specification);
    }
}
