//! Language models.

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Serialize, Serializer};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

use crate::{Error, ErrorKind, Result, domain::SecretString};

/// A language model behind some server.
///
/// What a server refuses to answer is a fault; what it answers is a [`Completion`], be it a
/// refusal of the model, an answer cut short or none at all: whoever asked judges it.
///
/// # Behaviour
/// - the profile names the model and its context window
/// - a completion carries the text, why it ended and what it used
/// - progress is told from when the answer begins, and what it used before the answer is given
/// - an answer cut by the length limit says so
/// - a refusal says so and carries what was said
/// - an answer stopped by a content filter says so
/// - an answer that ended for an unknown reason carries the server's word for it
/// - an empty answer is a completion without text
/// - wrong credentials are unauthorized
/// - an unknown model is not found
/// - a throttled request is rate limited and says how long to wait where the server did
/// - an allowance that is used up is exhausted, not rate limited
/// - a prompt that is too long is too large
/// - a server that cannot be reached is unavailable
/// - a server that fails is unavailable
/// - an answer that breaks off is unavailable, and progress has told how much there was
/// - an answer that is not the protocol is a protocol error
/// - an answer without end is a protocol error
/// - an answer that does not come in time is a timeout
/// - check says that the server answers and has the model
#[async_trait]
pub trait Llm: Send + Sync + Debug + 'static {
    /// What can be asked of it, as far as is known: a server may tell more when it is asked.
    fn profile(&self) -> ModelProfile;

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
    /// The host of the server.
    pub server: String,
    /// How many tokens prompt and answer may have together.
    pub context_window: u32,
    /// Whether what is sent leaves the self-hoster's machines.
    pub location: ModelLocation,
    /// How it takes a schema.
    pub structured: Structured,
    /// How long one answer may take, as configured.
    pub timeout: Duration,
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
    /// The server enforces JSON.
    JsonObject,
    /// The prompt asks for it and that is all.
    Prompt,
}

/// A JSON schema, as the text that is sent. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Schema(Arc<RawValue>);

impl Schema {
    /// The schema that `value` is.
    pub fn new(value: &Value) -> Self {
        // It cannot fail: a JSON value is JSON.
        let text = to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self(text.into())
    }

    /// Its text.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// The value it is the text of.
    pub fn value(&self) -> Value {
        // It cannot fail: it was written of a value.
        serde_json::from_str(self.text()).unwrap_or_default()
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

/// One question to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct LlmRequest {
    /// The instructions. They tell what the answer must look like, as not every server that is
    /// given a schema heeds it; adapters add nothing, so what was previewed is what is sent.
    pub system: String,
    /// The evidence and what is asked of it.
    pub user: String,
    /// The JSON schema of the answer, for servers that enforce one.
    pub schema: Schema,
    /// How many tokens the answer may have.
    pub max_output_tokens: u32,
    /// About how many tokens the prompt has, as the caller counted.
    pub prompt_tokens: u32,
    /// How long the whole answer may take.
    pub timeout: Duration,
}

/// A model's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The text as it came; for a refusal, what was said.
    pub text: String,
    /// Why it ended.
    pub finish: FinishReason,
    /// What it used.
    pub usage: TokenUsage,
    /// The model that answered, as the server named it.
    pub model: String,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The token limit cut it.
    Length,
    /// The model declined.
    Refusal,
    /// The server's content filter stopped it, or would not take the prompt.
    ContentFilter,
    /// Something else, in the server's word.
    Other(String),
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

/// Hears how an answer gets on, whether it ends well or not.
///
/// One that has heard nothing when a request fails may take it that nothing was used: the server
/// never began to answer.
pub trait ProgressSink: Send + Sync {
    /// So many pieces of the answer, about a token each, are in: 0 when the server begins.
    fn tokens(&self, so_far: u32);

    /// What the request used, as the server counted.
    fn used(&self, _usage: TokenUsage) {}
}

/// A backend: opens the models of one kind, and knows which there are.
#[async_trait]
pub trait LlmKind: Send + Sync + Debug + 'static {
    /// The name it is chosen by (`ollama`).
    fn name(&self) -> &str;

    /// Whether it has all it needs, such as a key, to be asked with these settings.
    fn is_ready(&self, settings: &LlmSettings) -> bool;

    /// Opens a model; `Invalid` says which setting is missing or wrong and why.
    fn open(&self, settings: &LlmSettings) -> Result<Arc<dyn Llm>>;

    /// The models the server offers.
    async fn models(&self, settings: &LlmSettings) -> Result<Vec<OfferedModel>>;

    /// Has the server fetch a model.
    async fn pull(
        &self,
        _settings: &LlmSettings,
        _model: &str,
        _progress: &dyn PullProgress,
    ) -> Result<()> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "llm",
            "pull",
            "could not fetch the model because this backend serves what it has; choose one it lists",
        ))
    }
}

/// What a workspace sets for a model; what it leaves out is the installation's.
#[derive(Debug, Clone, Default)]
pub struct LlmSettings {
    /// The model's name as the server knows it.
    pub model: Option<String>,
    /// The key.
    pub api_key: Option<SecretString>,
    /// The server's address. It is a user's word: it may not lead into the operator's network,
    /// and the installation's key is never sent there.
    pub base_url: Option<String>,
}

/// A model that a server offers, as far as it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfferedModel {
    /// Its name as the server knows it.
    pub name: String,
    /// How many tokens prompt and answer may have together.
    pub context_window: Option<u32>,
    /// How large it is on the server's disk, in bytes.
    pub size: Option<u64>,
    /// What it can do, in the server's words.
    pub capabilities: Vec<String>,
}

/// Hears how fetching a model gets on.
pub trait PullProgress: Send + Sync {
    /// What the server is doing, and how much of it is done, in bytes; a total of 0 is unknown.
    fn step(&self, status: &str, done: u64, total: u64);
}
