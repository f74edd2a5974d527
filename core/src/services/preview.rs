//! What would be sent to models, without sending it.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    domain::{DataClass, Stale},
    explain::{
        Question, ask,
        pack::{Cut, Section},
        prompt,
    },
    ports::{LlmRequest, ModelLocation},
    services::{Access, Chain, Failure, Ports, Right, Task, reading::Reading},
};

/// What would be sent for one issue.
#[derive(Debug)]
pub struct Preview {
    /// For each model of the workspace's chain, in order.
    pub models: Vec<ModelPreview>,
    /// Why the stored result, if there is one, is out of date.
    pub stale: Option<Stale>,
}

/// What would be sent to one model.
#[derive(Debug)]
pub struct ModelPreview {
    /// The model, `backend/name`.
    pub model: String,
    /// What would be sent, or why nothing would be.
    pub question: Result<SentQuestion, ask::Fault>,
}

/// A question as it would be sent.
#[derive(Debug)]
pub struct SentQuestion {
    /// Whether it would leave the self-hoster's machines.
    pub remote: bool,
    /// The request, byte for byte.
    pub request: LlmRequest,
    /// Its digest, as the ledger would have it.
    pub payload_sha256: String,
    /// How many tokens the model's window has.
    pub context_window: u32,
    /// How many tokens the instructions, the schema and the words around the evidence take.
    pub overhead_tokens: usize,
    /// How many tokens each item of evidence takes.
    pub sections: Vec<Section>,
    /// What is not in it.
    pub cut: Vec<Cut>,
    /// How many different values were taken out, by kind.
    pub redacted: BTreeMap<&'static str, u32>,
    /// The data classes that may not go there.
    pub withheld: Vec<DataClass>,
    /// The most it may cost, in millionths of a dollar; `None` where no price is known.
    pub cost: Option<u64>,
}

/// Showing what would be sent.
#[derive(Debug)]
pub struct Previews {
    ports: Ports,
    reading: Arc<Reading>,
    chain: Chain,
}

impl Previews {
    pub(super) fn new(ports: Ports, reading: Arc<Reading>) -> Self {
        Self {
            reading,
            chain: Chain::new(ports.clone()),
            ports,
        }
    }

    /// What would be sent to each model of the workspace's chain if the issue were analysed now.
    pub async fn preview(&self, of: &Access, issue: &str) -> Result<Preview, Failure> {
        of.require(Right::Read)?;
        let evidence = self.reading.evidence(of, issue, None).await?;
        let candidates = self.reading.candidates(of, &evidence).await?;
        let task = Task {
            workspace: of,
            analysis: None,
            evidence: &evidence,
            candidates: &candidates,
        };
        let links = self.ports.models.chain(of).into_iter();
        let models = links.map(|link| match link.opened {
            Ok(llm) => {
                let profile = llm.profile();
                let question = self.chain.question(&task, &profile);
                ModelPreview {
                    model: ask::name(&profile),
                    question: question.map(|question| {
                        let cost = self.chain.most(&profile, &question.request);
                        SentQuestion::new(question, profile.context_window, cost)
                    }),
                }
            }
            Err(error) => ModelPreview {
                question: Err(ask::fault(&error, &link.name)),
                model: link.name,
            },
        });
        let stored = self.ports.analyses.of_issues(&of.id, &[issue]).await?;
        let models = models.collect();
        let stale = match stored.first() {
            Some(stored) => self.ports.note_newer(stored, &evidence).await?,
            None => None,
        };
        Ok(Preview { models, stale })
    }
}

impl SentQuestion {
    fn new(question: Question, context_window: u32, cost: Option<u64>) -> Self {
        Self {
            remote: question.location == ModelLocation::Remote,
            payload_sha256: prompt::digest(&question.request),
            context_window,
            overhead_tokens: question.overhead_tokens,
            redacted: question.redactor.counts(),
            withheld: question.policy.withheld().collect(),
            sections: question.packed.sections,
            cut: question.packed.cut,
            request: question.request,
            cost,
        }
    }
}
