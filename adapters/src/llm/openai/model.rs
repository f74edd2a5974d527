//! One model, as it was opened.

use std::{sync::Arc, time::Duration};

use async_openai::types::stream::StreamResponse;
use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    ports::{
        Completion, FinishReason, Llm, LlmRequest, ModelLocation, ModelProfile, ProgressSink,
        TokenUsage,
    },
};
use futures::StreamExt;
use serde_json::value::RawValue;

use super::{
    ADAPTER, Api,
    client::{Exchange, Halt, Server, not_the_api},
    dialect::Dialect,
};
use crate::llm::{
    answer::{Answer, cut_off},
    refusal::Refusal,
    shared::{Model, within},
};

/// How often a request is formed anew, because the server does not take a field of it.
const DIALECTS: u32 = 6;

/// A model of OpenAI, or of anything that speaks its API.
#[derive(Debug)]
pub(super) struct OpenAiModel {
    pub(super) name: String,
    pub(super) api: Api,
    pub(super) timeout: Duration,
    pub(super) location: ModelLocation,
    pub(super) server: Server,
    pub(super) shared: Arc<Model<Dialect>>,
}

#[async_trait]
impl Llm for OpenAiModel {
    fn profile(&self) -> ModelProfile {
        let dialect = self.shared.learned();
        ModelProfile {
            kind: ADAPTER.to_owned(),
            model: self.name.clone(),
            server: self.server.host().to_owned(),
            context_window: dialect.context_window,
            location: self.location,
            structured: dialect.structured,
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
        let listed = self
            .server
            .models(&self.shared.http, &self.name, self.timeout);
        let listed = match listed.await {
            // Whoever has no list has the model for all we know.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        let found = listed.iter().find(|(model, _)| model.name == self.name);
        if let Some((model, _)) = found {
            self.shared
                .learn(|dialect| dialect.hear_of_window(model.context_window));
            return Ok(());
        }
        // llama.cpp serves its one model under any name.
        if let [(model, maker)] = listed.as_slice()
            && maker == "llamacpp"
        {
            self.shared
                .learn(|dialect| dialect.hear_of_window(model.context_window));
            return Ok(());
        }
        let message = format!(
            "could not find `{}` at {}; choose a model that `explainer models` lists",
            self.name,
            self.server.host()
        );
        Err(Error::new(ErrorKind::NotFound, ADAPTER, "check", message))
    }
}

impl OpenAiModel {
    /// Asks, and asks again in another dialect where the server does not take the first.
    async fn ask(&self, request: &LlmRequest, progress: &dyn ProgressSink) -> Result<Completion> {
        let mut dialect = self.shared.learned();
        for _ in 1..DIALECTS {
            match self.ask_once(request, &dialect, progress).await {
                Err(Halt::Refused(refusal)) => match dialect.without_what(&refusal) {
                    Some(other) => {
                        tracing::debug!(model = self.name, %refusal, ?other, "asking in another dialect");
                        dialect = other;
                    }
                    None => return self.refused(&refusal),
                },
                Err(Halt::Fault(error)) => return Err(error),
                Ok(completion) => {
                    self.shared.learn(|known| {
                        // Another request may have heard of it meanwhile.
                        dialect.hear_of_window(Some(known.context_window));
                        *known = dialect;
                    });
                    return Ok(completion);
                }
            }
        }
        match self.ask_once(request, &dialect, progress).await {
            Ok(completion) => Ok(completion),
            Err(Halt::Refused(refusal)) => self.refused(&refusal),
            Err(Halt::Fault(error)) => Err(error),
        }
    }

    async fn ask_once(
        &self,
        request: &LlmRequest,
        dialect: &Dialect,
        progress: &dyn ProgressSink,
    ) -> Result<Completion, Halt> {
        let body = self.api.body(&self.name, request, dialect);
        let (client, exchange) = self.server.exchange(&self.shared.http);
        let host = self.server.host();
        let stream: Result<StreamResponse<Box<RawValue>>, _> = match self.api {
            Api::Chat => client.chat().create_stream_byot(body).await,
            Api::Responses => client.responses().create_stream_byot(body).await,
        };
        let stream = stream.map_err(|error| exchange.fault(error, host))?;
        self.read(stream, &exchange, request, progress).await
    }

    async fn read(
        &self,
        mut stream: StreamResponse<Box<RawValue>>,
        exchange: &Exchange,
        request: &LlmRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Completion, Halt> {
        let host = self.server.host();
        let mut answer = Answer::begin(progress);
        while let Some(event) = stream.next().await {
            let event = match event {
                Ok(event) => event,
                // All that was missing is what was used.
                Err(_) if answer.is_whole() => break,
                Err(error) => return Err(exchange.fault(error, host)),
            };
            // What is nested too deep, say.
            let event = serde_json::from_str(event.get());
            let event = event.map_err(|_| Halt::Fault(not_the_api(host)))?;
            let piece = match self.api.piece(&event) {
                Ok(piece) => piece,
                // It has begun to answer, so another dialect is not the matter.
                Err(refusal) => return self.refused(&refusal).map_err(Halt::Fault),
            };
            answer.add(piece, ADAPTER).map_err(Halt::Fault)?;
        }
        match (answer.is_whole(), exchange.said_done()) {
            (true, _) => Ok(answer.end(request, &self.name)),
            // Some give no reason. Some say nothing at all, and are something else.
            (false, true) if answer.has_text() => Ok(answer.end(request, &self.name)),
            (false, true) => Err(Halt::Fault(not_the_api(host))),
            (false, false) => Err(Halt::Fault(cut_off(host, ADAPTER))),
        }
    }

    /// What a refusal comes to: the fault it is, or an answer that a filter would not have.
    fn refused(&self, refusal: &Refusal) -> Result<Completion> {
        self.shared
            .learn(|dialect| dialect.hear_of_window(refusal.context_window));
        if refusal.is_filtered() {
            return Ok(Completion {
                text: String::new(),
                finish: FinishReason::ContentFilter,
                usage: TokenUsage::default(),
                model: self.name.clone(),
            });
        }
        Err(refusal.fault(&self.server.asked("complete", &self.name)))
    }
}
