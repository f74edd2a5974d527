//! What has to answer for the service to be ready, and how often it is asked.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Result,
    ports::{Clock, Vitals},
    services::{Check, Finding, QueueCheck, StoreCheck, ask},
};
use tokio::{sync::Mutex, time::Instant};

/// How long the store may take to answer.
const STORE_LIMIT: Duration = Duration::from_secs(3);
/// How long its answer is good for: whoever asks more often does not put it under load.
const STORE_KEPT: Duration = Duration::from_secs(1);

/// The checks of the store and its queue.
pub(super) fn of_store(store: &Arc<dyn Vitals>, clock: Arc<dyn Clock>) -> Vec<Arc<dyn Check>> {
    let queue = QueueCheck {
        store: store.clone(),
        clock,
    };
    vec![
        watched(StoreCheck(store.clone()), STORE_LIMIT, STORE_KEPT),
        watched(queue, STORE_LIMIT, STORE_KEPT),
    ]
}

/// A check that has an answer within `limit`, and asks again only when that is older than `kept`.
pub(super) fn watched(check: impl Check, limit: Duration, kept: Duration) -> Arc<dyn Check> {
    Arc::new(Watched {
        check,
        limit,
        kept,
        last: Mutex::default(),
    })
}

#[derive(Debug)]
struct Watched<C> {
    check: C,
    limit: Duration,
    kept: Duration,
    last: Mutex<Option<(Instant, Finding)>>,
}

#[async_trait]
impl<C: Check> Check for Watched<C> {
    fn name(&self) -> &str {
        self.check.name()
    }

    async fn check(&self) -> Result<Finding> {
        // Those who ask while one is asking wait for its answer.
        let mut last = self.last.lock().await;
        if let Some((at, finding)) = &*last
            && at.elapsed() < self.kept
        {
            return Ok(finding.clone());
        }
        let begin = Instant::now();
        let answer = tokio::time::timeout(self.limit, ask(&self.check)).await;
        let mut finding = answer.unwrap_or_else(|_| Finding {
            problem: Some(format!("there was no answer within {:?}", self.limit)),
            ..Finding::default()
        });
        finding.latency = begin.elapsed();
        *last = Some((Instant::now(), finding.clone()));
        Ok(finding)
    }
}
