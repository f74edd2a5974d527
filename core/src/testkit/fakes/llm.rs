//! A language model that says what a test scripted, and fails and waits when a test says so.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use futures::channel::oneshot;

use super::lock;
use crate::{
    Error, ErrorKind, Result,
    ports::{
        Completion, FinishReason, Llm, LlmKind, LlmRequest, LlmSettings, ModelLocation,
        ModelProfile, OfferedModel, ProgressSink, Structured, TokenUsage,
    },
};

/// A model that answers from a script, in order; where the script has ended it is unavailable.
#[derive(Debug)]
pub struct FakeLlm {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    profile: ModelProfile,
    script: VecDeque<Line>,
    /// What each answer uses, instead of a token for every four bytes.
    usage: Option<TokenUsage>,
    requests: Vec<LlmRequest>,
}

#[derive(Debug)]
enum Line {
    Answer(String, FinishReason),
    Fail { after: Option<u32>, error: Error },
    Wait(oneshot::Receiver<()>),
}

impl Default for FakeLlm {
    fn default() -> Self {
        Self::new("fake", "parrot")
    }
}

impl FakeLlm {
    /// A remote model of this kind and name, with a window of 8192 tokens.
    pub fn new(kind: &str, model: &str) -> Self {
        let profile = ModelProfile {
            kind: kind.to_owned(),
            model: model.to_owned(),
            server: "127.0.0.1".to_owned(),
            context_window: 8192,
            location: ModelLocation::Remote,
            structured: Structured::JsonSchema,
            timeout: Duration::from_secs(60),
        };
        Self {
            state: Mutex::new(State {
                profile,
                script: VecDeque::new(),
                usage: None,
                requests: Vec::new(),
            }),
        }
    }

    /// Changes what it says of itself.
    pub fn change_profile(&self, change: impl FnOnce(&mut ModelProfile)) {
        change(&mut self.state().profile);
    }

    /// From now on each answer uses this much, and not a token for every four bytes.
    pub fn use_up(&self, usage: TokenUsage) {
        self.state().usage = Some(usage);
    }

    /// Next it says this and is done.
    pub fn answer(&self, text: impl Into<String>) {
        self.finish(text, FinishReason::Stop);
    }

    /// Next it says this and ends for this reason.
    pub fn finish(&self, text: impl Into<String>, reason: FinishReason) {
        self.add(Line::Answer(text.into(), reason));
    }

    /// Next it fails with an error of this kind before it says anything.
    pub fn fail(&self, kind: ErrorKind) {
        self.fail_with(Error::new(kind, "fake", "complete", WHY));
    }

    /// Next it fails with this before it says anything.
    pub fn fail_with(&self, error: Error) {
        self.add(Line::Fail { after: None, error });
    }

    /// Next it breaks off after so many tokens.
    pub fn break_off(&self, after: u32) {
        let error = Error::new(ErrorKind::Unavailable, "fake", "complete", WHY);
        let after = Some(after);
        self.add(Line::Fail { after, error });
    }

    /// Before its next line it waits until the answer is used to let it go on, or is dropped.
    #[must_use]
    pub fn hold(&self) -> oneshot::Sender<()> {
        let (go, held) = oneshot::channel();
        self.add(Line::Wait(held));
        go
    }

    /// What it was asked, in order.
    pub fn requests(&self) -> Vec<LlmRequest> {
        self.state().requests.clone()
    }

    fn add(&self, line: Line) {
        self.state().script.push_back(line);
    }

    fn next_line(&self) -> Option<Line> {
        self.state().script.pop_front()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

const WHY: &str = "could not answer because a test said so; ask again";

#[async_trait]
impl Llm for FakeLlm {
    fn profile(&self) -> ModelProfile {
        self.state().profile.clone()
    }

    async fn complete(
        &self,
        request: &LlmRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Completion> {
        self.state().requests.push(request.clone());
        loop {
            match self.next_line() {
                Some(Line::Wait(held)) => {
                    // Dropped or used, the wait is over.
                    let _ = held.await;
                }
                Some(Line::Fail { after, error }) => {
                    for so_far in 0..=after.unwrap_or_default() {
                        if after.is_some() {
                            progress.tokens(so_far);
                        }
                    }
                    return Err(error);
                }
                Some(Line::Answer(text, finish)) => {
                    let told = self.state().usage;
                    let usage = told.unwrap_or_else(|| usage(request, &text));
                    (0..=usage.output).for_each(|so_far| progress.tokens(so_far));
                    progress.used(usage);
                    return Ok(Completion {
                        text,
                        finish,
                        usage,
                        model: self.profile().model,
                    });
                }
                None => {
                    let why = "could not answer because the script has ended; script a line more";
                    return Err(Error::new(ErrorKind::Unavailable, "fake", "complete", why));
                }
            }
        }
    }

    /// Fails where the script's next line fails.
    async fn check(&self) -> Result<()> {
        let mut state = self.state();
        match state.script.front() {
            Some(Line::Fail { error, .. }) => {
                let failed = Error::new(error.kind(), "fake", "check", error.message());
                state.script.pop_front();
                Err(failed)
            }
            _ => Ok(()),
        }
    }
}

/// A token for every four bytes.
fn usage(request: &LlmRequest, text: &str) -> TokenUsage {
    let tokens = |bytes: usize| u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX);
    TokenUsage {
        input: tokens(request.system.len() + request.user.len()),
        cached: 0,
        output: tokens(text.len()),
    }
}

/// A backend of one [`FakeLlm`], whatever model is asked for.
#[derive(Debug, Default)]
pub struct FakeLlmKind {
    name: String,
    llm: Arc<FakeLlm>,
}

impl FakeLlmKind {
    /// A backend that opens `llm`, named by its kind.
    pub fn new(llm: Arc<FakeLlm>) -> Self {
        let name = llm.profile().kind;
        Self { name, llm }
    }
}

#[async_trait]
impl LlmKind for FakeLlmKind {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_ready(&self, _: &LlmSettings) -> bool {
        true
    }

    fn open(&self, _: &LlmSettings) -> Result<Arc<dyn Llm>> {
        Ok(self.llm.clone())
    }

    async fn models(&self, _: &LlmSettings) -> Result<Vec<OfferedModel>> {
        let profile = self.llm.profile();
        Ok(vec![OfferedModel {
            name: profile.model,
            context_window: Some(profile.context_window),
            ..OfferedModel::default()
        }])
    }
}

/// Remembers what it was told of an answer's progress.
#[derive(Debug, Default)]
pub struct Heard {
    tokens: Mutex<Vec<u32>>,
    used: Mutex<Option<TokenUsage>>,
}

impl Heard {
    /// Every count of tokens, in order.
    pub fn tokens(&self) -> Vec<u32> {
        lock(&self.tokens).clone()
    }

    /// What the request used, if that was told.
    pub fn used(&self) -> Option<TokenUsage> {
        *lock(&self.used)
    }
}

impl ProgressSink for Heard {
    fn tokens(&self, so_far: u32) {
        lock(&self.tokens).push(so_far);
    }

    fn used(&self, usage: TokenUsage) {
        *lock(&self.used) = Some(usage);
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::{
        ports::Schema,
        testkit::conformance::{
            llm::{ANSWER, CASES, LlmSetup, REFUSAL, Scene, USED, WAIT},
            run,
        },
    };

    /// The script for each scene.
    fn play(llm: &FakeLlm, scene: Scene) -> bool {
        let fail = |kind| llm.fail(kind);
        llm.state().script.clear();
        match scene {
            Scene::Answers => llm.answer(ANSWER),
            Scene::CutByLength => llm.finish(ANSWER, FinishReason::Length),
            Scene::Refuses => llm.finish(REFUSAL, FinishReason::Refusal),
            Scene::Filters => llm.finish(ANSWER, FinishReason::ContentFilter),
            Scene::EndsForAnUnknownReason => llm.finish(ANSWER, FinishReason::Other("wind".into())),
            Scene::AnswersNothing => llm.answer(""),
            Scene::KnowsNoCredentials => fail(ErrorKind::Unauthorized),
            Scene::KnowsNoModel => {
                let why = "could not ask because there is no parrot; buy one";
                llm.fail_with(Error::new(ErrorKind::NotFound, "fake", "complete", why));
            }
            Scene::Throttles => {
                let error = Error::new(ErrorKind::RateLimited, "fake", "complete", WHY);
                llm.fail_with(error.with_retry_after(WAIT));
            }
            Scene::WantsMoney => fail(ErrorKind::Exhausted),
            Scene::FindsPromptTooLong => fail(ErrorKind::TooLarge),
            Scene::IsGone | Scene::Fails => fail(ErrorKind::Unavailable),
            Scene::BreaksOff => llm.break_off(2),
            Scene::Babbles | Scene::NeverEnds => fail(ErrorKind::Protocol),
            Scene::SaysNothing => fail(ErrorKind::Timeout),
        }
        true
    }

    #[test]
    fn it_is_a_model() {
        let report = run("fake", CASES, |case| {
            let llm = Arc::new(FakeLlm::default());
            llm.use_up(USED);
            let stage = llm.clone();
            block_on((case.run)(&LlmSetup {
                llm,
                stage: Box::new(move |scene| play(&stage, scene)),
            }))
        });
        assert_eq!(report.skipped, []);
    }

    #[test]
    fn a_script_that_has_ended_and_a_held_line_are_noticed() {
        let llm = FakeLlm::default();
        let request = LlmRequest {
            system: String::new(),
            user: String::new(),
            schema: Schema::new(&serde_json::Value::Null),
            max_output_tokens: 1,
            prompt_tokens: 1,
            timeout: Duration::from_secs(1),
        };
        let heard = Heard::default();
        let ended = block_on(llm.complete(&request, &heard));
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::Unavailable);

        let go = llm.hold();
        llm.answer("yes");
        let mut held = llm.complete(&request, &heard);
        assert!(futures::FutureExt::now_or_never(&mut held).is_none());
        go.send(()).unwrap();
        assert_eq!(block_on(held).unwrap().text, "yes");
        assert_eq!(llm.requests().len(), 2);
    }
}
