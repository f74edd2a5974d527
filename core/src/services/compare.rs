//! One frozen piece of evidence put to several models, side by side.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;

use crate::{
    domain::{ModelCall, Specification, Timestamp},
    explain::ask::Fault,
    services::{Access, Chain, Failure, Link, Ports, Right, Task, reading::Reading},
};

/// How many models are compared at most.
const MAX_MODELS: usize = 8;

/// What one model made of the evidence.
#[derive(Debug)]
pub struct Compared {
    /// The model as it was asked for.
    pub model: String,
    /// The specification, or why there is none.
    pub outcome: Result<Box<Specification>, Fault>,
    /// When it was first asked.
    pub began: Timestamp,
    /// How long it took, all requests together.
    pub took: Duration,
    /// The requests made.
    pub calls: Vec<ModelCall>,
}

/// Comparing models.
#[derive(Debug)]
pub struct Comparisons {
    ports: Ports,
    reading: Arc<Reading>,
    chain: Chain,
}

impl Comparisons {
    pub(super) fn new(ports: Ports, reading: Arc<Reading>) -> Self {
        Self {
            reading,
            chain: Chain::new(ports.clone()),
            ports,
        }
    }

    /// Puts the evidence of an issue, as it is now, to each of `models`; nothing is stored but what
    /// it cost. Without models, to those of the workspace's chain.
    pub async fn compare(
        &self,
        of: &Access,
        issue: &str,
        models: &[String],
    ) -> Result<Vec<Compared>, Failure> {
        of.require(Right::Work)?;
        let links = match models {
            [] => self.ports.models.chain(of),
            models => self.ports.models.links(of, models),
        };
        if links.is_empty() || links.len() > MAX_MODELS {
            return Err(Failure::Invalid {
                field: "models",
                message: format!("must be 1 to {MAX_MODELS}; none is configured to ask instead"),
            });
        }
        let evidence = self.reading.evidence(of, issue, None).await?;
        let task = Task {
            workspace: of,
            analysis: None,
            evidence: &evidence,
            candidates: &[],
        };
        let asked = links.iter().map(|link| self.with(&task, link));
        join_all(asked).await.into_iter().collect()
    }

    async fn with(&self, task: &Task<'_>, link: &Link) -> Result<Compared, Failure> {
        let began = self.ports.clock.now();
        let mut calls = Vec::new();
        let ended = self.chain.explain_with(task, link, &mut calls).await?;
        let took = self.ports.clock.now().duration_since(began);
        Ok(Compared {
            model: link.name.clone(),
            began,
            outcome: ended.map(|explained| explained.specification),
            took: Duration::try_from(took).unwrap_or_default(),
            calls,
        })
    }
}
