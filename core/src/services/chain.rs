//! Has one issue explained by the first model of a chain that can.
//!
//! Every request is written into the ledger before it is sent and again when it has ended, its
//! answer included: a run that dies finds what it paid for when it is taken up again. What is not
//! asked, and why, is written there too.

mod call;
mod fault;

use std::sync::Arc;

use self::call::{Asked, Call};
pub use self::fault::ChainFailure;
use crate::{
    Result,
    domain::{
        Analysis, AnalysisId, CallEnd, DataClass, Evidence, ModelCall, Neighbour, Progress,
        Purpose, Specification, Stage, Timestamp, Tokens, WhenSpent, Workspace,
    },
    explain::{
        self, ApproximateTokens, Brief, PROMPT, Question, ask,
        ask::Fault,
        repair::{self, MAX_REPAIRS},
    },
    ports::{Llm, LlmRequest, ModelProfile},
    services::{Failure, Link, Ports},
};

/// What is to be explained, for whom, and why.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// The workspace that asks.
    pub workspace: &'a Workspace,
    /// The analysis it is for; `None` for a comparison.
    pub analysis: Option<Run<'a>>,
    /// What is known.
    pub evidence: &'a Evidence,
    /// Issues that may have to do with this one.
    pub candidates: &'a [Neighbour],
}

/// The run of an analysis.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The analysis.
    pub id: &'a AnalysisId,
    /// Which run of it.
    pub revision: u32,
    /// Whether this is its first try: nothing was paid for it yet.
    pub is_first_try: bool,
    /// Whether answers to other runs may not serve again.
    pub force: bool,
}

impl<'a> Run<'a> {
    /// The run a worker has taken up.
    pub(super) fn of(job: &'a Analysis) -> Self {
        Self {
            id: &job.id,
            revision: job.revision,
            is_first_try: job.attempt <= 1,
            force: job.force,
        }
    }
}

/// One model's specification and what it was made from.
#[derive(Debug)]
pub struct Explained {
    /// The specification.
    pub specification: Box<Specification>,
    /// What it was made from: see [`Chain::fingerprint`].
    pub fingerprint: String,
}

/// Asks models.
#[derive(Debug)]
pub struct Chain {
    ports: Ports,
}

impl Chain {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// The specification of the first of `links` that gives one.
    pub async fn explain(&self, task: &Task<'_>, links: &[Link]) -> Result<Explained, Failure> {
        let when_spent = self.ports.models.when_spent(task.workspace);
        let goes_on_locally = when_spent == WhenSpent::Local;
        let mut faults = Vec::new();
        for link in links {
            match self.explain_with(task, link, &mut Vec::new()).await? {
                Ok(explained) => return Ok(explained),
                Err(fault) => {
                    tracing::warn!(model = %link.name, code = fault.code, why = %fault.message, "a model failed");
                    let is_over = fault.code == ask::SPENT && !goes_on_locally;
                    faults.push(fault);
                    if is_over {
                        break;
                    }
                }
            }
        }
        Err(Failure::Models(ChainFailure::of(&faults)))
    }

    /// The specification of one model, or why it gave none; what was asked for it goes into
    /// `calls`. The outer error is a fault of ours.
    pub async fn explain_with(
        &self,
        task: &Task<'_>,
        link: &Link,
        calls: &mut Vec<ModelCall>,
    ) -> Result<Result<Explained, Fault>, Failure> {
        let llm = match &link.opened {
            Ok(llm) => llm.clone(),
            Err(error) => {
                let fault = ask::fault(error, &link.name);
                self.not_asked(task, &link.name, &fault).await?;
                return Ok(Err(fault));
            }
        };
        let window = || llm.profile().context_window;
        match self.ask(task, &llm, window(), calls).await? {
            // what the server found too large is packed into half of its window
            Err(fault) if fault.code == ask::TOO_LARGE => {
                self.ask(task, &llm, window() / 2, calls).await
            }
            ended => Ok(ended),
        }
    }

    /// Asks a model, and again for what failed validation.
    async fn ask(
        &self,
        task: &Task<'_>,
        llm: &Arc<dyn Llm>,
        window: u32,
        calls: &mut Vec<ModelCall>,
    ) -> Result<Result<Explained, Fault>, Failure> {
        let profile = ModelProfile {
            context_window: window,
            ..llm.profile()
        };
        let model = ask::name(&profile);
        let question = match self.question(task, &profile) {
            Ok(question) => question,
            Err(fault) => {
                self.not_asked(task, &model, &fault).await?;
                return Ok(Err(fault));
            }
        };
        let fingerprint = self.fingerprint(task, &model);
        let mut asked = Asked::new(&self.ports, task, llm, &profile, &question, calls);

        let purpose = match task.analysis {
            Some(_) => Purpose::Explain,
            None => Purpose::Compare,
        };
        let text = match asked
            .put(Call::first(purpose, &fingerprint, &question))
            .await?
        {
            Ok(text) => text,
            Err(fault) => return Ok(Err(fault)),
        };
        self.checking(task, &model);
        let mut draft = explain::parse(&text);
        for round in 1..=MAX_REPAIRS {
            let Some(request) = repair::request(&question, &draft) else {
                break;
            };
            match asked
                .put(Call::repair(round, &fingerprint, request))
                .await?
            {
                Ok(text) => repair::take(&mut draft, &text),
                Err(_) if draft.is_usable() => break,
                Err(fault) => return Ok(Err(fault)),
            }
        }
        if !draft.is_usable() {
            let fault = ask::unusable(&model, &draft.complaint());
            asked.disown(&fault).await?;
            return Ok(Err(fault));
        }
        let fill = self.ports.models.allows_heuristics(task.workspace);
        let specification = explain::compose(draft, &question, task.evidence, &model, fill);
        Ok(Ok(Explained {
            specification: Box::new(specification),
            fingerprint,
        }))
    }

    /// Shows those who look on that an answer is being checked.
    fn checking(&self, task: &Task<'_>, model: &str) {
        if let Some(run) = task.analysis {
            let progress = Progress {
                stage: Stage::Checking,
                model: Some(model.to_owned()),
                tokens: 0,
            };
            self.ports.notifier.progress(run.id, &progress);
        }
    }

    /// The question as it would go to the model with this profile.
    pub(super) fn question(
        &self,
        task: &Task<'_>,
        profile: &ModelProfile,
    ) -> Result<Question, Fault> {
        let rules = self.ports.models.rules();
        let settings = &task.workspace.settings;
        let brief = Brief {
            evidence: task.evidence,
            instructions: settings.instructions.as_deref(),
            candidates: task.candidates,
            policy: settings.data_policy.unwrap_or_default(),
            token_budget: rules.token_budget,
            max_output_tokens: rules.max_output_tokens,
        };
        Question::new(&brief, profile, &ApproximateTokens)
            .map_err(|error| ask::too_small(&error.to_string()))
    }

    /// What a specification of the task by `model` is made from: the evidence, the model, prompt and
    /// schema, and what the workspace has a say in.
    pub fn fingerprint(&self, task: &Task<'_>, model: &str) -> String {
        let rules = self.ports.models.rules();
        let settings = &task.workspace.settings;
        let policy = settings.data_policy.unwrap_or_default();
        let withheld: Vec<&str> = policy.withheld().map(DataClass::as_str).collect();
        let made_by = format!(
            "{PROMPT} {model} {} {} {}",
            rules.token_budget,
            withheld.join(","),
            settings.instructions.as_deref().unwrap_or_default(),
        );
        explain::fingerprint(task.evidence, &made_by)
    }

    /// The most that a request may cost, in millionths of a dollar; `None` where no price is known.
    pub(super) fn most(&self, profile: &ModelProfile, request: &LlmRequest) -> Option<u64> {
        most(&self.ports, profile, request)
    }

    /// Writes down that a former result of `model` served again.
    pub(super) async fn reused(&self, task: &Task<'_>, model: &str) -> Result<(), Failure> {
        let call = ModelCall {
            end: CallEnd::Reused,
            ..call::blank(&self.ports, task, model)?
        };
        Ok(self.ports.ledger.write(&call).await?)
    }

    /// Writes down that a model was not asked, and why.
    async fn not_asked(&self, task: &Task<'_>, model: &str, fault: &Fault) -> Result<(), Failure> {
        let call = ModelCall {
            error: Some(fault.clone().into()),
            ..call::blank(&self.ports, task, model)?
        };
        Ok(self.ports.ledger.write(&call).await?)
    }
}

/// How long the day of `now` still lasts, UTC.
pub(super) fn until_tomorrow(now: Timestamp) -> std::time::Duration {
    const DAY: i64 = 24 * 60 * 60;
    let left = DAY - now.as_second().rem_euclid(DAY);
    std::time::Duration::from_secs(left.unsigned_abs())
}

/// The most that a request may cost.
fn most(ports: &Ports, profile: &ModelProfile, request: &LlmRequest) -> Option<u64> {
    let tokens = Tokens {
        input: request.prompt_tokens.into(),
        cached: 0,
        output: request.max_output_tokens.into(),
    };
    ports.models.rules().prices.cost(profile, tokens)
}
