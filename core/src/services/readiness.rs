//! Whether the service can do its work: all it needs is asked at once.
//!
//! How long an answer may take, how long it is good for and how latency is measured is the app's.

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::future::join_all;

use crate::{
    Result,
    ports::{Analyses, Clock, Llm, Vitals},
};

/// Something the service needs. To have another one checked, implement this and put it among
/// [`Ports::checks`](super::Ports::checks).
#[async_trait]
pub trait Check: Send + Sync + Debug + 'static {
    /// What operators call it: `store`, `queue`.
    fn name(&self) -> &str;

    /// Whether it answers, and what there is to know about it.
    async fn check(&self) -> Result<Finding>;
}

/// What a check came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub name: String,
    /// How long the answer took.
    pub latency: Duration,
    /// Why it does not do, for people; `None` when it does.
    pub problem: Option<String>,
    /// How many jobs wait, where it is a queue.
    pub waiting: Option<u64>,
    /// How long the first of them has waited.
    pub oldest: Option<Duration>,
}

/// The checks of one service.
#[derive(Debug)]
pub struct Readiness {
    checks: Vec<Arc<dyn Check>>,
}

impl Readiness {
    pub(super) fn new(checks: Vec<Arc<dyn Check>>) -> Self {
        Self { checks }
    }

    /// Asks them all at the same time; the findings stand in the order of the checks.
    pub async fn look(&self) -> Vec<Finding> {
        join_all(self.checks.iter().map(|check| ask(&**check))).await
    }
}

/// What a check finds, its failure included.
pub async fn ask(check: &dyn Check) -> Finding {
    let finding = check.check().await.unwrap_or_else(|error| {
        tracing::warn!(check = check.name(), ?error, "not ready");
        Finding {
            problem: Some(error.message().to_owned()),
            ..Finding::default()
        }
    });
    Finding {
        name: check.name().to_owned(),
        ..finding
    }
}

/// Whether the store answers.
#[derive(Debug)]
pub struct StoreCheck(pub Arc<dyn Vitals>);

#[async_trait]
impl Check for StoreCheck {
    fn name(&self) -> &'static str {
        "store"
    }

    async fn check(&self) -> Result<Finding> {
        self.0.ping().await.map(|()| Finding::default())
    }
}

/// Whether the queue can be read, and how it stands. A long queue is no failure: a service that
/// were taken away for it would not make it shorter.
#[derive(Debug)]
pub struct QueueCheck {
    /// Where the queue is.
    pub analyses: Arc<dyn Analyses>,
    /// The time, to tell how old the first job is.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Check for QueueCheck {
    fn name(&self) -> &'static str {
        "queue"
    }

    async fn check(&self) -> Result<Finding> {
        let now = self.clock.now();
        let backlog = self.analyses.backlog(now).await?;
        let age = |since| Duration::try_from(now.duration_since(since)).unwrap_or_default();
        Ok(Finding {
            waiting: Some(backlog.jobs),
            oldest: backlog.since.map(age),
            ..Finding::default()
        })
    }
}

/// Whether a language model answers.
#[derive(Debug)]
pub struct ModelCheck {
    name: String,
    model: Arc<dyn Llm>,
}

impl ModelCheck {
    /// Checks `model`, which operators call `model <kind>/<name>`.
    pub fn new(model: Arc<dyn Llm>) -> Self {
        let profile = model.profile();
        let name = format!("model {}/{}", profile.kind, profile.model);
        Self { name, model }
    }
}

#[async_trait]
impl Check for ModelCheck {
    fn name(&self) -> &str {
        &self.name
    }

    async fn check(&self) -> Result<Finding> {
        self.model.check().await.map(|()| Finding::default())
    }
}
