//! Sentry's own: what its refusals mean, how its limits are kept to, whom it is asked from.
//! The suite of issue sources runs in `conformance.rs`.
#![cfg(feature = "source-sentry")]
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

#[path = "support/sentry.rs"]
mod replay;

use std::{sync::Arc, time::Duration};

use explainer_adapters::{
    outbound::Target,
    sources::sentry::{SentryDefaults, SentryKind},
};
use explainer_core::{
    Error, ErrorKind,
    domain::{IssueQuery, Level},
    ports::{IssueSource, SourceKind},
};
use futures::future::join_all;
use replay::{Answer, ORGANIZATION, ReplaySentry, TOKEN};
use serde_json::{Value, json};

/// A kind whose operator named `server`.
fn kind(server: &ReplaySentry) -> SentryKind {
    SentryKind::new(SentryDefaults {
        target: Target::of_operator(&server.url()).unwrap(),
        api_token: None,
        organization: None,
        private_networks: false,
    })
}

fn open(server: &ReplaySentry) -> Arc<dyn IssueSource> {
    let settings = json!({"api_token": TOKEN, "organization": ORGANIZATION});
    kind(server).open(&settings).unwrap()
}

fn everything() -> IssueQuery {
    IssueQuery {
        query: String::new(),
        limit: 100,
        ..IssueQuery::default()
    }
}

fn detail(detail: impl Into<Value>) -> Value {
    json!({ "detail": detail.into() })
}

#[tokio::test]
async fn an_issue_is_read_with_what_its_newest_event_knows() {
    let server = ReplaySentry::start();
    server.state().merged.insert("900".into(), "1003".into());
    let source = open(&server);
    let issue = source.issue("1001").await.unwrap().unwrap();
    assert_eq!(issue.title, "KeyError: 'sku-1'");
    assert_eq!((issue.count, issue.user_count), (1204, 31));
    assert_eq!(issue.culprit.as_deref(), Some("app.cart in price"));
    assert_eq!(issue.tags["browser"], "Firefox 147");
    assert_eq!(issue.tags["release"], "shop@2.4.1");
    assert!(
        issue
            .stack_trace
            .unwrap()
            .contains("price (app/cart.py:41)")
    );
    assert_eq!(issue.level, Level::Error);

    let merged = source.issue("900").await.unwrap().unwrap();
    assert_eq!(merged.id, "1003");
    let short = source.issue("SHOP-2").await.unwrap().unwrap();
    assert_eq!(short.id, "1002");

    let events = source.events("1001", 5).await.unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].exceptions[0].frames.len(), 2);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table is read row by row")]
async fn every_refusal_keeps_its_meaning() {
    use ErrorKind as K;
    let html = |status| {
        Answer {
            status,
            body: b"<!DOCTYPE html><p>hello".to_vec(),
            ..Answer::default()
        }
        .with("content-type", "text/html; charset=utf-8")
    };
    let json = |status, body| Answer::json(status, &body);
    let code = |code: &str| detail(json!({"code": code, "message": "m", "extra": {}}));
    let no_scope = detail("You do not have permission to perform this action.");
    let often = detail("You are attempting to use this endpoint too frequently.");
    let moved = |to| Answer::json(302, &code("resource-moved")).with("location", to);
    for (answer, kind, words) in [
        (
            json(401, detail("Invalid token")),
            K::Unauthorized,
            "Invalid token",
        ),
        (
            json(401, detail("Authentication credentials were not provided.")),
            K::Unauthorized,
            "token",
        ),
        (
            json(401, code("sso-required")),
            K::Forbidden,
            "single sign-on",
        ),
        (json(403, code("2fa-required")), K::Forbidden, "two-factor"),
        (
            json(403, code("superuser-required")),
            K::Forbidden,
            "superuser",
        ),
        (json(403, no_scope), K::Forbidden, "event:read"),
        (
            json(404, detail("The requested resource does not exist")),
            K::NotFound,
            "no organisation \"acme\"",
        ),
        (
            json(400, detail("Error parsing search query")),
            K::Invalid,
            "parsing search",
        ),
        (
            json(400, json!({"limit": ["too large"]})),
            K::Invalid,
            "limit: too large",
        ),
        (
            json(
                400,
                detail("You do not have the multi project stream feature enabled"),
            ),
            K::Invalid,
            "multi project",
        ),
        (
            json(429, often).with("retry-after", "7"),
            K::RateLimited,
            "too often",
        ),
        (json(418, json!({})), K::Protocol, "418"),
        (
            json(500, json!({"detail": null})),
            K::Unavailable,
            "status 500",
        ),
        (
            json(405, detail("Method Not Allowed")),
            K::Unsupported,
            "newer",
        ),
        (json(408, json!([])), K::Timeout, "too long"),
        (html(200), K::Protocol, "web page"),
        (html(403), K::Protocol, "web page"),
        (html(404), K::Protocol, "web page"),
        (html(500), K::Unavailable, "web page"),
        (
            moved("https://elsewhere.example.com/login"),
            K::Invalid,
            "elsewhere.example.com",
        ),
        (moved("/auth/login/"), K::Invalid, "redirects"),
        (json(200, json!({"results": []})), K::Protocol, "not a list"),
        (
            Answer {
                status: 200,
                body: b"[{\"id\": \"1\"".to_vec(),
                ..Answer::default()
            },
            K::Protocol,
            "JSON",
        ),
    ] {
        let server = ReplaySentry::start();
        server.upset("/issues/", answer.clone());
        let error = open(&server).issues(&everything()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer:?} is {error:?}");
        assert!(error.message().contains(words), "{words}: {error}");
        assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
        if words == "too often" {
            assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        }
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_does_not_is_not() {
    for (status, tries) in [(429, 3), (502, 3), (503, 3), (504, 3), (500, 1), (401, 1)] {
        let server = ReplaySentry::start();
        let source = open(&server);
        for _ in 0..3 {
            server.upset("/issues/", Answer::json(status, &json!({})));
        }
        source.issues(&everything()).await.unwrap_err();
        assert_eq!(server.asked("/issues/"), tries, "{status}");
    }
    let server = ReplaySentry::start();
    for _ in 0..2 {
        server.upset("/issues/", Answer::json(503, &json!({})));
    }
    let page = open(&server).issues(&everything()).await.unwrap();
    assert_eq!(page.items.len(), 5);
}

#[tokio::test]
async fn a_server_without_the_newer_paths_is_asked_by_the_older_ones() {
    let server = ReplaySentry::start();
    server.state().glitchtip = true;
    server.state().page = Some(2);
    let source = open(&server);
    let mut query = everything();
    let mut seen = Vec::new();
    loop {
        let page = source.issues(&query).await.unwrap();
        seen.extend(page.items.into_iter().map(|it| it.id));
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["1005", "1004", "1003", "1002", "1001"]);
    assert_eq!(
        source.issue("1001").await.unwrap().unwrap().tags["browser"],
        "Firefox 147"
    );
    assert_eq!(source.events("1001", 5).await.unwrap().len(), 3);
    assert_eq!(source.issue("999999").await.unwrap(), None);
    source.comment("1001", "hello").await.unwrap();
    assert_eq!(server.state().notes, [("1001".into(), "hello".into())]);

    // The older paths give whatever the token may read: another organisation's is none of ours.
    let elsewhere = json!({"id": "55", "slug": "payroll", "name": "Payroll"});
    server.add(50, &elsewhere, 1);
    assert_eq!(source.issue("1050").await.unwrap(), None);
    assert_eq!(source.events("1050", 5).await.unwrap(), []);
}

#[tokio::test]
async fn an_environment_and_a_period_are_asked_for_in_sentrys_words() {
    let server = ReplaySentry::start();
    let source = open(&server);
    for (hours, said) in [(24, "1d"), (336, "14d"), (36, "36h")] {
        let query = IssueQuery {
            environment: Some("production".into()),
            period: Some(Duration::from_secs(3600 * hours)),
            ..everything()
        };
        assert_eq!(source.issues(&query).await.unwrap().items.len(), 5);
        let said = format!("environment=production&statsPeriod={said}");
        let asked = server.state().asked.clone();
        assert!(asked.iter().any(|line| line.contains(&said)), "{asked:?}");
    }
    // Sentry answers 404 to one that it does not know.
    let query = IssueQuery {
        environment: Some("moon".into()),
        ..everything()
    };
    let error = source.issues(&query).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(
        error.message().contains("no environment \"moon\""),
        "{error}"
    );
}

#[tokio::test]
async fn pages_that_do_not_end_are_not_followed_for_ever() {
    let server = ReplaySentry::start();
    let source = open(&server);
    let link = r#"<http://x/?cursor=0:1:0>; rel="next"; results="true"; cursor="0:1:0""#;
    let page = Answer::json(200, &json!([])).with("link", link);
    server.upset("/issues/", page);
    let mut query = everything();
    query.cursor = Some("0:1:0".into());
    assert_eq!(source.issues(&query).await.unwrap().next, None);

    let one = json!([{"id": "1", "slug": "one"}]);
    for _ in 0..100 {
        server.upset("/projects/", Answer::json(200, &one).with("link", link));
    }
    assert_eq!(source.projects().await.unwrap().len(), 1);
    assert!(server.asked("/projects/") < 5);
}

#[tokio::test]
async fn of_many_who_ask_the_same_at_once_one_asks_the_server() {
    let server = ReplaySentry::start();
    server.state().delay = Duration::from_millis(50);
    let source = open(&server);
    let query = everything();
    let pages = join_all((0..20).map(|_| source.issues(&query))).await;
    assert!(
        pages
            .iter()
            .all(|page| page.as_ref().unwrap().items.len() == 5)
    );
    assert_eq!(server.asked("/issues/"), 1);
    // One who goes away takes nothing from the others.
    let query = IssueQuery::default();
    let (gone, page) = futures::future::join(
        tokio::time::timeout(Duration::from_millis(10), source.issues(&query)),
        source.issues(&query),
    )
    .await;
    assert!(gone.is_err());
    assert_eq!(page.unwrap().items.len(), 5);
    assert_eq!(server.asked("/issues/"), 2);
}

#[tokio::test]
async fn an_announced_limit_is_never_passed_and_three_are_in_flight_at_most() {
    let server = ReplaySentry::start();
    {
        let mut state = server.state();
        state.limit = Some(20);
        state.delay = Duration::from_millis(5);
    }
    let source = open(&server);
    // Two requests for each issue, by far more than one second's worth.
    let ids: Vec<_> = (0..15).map(|number| (2000 + number).to_string()).collect();
    let found = join_all(ids.iter().map(|id| source.issue(id))).await;
    assert!(found.iter().all(|it| matches!(it, Ok(None))), "{found:?}");
    let state = server.state();
    assert_eq!(state.above_limit, 0, "{:?}", state.asked);
    assert_eq!(state.most_in_flight, 3);
}

#[tokio::test]
async fn an_organisation_is_read_in_its_region_and_nowhere_else() {
    let (main, region) = (ReplaySentry::start(), ReplaySentry::start());
    main.state().region = region.url();
    open(&main).issues(&everything()).await.unwrap();
    assert_eq!((main.asked("/issues/"), region.asked("/issues/")), (0, 1));

    main.state().region = "https://sentry.example.com".into();
    open(&main).issues(&everything()).await.unwrap();
    assert_eq!(main.asked("/issues/"), 1);
}

#[tokio::test]
async fn the_root_of_the_api_is_a_base_address_too() {
    let server = ReplaySentry::start();
    for base in ["", "/", "/api/0", "/api/0/"] {
        let kind = SentryKind::new(SentryDefaults {
            target: Target::of_operator(&format!("{}{base}", server.url())).unwrap(),
            api_token: Some(TOKEN.into()),
            organization: Some(ORGANIZATION.into()),
            private_networks: false,
        });
        let source = kind.open(&json!({})).unwrap();
        assert_eq!(source.projects().await.unwrap().len(), 2, "{base}");
    }
}

#[tokio::test]
async fn a_note_is_written_once() {
    let server = ReplaySentry::start();
    let source = open(&server);
    source.comment("1001", "what it is").await.unwrap();
    source.comment("1001", "what it is").await.unwrap();
    assert_eq!(server.state().notes.len(), 1);
    let nobody = detail("Key doesn't have permission to create Note");
    server.upset("/notes/", Answer::json(403, &nobody));
    let error = source.comment("1001", "more").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(error.message().contains("author"), "{error}");
    for _ in 0..2 {
        server.upset("/notes/", Answer::json(503, &json!({})));
    }
    source.comment("1001", "even more").await.unwrap_err();
    assert_eq!(
        server.asked("/notes/"),
        4,
        "a note that may have been taken was sent again"
    );
}

#[tokio::test]
async fn check_names_the_organisation_and_its_projects() {
    let server = ReplaySentry::start();
    let status = open(&server).check().await.unwrap();
    let organization = status.organization.unwrap();
    assert_eq!(
        (organization.id.as_str(), organization.name.as_str()),
        ("77", "Acme Inc.")
    );
    assert_eq!(status.projects.len(), 2);
    let settings = json!({"api_token": TOKEN, "organization": "nobody"});
    let error = kind(&server)
        .open(&settings)
        .unwrap()
        .check()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let settings = json!({"api_token": "sntryu_other", "organization": ORGANIZATION});
    let error = kind(&server)
        .open(&settings)
        .unwrap()
        .check()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_refused_before_anyone_is_asked() {
    let server = ReplaySentry::start();
    let refused = |kind: &SentryKind, settings: Value| -> Error {
        let error = kind.open(&settings).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{settings}: {error}");
        assert!(kind.check(&settings).is_err(), "{settings}");
        error
    };
    let own =
        |address: &str| json!({"base_url": address, "api_token": TOKEN, "organization": "acme"});
    for address in [
        "http://169.254.169.254/",
        "http://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "file:///etc/passwd",
        "https://me:secret@sentry.example.com/",
        "http://sentry.example.com/",
    ] {
        let error = refused(&kind(&server), own(address));
        assert!(error.message().contains("sentry_base_url"), "{error}");
        assert!(!error.message().contains("secret"), "{error}");
    }
    let mut defaults = SentryDefaults {
        target: Target::of_operator(&server.url()).unwrap(),
        api_token: Some(TOKEN.into()),
        organization: None,
        private_networks: true,
    };
    let permissive = SentryKind::new(defaults.clone());
    permissive.open(&own("http://[::1]:9000/")).unwrap();
    refused(&permissive, own("http://169.254.169.254/"));
    // The operator's token goes to the operator's server alone, and reads the operator's organisation.
    for incomplete in [
        json!({}),
        json!({"base_url": server.url(), "organization": "acme"}),
        json!({"api_token": TOKEN}),
    ] {
        let error = permissive.open(&incomplete).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized, "{incomplete}");
    }
    permissive
        .open(&json!({"organization": ORGANIZATION}))
        .unwrap();
    defaults.organization = Some(ORGANIZATION.to_owned());
    let source = SentryKind::new(defaults)
        .open(&json!({"organization": "other"}))
        .unwrap();
    assert_eq!(
        source.check().await.unwrap().organization.unwrap().slug,
        ORGANIZATION
    );

    for bad in ["", "..", "a/b", "https://acme.sentry.io", "a b"] {
        refused(
            &kind(&server),
            json!({"api_token": TOKEN, "organization": bad}),
        );
    }
    for bad in ["", "a b", "a\r\nX-Injected: 1", "é"] {
        let error = refused(
            &kind(&server),
            json!({"api_token": bad, "organization": "acme"}),
        );
        assert!(!error.message().contains("Injected"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_or_does_not_answer_is_told_apart() {
    let target = Target::of_operator("http://127.0.0.1:9").unwrap();
    let kind = SentryKind::new(SentryDefaults {
        target,
        api_token: Some(TOKEN.into()),
        organization: Some(ORGANIZATION.into()),
        private_networks: false,
    });
    let error = kind.open(&json!({})).unwrap().check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(std::error::Error::source(&error).is_some());
    assert!(!format!("{error:?}").contains(TOKEN));
}
