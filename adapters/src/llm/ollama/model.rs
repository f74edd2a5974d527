//! One model, as it was opened.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    ports::{Completion, Llm, LlmRequest, ModelLocation, ModelProfile, ProgressSink, Structured},
};
use ollama_rs::generation::parameters::{KeepAlive, ThinkType};

use super::{
    ADAPTER, chat,
    client::{Question, Server},
    offers,
};
use crate::llm::{
    answer::{Answer, cut_off},
    lines::Lines,
    shared::{Model, within},
};

/// A model of an Ollama server.
#[derive(Debug)]
pub(super) struct OllamaModel {
    pub(super) name: String,
    /// The largest window that is asked for.
    pub(super) window: u32,
    pub(super) keep_alive: KeepAlive,
    pub(super) think: ThinkType,
    pub(super) timeout: Duration,
    pub(super) location: ModelLocation,
    pub(super) server: Server,
    /// What was learned is the model's own window.
    pub(super) shared: Arc<Model<Option<u32>>>,
}

#[async_trait]
impl Llm for OllamaModel {
    fn profile(&self) -> ModelProfile {
        let own = self.shared.learned().unwrap_or(u32::MAX);
        ModelProfile {
            kind: ADAPTER.to_owned(),
            model: self.name.clone(),
            server: self.server.host().to_owned(),
            context_window: self.window.min(own),
            location: self.location,
            structured: Structured::JsonSchema,
            timeout: self.timeout,
        }
    }

    async fn complete(
        &self,
        request: &LlmRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Completion> {
        let _turn = self.shared.turn().await;
        let asked = self.ask(request, progress);
        within(
            request.timeout,
            self.server.host(),
            ADAPTER,
            "complete",
            asked,
        )
        .await
    }

    async fn check(&self) -> Result<()> {
        let shown = self.learn_window("check");
        within(self.timeout, self.server.host(), ADAPTER, "check", shown).await
    }
}

impl OllamaModel {
    async fn ask(&self, request: &LlmRequest, progress: &dyn ProgressSink) -> Result<Completion> {
        if self.shared.learned().is_none() {
            self.learn_window("complete").await?;
        }
        let largest = self.profile().context_window;
        let window = chat::window(request, largest).ok_or_else(|| self.too_long(largest))?;
        let body = chat::request(&self.name, request, window, &self.keep_alive, &self.think);
        let question = Question {
            operation: "complete",
            path: "chat",
            body: Some(&body),
            model: &self.name,
        };
        let response = self.server.ask(&self.shared.http, question).await?;
        let mut lines = Lines::of(response);
        let mut answer = Answer::begin(progress);
        while !answer.is_whole() {
            let line = self.server.next(&mut lines, question).await?;
            let line = line.ok_or_else(|| cut_off(self.server.host(), ADAPTER))?;
            answer.add(chat::piece(&line), ADAPTER)?;
        }
        let completion = answer.end(request, &self.name);
        // Servers before `truncate` cut what does not fit, and say nothing.
        if completion.usage.input >= window {
            return Err(self.too_long(window));
        }
        Ok(completion)
    }

    /// Has the server tell the model's window, and with it whether there is such a model.
    async fn learn_window(&self, operation: &'static str) -> Result<()> {
        let http = &self.shared.http;
        let (own, _) = offers::show(&self.server, http, &self.name, operation).await?;
        self.shared
            .learn(|known| *known = Some(own.unwrap_or(self.window)));
        Ok(())
    }

    fn too_long(&self, window: u32) -> Error {
        let message = format!(
            "could not ask `{}` because prompt and answer do not fit its context window of \
             {window} tokens; lower analysis.token_budget, or raise llm.ollama.context_window \
             where the model has more",
            self.name
        );
        Error::new(ErrorKind::TooLarge, ADAPTER, "complete", message)
    }
}
