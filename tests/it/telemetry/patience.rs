//! A Sentry that is down, silent or full holds nobody up.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::support::{
    Client, Service,
    sentry::{Manner, Sentry},
};
use reqwest::Method;

/// More than the two seconds that what is still to be told may take, and than a busy machine adds;
/// less than any time-out of the network.
pub(super) const LONGEST_FAREWELL: Duration = Duration::from_secs(4);

/// Reports errors until a thousand are told or lost, and then stops the service.
async fn reports_to(dsn: &str) {
    let mut service = Service::start(&[
        ("DEBUG", "true"),
        ("APP_SENTRY_DSN", dsn),
        ("APP_SENTRY_TRACES_SAMPLE_RATE", "1"),
        ("RUST_LOG", "warn,explainer=info"),
    ]);
    let ada = service.client().with_workspace("ada").await;
    let ask = async |client: &Client| {
        let answer = client.raw(Method::POST, "/api/v1/debug/test-message", "");
        answer.await.ok();
    };
    for _ in 0..25 {
        futures::future::join_all((0..40).map(|_| ask(&ada))).await;
    }
    let began = Instant::now();
    assert!(service.terminate());
    let took = began.elapsed();
    assert!(took < LONGEST_FAREWELL, "it took {took:?} to stop");
}

#[tokio::test]
async fn one_that_is_down_holds_nobody_up() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dsn = format!("http://0123abcd@{}/1", free.local_addr().unwrap());
    drop(free);
    reports_to(&dsn).await;
}

#[tokio::test]
async fn one_that_is_silent_holds_nobody_up() {
    let sentry = Sentry::start(Manner::Silent);
    reports_to(sentry.dsn()).await;
}

#[tokio::test]
async fn one_that_is_full_holds_nobody_up_and_is_left_alone() {
    let sentry = Sentry::start(Manner::Status(429));
    reports_to(sentry.dsn()).await;
    // After the first refusal it is asked no more for a minute.
    assert_eq!(
        sentry.everything().matches("POST /api/1/envelope/").count(),
        1
    );
}

/// What waits is bounded: after the queue is full, ten thousand errors more keep nothing.
#[tokio::test]
async fn errors_that_cannot_be_told_are_not_kept() {
    let sentry = Sentry::start(Manner::Silent);
    let service = Service::start(&[
        ("DEBUG", "true"),
        ("APP_SENTRY_DSN", sentry.dsn()),
        ("RUST_LOG", "off,explainer=info,explainer::access=off"),
    ]);
    let ada = service.client().with_workspace("ada").await;
    let errors = async |count: usize| {
        for _ in 0..count / 50 {
            let ask = || ada.raw(Method::POST, "/api/v1/debug/test-error", "");
            futures::future::join_all((0..50).map(|_| ask())).await;
        }
    };
    errors(2000).await;
    let Some(before) = resident(service.id()) else {
        println!("skipped: memory is read from /proc, and there is none");
        return;
    };
    errors(10_000).await;
    let grown = resident(service.id()).unwrap().saturating_sub(before);
    // A kept error has about 30 KiB: ten thousand would be 300 MiB.
    assert!(grown < 30 * 1024, "{grown} KiB more than after 2000 errors");
}

/// The memory a process holds, in KiB.
pub(super) fn resident(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
