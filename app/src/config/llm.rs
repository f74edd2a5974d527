//! The sections on language models: `[llm]` and one for each kind of server.

use explainer_core::domain::WhenSpent;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::sections::filled;

/// `[llm]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Llm {
    /// The models to ask, in order; empty: every backend that has all it needs.
    pub chain: Vec<String>,
    /// Whether rules may write when every model failed.
    pub allow_heuristics: bool,
    /// How long an answer may be, in tokens.
    pub max_output_tokens: u32,
    /// After so many failures in a row a model is left alone; at least 1.
    pub breaker_failures: u32,
    /// For so long, in seconds.
    pub breaker_seconds: u64,
    /// What a workspace may spend on a day, in dollars; 0: anything.
    pub daily_spend_usd: f64,
    /// What happens when that is spent.
    pub when_spent: WhenSpent,
    /// What tokens cost, a line for each model: see [`super::price`].
    pub prices: Vec<String>,
    /// OpenAI, or anything that speaks its API.
    pub openai: OpenAi,
    /// An Ollama server.
    pub ollama: Ollama,
}

/// `[llm.openai]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAi {
    /// For workspaces without a key of their own.
    #[serde(deserialize_with = "filled")]
    pub api_key: Option<SecretString>,
    /// Model to ask.
    pub model: String,
    /// An `http` or `https` address.
    pub base_url: String,
    /// The organisation that is billed.
    #[serde(deserialize_with = "filled")]
    pub organization: Option<String>,
    /// Which API is spoken.
    pub api: OpenAiApi,
    /// How a schema is given.
    pub structured: Structured,
    /// Tokens prompt and answer may have together; 0 where that is to be found out.
    pub context_window: u32,
    /// How long an answer may take, in seconds; at least 1.
    pub timeout_seconds: u64,
    /// Requests to one model at the same time; at least 1.
    pub concurrency: usize,
    /// Headers sent along, each `Name: value`.
    #[serde(deserialize_with = "secrets")]
    pub headers: Vec<SecretString>,
    /// Where the models run.
    pub location: Location,
}

/// `[llm.ollama]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ollama {
    /// An `http` or `https` address. `None`: not used.
    #[serde(deserialize_with = "filled")]
    pub base_url: Option<String>,
    /// Model to ask.
    #[serde(deserialize_with = "filled")]
    pub model: Option<String>,
    /// For servers behind a gateway.
    #[serde(deserialize_with = "filled")]
    pub api_key: Option<SecretString>,
    /// The largest context window asked for, in tokens.
    pub context_window: u32,
    /// How long a model stays loaded, as Ollama writes it.
    pub keep_alive: String,
    /// Whether models that can think do so.
    pub think: Think,
    /// How long an answer may take, in seconds; at least 1.
    pub timeout_seconds: u64,
    /// Requests to one model at the same time; at least 1.
    pub concurrency: usize,
    /// Headers sent along, each `Name: value`.
    #[serde(deserialize_with = "secrets")]
    pub headers: Vec<SecretString>,
    /// Where the models run.
    pub location: Location,
}

/// Which of OpenAI's APIs is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenAiApi {
    /// Chat Completions.
    Chat,
    /// Responses.
    Responses,
}

/// How a model is given a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Structured {
    /// As strictly as the server takes it.
    Auto,
    /// The server enforces the schema.
    JsonSchema,
    /// The server enforces JSON.
    JsonObject,
    /// The prompt alone asks for it.
    Prompt,
}

/// Where models run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// Here where the address is this machine's, elsewhere otherwise.
    Auto,
    /// On machines of the self-hoster.
    Local,
    /// Elsewhere.
    Remote,
}

/// How hard a model thinks before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    missing_docs,
    reason = "Ollama's words for it say what there is to say"
)]
pub enum Think {
    Off,
    On,
    Low,
    Medium,
    High,
}

/// Texts that are not to be shown.
fn secrets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SecretString>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(SecretString::from).collect())
}
