//! Spans around the calls of language models.

use std::sync::Arc;

use async_trait::async_trait;
use explainer_core::{
    Result,
    ports::{
        Completion, Llm, LlmKind, LlmRequest, LlmSettings, ModelProfile, OfferedModel,
        ProgressSink, PullProgress,
    },
};
use tracing::{debug_span, field::Empty};

use super::{CALL, Traced, call, span};

/// The attributes that OpenTelemetry's conventions for generative AI have for a model call.
#[async_trait]
impl Llm for Traced<dyn Llm> {
    fn profile(&self) -> ModelProfile {
        self.inner.profile()
    }

    async fn complete(
        &self,
        request: &LlmRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Completion> {
        let profile = self.inner.profile();
        let span = debug_span!(
            target: CALL, "call",
            kind = "model", system = self.system, operation = "chat", outcome = Empty,
            gen_ai.operation.name = "chat",
            gen_ai.system = profile.kind,
            gen_ai.request.model = profile.model,
            gen_ai.request.max_tokens = request.max_output_tokens,
            gen_ai.response.model = Empty,
            gen_ai.response.finish_reasons = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.input_tokens.cached = Empty,
            gen_ai.usage.output_tokens = Empty,
        );
        let result = call(span.clone(), self.inner.complete(request, progress)).await;
        if let Ok(completion) = &result {
            let usage = completion.usage;
            span.record("gen_ai.response.model", &completion.model);
            span.record(
                "gen_ai.response.finish_reasons",
                tracing::field::debug(&completion.finish),
            );
            span.record("gen_ai.usage.input_tokens", usage.input);
            span.record("gen_ai.usage.input_tokens.cached", usage.cached);
            span.record("gen_ai.usage.output_tokens", usage.output);
        }
        result
    }

    async fn check(&self) -> Result<()> {
        call(span!("model", self, "check"), self.inner.check()).await
    }
}

/// A kind of model whose models have a span around every call.
#[derive(Debug)]
pub struct TracedModels {
    inner: Arc<dyn LlmKind>,
    system: &'static str,
}

impl TracedModels {
    /// Puts the spans around whatever `inner` opens.
    pub fn new(inner: Arc<dyn LlmKind>) -> Self {
        // One for each kind there is, once in the life of the process.
        let system = String::leak(inner.name().to_owned());
        Self { inner, system }
    }
}

#[async_trait]
impl LlmKind for TracedModels {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn is_ready(&self, settings: &LlmSettings) -> bool {
        self.inner.is_ready(settings)
    }

    fn open(&self, settings: &LlmSettings) -> Result<Arc<dyn Llm>> {
        let model = self.inner.open(settings)?;
        Ok(Arc::new(Traced::new(model, self.system)))
    }

    async fn models(&self, settings: &LlmSettings) -> Result<Vec<OfferedModel>> {
        call(span!("model", self, "models"), self.inner.models(settings)).await
    }

    async fn pull(
        &self,
        settings: &LlmSettings,
        model: &str,
        progress: &dyn PullProgress,
    ) -> Result<()> {
        let pulled = self.inner.pull(settings, model, progress);
        call(span!("model", self, "pull"), pulled).await
    }
}
