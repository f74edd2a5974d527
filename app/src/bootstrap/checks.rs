//! What has to answer for the service to be ready, and how often it is asked.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Result,
    ports::{Analyses, Clock, LlmKind, Vitals},
    services::{Check, Finding, ModelCheck, QueueCheck, StoreCheck, ask},
};
use tokio::{sync::Mutex, time::Instant};

use super::models;

/// How long the store may take to answer.
const STORE_LIMIT: Duration = Duration::from_secs(3);
/// How long its answer is good for: whoever asks more often does not put it under load.
const STORE_KEPT: Duration = Duration::from_secs(1);

/// How long a model's server may take to answer.
const MODEL_LIMIT: Duration = Duration::from_secs(10);
/// How long its answer is good for: some of them count what they are asked.
const MODEL_KEPT: Duration = Duration::from_secs(60);

/// The checks of the store and its queue.
pub(super) fn of_store(
    store: Arc<dyn Vitals>,
    analyses: Arc<dyn Analyses>,
    clock: Arc<dyn Clock>,
) -> Vec<Arc<dyn Check>> {
    let queue = QueueCheck { analyses, clock };
    vec![
        watched(StoreCheck(store), STORE_LIMIT, STORE_KEPT),
        watched(queue, STORE_LIMIT, STORE_KEPT),
    ]
}

/// The checks of the models that are asked unless a workspace says otherwise. One that cannot even
/// be opened is told where it is asked: workspaces may have a key of their own for it.
pub(super) fn of_models(kinds: &[Arc<dyn LlmKind>], chain: &[String]) -> Vec<Arc<dyn Check>> {
    let links = models::chain(kinds, chain).into_iter();
    let opened = links.filter_map(|(kind, settings)| kind.open(&settings).ok());
    let check = |model| watched(ModelCheck::new(model), MODEL_LIMIT, MODEL_KEPT);
    opened.map(check).collect()
}

/// A check that has an answer within `limit`, and asks again only when that is older than `kept`.
fn watched(check: impl Check, limit: Duration, kept: Duration) -> Arc<dyn Check> {
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
