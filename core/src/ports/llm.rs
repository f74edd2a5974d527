//! Language models.

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

use crate::Result;

/// A language model behind some server.
///
/// # Behaviour
/// - the profile names the model and its context window
/// - a completion carries the text, why it ended and what it used
/// - progress is told while the answer comes in
/// - an answer cut by the length limit says so
/// - wrong credentials are unauthorized
/// - an unknown model is not found
/// - a throttled request is rate limited and says how long to wait where the server did
/// - a server that cannot be reached is unavailable
/// - an answer that is not the protocol is a protocol error
#[async_trait]
pub trait Llm: Send + Sync + Debug + 'static {
    /// What can be asked of it.
    fn profile(&self) -> &ModelProfile;

    /// Asks once. Trying again is the chain's to decide, not the adapter's.
    async fn complete(
        &self,
        request: &LlmRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Completion>;

    /// Whether the server answers and has the model.
    async fn check(&self) -> Result<()>;
}

/// What can be asked of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelProfile {
    /// The backend's kind (`openai`, `ollama`).
    pub kind: String,
    /// The model's name as the server knows it.
    pub model: String,
    /// How many tokens prompt and answer may have together.
    pub context_window: u32,
    /// Whether what is sent leaves the self-hoster's machines.
    pub location: ModelLocation,
    /// How it takes a schema.
    pub structured: Structured,
}

/// Where a model runs; the data-class policy differs by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelLocation {
    /// On machines of the self-hoster.
    Local,
    /// Elsewhere.
    Remote,
}

/// How a model is held to a JSON schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structured {
    /// The server enforces the schema.
    JsonSchema,
    /// The server enforces JSON; the schema stands in the prompt.
    JsonObject,
    /// The schema stands in the prompt and that is all.
    Prompt,
}

/// One question to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct LlmRequest {
    /// The instructions.
    pub system: String,
    /// The evidence and what is asked of it.
    pub user: String,
    /// The JSON schema of the answer.
    pub schema: serde_json::Value,
    /// How many tokens the answer may have.
    pub max_output_tokens: u32,
    /// How long the whole answer may take.
    pub timeout: Duration,
}

/// A model's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The text as it came.
    pub text: String,
    /// Why it ended.
    pub finish: FinishReason,
    /// What it used.
    pub usage: TokenUsage,
    /// The model that answered, as the server named it.
    pub model: String,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The token limit cut it.
    Length,
    /// The model declined.
    Refusal,
    /// The server's content filter cut it.
    ContentFilter,
}

/// What a request used, as the server counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Tokens of the prompt.
    pub input: u32,
    /// Of these, tokens the server had cached.
    pub cached: u32,
    /// Tokens of the answer, reasoning included.
    pub output: u32,
}

/// Hears how an answer gets on.
pub trait ProgressSink: Send + Sync {
    /// So many tokens of the answer are in.
    fn tokens(&self, so_far: u32);
}
