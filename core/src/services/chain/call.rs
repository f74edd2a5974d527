//! One request to a model: checked, written down, sent, and written down again.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use super::{Task, most, until_tomorrow};
use crate::{
    Error,
    domain::{
        AnalysisId, CallEnd, DataClass, DataPolicy, Egress, ModelCall, Progress, Purpose, Stage,
        Tokens, day,
    },
    explain::{
        Question,
        ask::{self, Fault},
        prompt,
    },
    ports::{
        Completion, Llm, LlmRequest, ModelLocation, ModelProfile, Notifier, ProgressSink,
        TokenUsage,
    },
    services::{Failure, Ports, new_id},
};

/// The longest answer that is kept to serve again, in bytes.
const MAX_KEPT: usize = 256 * 1024;

/// What is asked next.
pub(super) struct Call<'q> {
    purpose: Purpose,
    key: String,
    request: Cow<'q, LlmRequest>,
}

impl<'q> Call<'q> {
    /// For everything.
    pub(super) fn first(purpose: Purpose, fingerprint: &str, question: &'q Question) -> Self {
        Self {
            purpose,
            key: fingerprint.to_owned(),
            request: Cow::Borrowed(&question.request),
        }
    }

    /// For fields that failed validation.
    pub(super) fn repair(round: u32, fingerprint: &str, request: LlmRequest) -> Self {
        Self {
            purpose: Purpose::Repair,
            key: format!("{fingerprint}/repair-{round}/{}", prompt::digest(&request)),
            request: Cow::Owned(request),
        }
    }
}

/// One model being asked about one task.
pub(super) struct Asked<'a> {
    ports: &'a Ports,
    task: &'a Task<'a>,
    llm: &'a Arc<dyn Llm>,
    profile: &'a ModelProfile,
    question: &'a Question,
    model: String,
    /// What was asked so far.
    calls: &'a mut Vec<ModelCall>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        ports: &'a Ports,
        task: &'a Task<'a>,
        llm: &'a Arc<dyn Llm>,
        profile: &'a ModelProfile,
        question: &'a Question,
        calls: &'a mut Vec<ModelCall>,
    ) -> Self {
        Self {
            ports,
            task,
            llm,
            profile,
            question,
            model: ask::name(profile),
            calls,
        }
    }

    /// The text of the answer: one that was paid for before, else a new one.
    pub(super) async fn put(&mut self, call: Call<'_>) -> Result<Result<String, Fault>, Failure> {
        // What happens seldom is boxed: who waits for a model has room in memory for all of this.
        if let Some(paid) = self.paid(&call).await? {
            return Box::pin(self.reuse(&call, paid)).await;
        }
        let mut entry = self.entry(&call)?;
        if let Err(fault) = self.may_send(&call) {
            return Box::pin(self.refuse(entry, fault)).await.map(Err);
        }
        self.ports.ledger.write(&entry).await?;
        if let Err(fault) = self.has_money().await? {
            return Box::pin(self.refuse(entry, fault)).await.map(Err);
        }
        let heard = Heard::new(self);
        let ended = self.llm.complete(&call.request, &heard).await;
        let outcome = self.account(&mut entry, &call, &heard, ended);
        self.ports.ledger.write(&entry).await?;
        self.calls.push(entry);
        Ok(outcome)
    }

    /// Marks the answers as of no use, so that they do not serve again.
    pub(super) async fn disown(&mut self, fault: &Fault) -> Result<(), Failure> {
        let answered = |call: &&mut ModelCall| call.end == CallEnd::Answered;
        for call in self.calls.iter_mut().filter(answered) {
            call.end = CallEnd::Unusable;
            call.error = Some(fault.clone().into());
            self.ports.ledger.write(call).await?;
        }
        Ok(())
    }

    /// The answer to the same question, where one was paid for and may serve again: that of this
    /// run in any case, of another where it was of use and nobody insists.
    async fn paid(&self, call: &Call<'_>) -> Result<Option<ModelCall>, Failure> {
        let Some(run) = self.task.analysis else {
            return Ok(None);
        };
        if run.force && run.is_first_try {
            return Ok(None);
        }
        let found = self
            .ports
            .ledger
            .answer(&self.task.workspace.id, &call.key)
            .await?;
        Ok(found.filter(|paid| {
            let of_this_run =
                paid.analysis_id.as_ref() == Some(run.id) && paid.revision == run.revision;
            of_this_run || !run.force && paid.end == CallEnd::Answered
        }))
    }

    async fn reuse(
        &mut self,
        call: &Call<'_>,
        paid: ModelCall,
    ) -> Result<Result<String, Fault>, Failure> {
        if paid.end == CallEnd::Unusable {
            return Ok(Err(ask::unusable(&self.model, "as it was before")));
        }
        let entry = ModelCall {
            egress: None,
            end: CallEnd::Reused,
            cost: 0,
            ..self.entry(call)?
        };
        self.ports.ledger.write(&entry).await?;
        self.calls.push(entry);
        Ok(Ok(paid.answer.unwrap_or_default()))
    }

    /// Whether the question may go where it would go, and costs can be told.
    fn may_send(&self, call: &Call<'_>) -> Result<(), Fault> {
        let allowed = self.policy();
        let kept = |class| allowed.allows(class) || !self.question.policy.allows(class);
        if self.question.location != self.profile.location || !DataClass::ALL.into_iter().all(kept)
        {
            return Err(ask::against_policy(&self.model));
        }
        let limit = self.ports.models.spend_limit(self.task.workspace);
        if limit.is_some() && most(self.ports, self.profile, &call.request).is_none() {
            return Err(ask::without_price(&self.model));
        }
        Ok(())
    }

    fn policy(&self) -> DataPolicy {
        match self.profile.location {
            ModelLocation::Local => DataPolicy::OPEN,
            ModelLocation::Remote => {
                let own = self.task.workspace.settings.data_policy;
                own.unwrap_or_default()
            }
        }
    }

    /// Whether the day's money suffices, the most this request may cost included: it is written
    /// down by now, so that of many requests at once none counts without the others.
    async fn has_money(&self) -> Result<Result<(), Fault>, Failure> {
        let Some(limit) = self.ports.models.spend_limit(self.task.workspace) else {
            return Ok(Ok(()));
        };
        if self.profile.location == ModelLocation::Local {
            return Ok(Ok(()));
        }
        let now = self.ports.clock.now();
        let spent = self
            .ports
            .ledger
            .spent(&self.task.workspace.id, day(now))
            .await?;
        if spent <= limit {
            return Ok(Ok(()));
        }
        Ok(Err(ask::spent(&self.model, until_tomorrow(now))))
    }

    async fn refuse(&mut self, mut entry: ModelCall, fault: Fault) -> Result<Fault, Failure> {
        entry.egress = None;
        entry.end = CallEnd::NotSent;
        entry.cost = 0;
        entry.error = Some(fault.clone().into());
        self.ports.ledger.write(&entry).await?;
        self.calls.push(entry);
        Ok(fault)
    }

    /// The call as it is written down before it is sent, with the most it may cost.
    fn entry(&self, call: &Call<'_>) -> Result<ModelCall, Failure> {
        let request = &call.request;
        Ok(ModelCall {
            egress: Some(self.egress(request)),
            key: call.key.clone(),
            purpose: call.purpose,
            end: CallEnd::Sent,
            cost: most(self.ports, self.profile, request).unwrap_or(0),
            ..blank(self.ports, self.task, &self.model)?
        })
    }

    fn egress(&self, request: &LlmRequest) -> Egress {
        let remote = self.profile.location == ModelLocation::Remote;
        let counts = self.question.redactor.counts().into_iter();
        let bytes = request.system.len() + request.user.len() + request.schema.text().len();
        Egress {
            destination: self.profile.server.clone(),
            remote,
            payload_sha256: prompt::digest(request),
            payload_bytes: bytes as u64,
            redacted: counts
                .map(|(kind, count)| (kind.to_owned(), count))
                .collect(),
            withheld: self.question.policy.withheld().collect(),
        }
    }

    /// Notes in the entry how the request ended and what it used; gives back the answer's text.
    fn account(
        &self,
        entry: &mut ModelCall,
        call: &Call<'_>,
        heard: &Heard<'_>,
        ended: Result<Completion, Error>,
    ) -> Result<String, Fault> {
        let took = self.ports.clock.now().duration_since(entry.started_at);
        entry.duration_ms = u64::try_from(took.as_millis()).unwrap_or(0);
        let used = match &ended {
            Ok(completion) => completion.usage.into(),
            Err(_) => heard.used(&call.request),
        };
        entry.tokens = used;
        let prices = &self.ports.models.rules().prices;
        entry.cost = prices.cost(self.profile, used).unwrap_or(0);
        let judged = match &ended {
            Ok(completion) => ask::judge(completion, &self.model),
            Err(error) => Err(ask::fault(error, &self.model)),
        };
        entry.end = match &judged {
            Ok(()) => CallEnd::Answered,
            Err(_) => CallEnd::Failed,
        };
        entry.error = judged.clone().err().map(Into::into);
        let text = ended.map(|completion| completion.text).unwrap_or_default();
        judged?;
        entry.answer = Some(text.clone()).filter(|text| text.len() <= MAX_KEPT);
        Ok(text)
    }
}

/// The entry of a call that was not sent.
pub(super) fn blank(ports: &Ports, task: &Task<'_>, model: &str) -> Result<ModelCall, Failure> {
    let run = task.analysis;
    Ok(ModelCall {
        id: new_id(&*ports.ids)?,
        workspace_id: task.workspace.id.clone(),
        analysis_id: run.map(|run| run.id.clone()),
        revision: run.map_or(0, |run| run.revision),
        purpose: match run {
            Some(_) => Purpose::Explain,
            None => Purpose::Compare,
        },
        model: model.to_owned(),
        key: String::new(),
        egress: None,
        started_at: ports.clock.now(),
        duration_ms: 0,
        end: CallEnd::NotSent,
        error: None,
        tokens: Tokens::default(),
        cost: 0,
        answer: None,
    })
}

/// Shows those who look on how far an answer is, and remembers it for what has to be paid when it
/// breaks off.
struct Heard<'a> {
    notifier: &'a dyn Notifier,
    analysis: Option<&'a AnalysisId>,
    model: &'a str,
    began: AtomicU32,
    used: Mutex<Option<TokenUsage>>,
}

impl<'a> Heard<'a> {
    fn new(asked: &'a Asked<'_>) -> Self {
        let heard = Self {
            notifier: &*asked.ports.notifier,
            analysis: asked.task.analysis.map(|run| run.id),
            model: &asked.model,
            began: AtomicU32::new(0),
            used: Mutex::default(),
        };
        heard.show(0);
        heard
    }

    fn show(&self, tokens: u32) {
        if let Some(analysis) = self.analysis {
            let progress = Progress {
                stage: Stage::Asking,
                model: Some(self.model.to_owned()),
                tokens,
            };
            self.notifier.progress(analysis, &progress);
        }
    }

    /// What a request used that failed: as the server counted, else as we do once it has begun.
    fn used(&self, request: &LlmRequest) -> Tokens {
        let told = *self.used.lock().unwrap_or_else(PoisonError::into_inner);
        match (told, self.began.load(Ordering::Relaxed)) {
            (Some(usage), _) => usage.into(),
            (None, 0) => Tokens::default(),
            (None, began) => Tokens {
                input: request.prompt_tokens.into(),
                cached: 0,
                output: u64::from(began) - 1,
            },
        }
    }
}

impl ProgressSink for Heard<'_> {
    fn tokens(&self, so_far: u32) {
        self.show(so_far);
        self.began
            .store(so_far.saturating_add(1), Ordering::Relaxed);
    }

    fn used(&self, usage: TokenUsage) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
    }
}
