//! Ollama, by its own API: through the one that looks like OpenAI's the context window cannot be
//! set, and what does not fit is cut off silently.
//!
//! The words of the API are those of `ollama-rs`. They are sent and read here, over the client
//! that every adapter goes out by: that crate's own knows no HTTPS and no status, and drops text
//! when a character falls between two chunks.

mod chat;
mod client;
mod model;
mod offers;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::SecretString,
    ports::{Llm, LlmKind, LlmSettings, OfferedModel, PullProgress},
};
pub use ollama_rs::generation::parameters::{KeepAlive, ThinkType as Think};

use self::{client::Server, model::OllamaModel};
use super::{
    Access,
    shared::{Models, client},
};

/// What this adapter is called in configuration and errors.
const ADAPTER: &str = "ollama";

/// How long a server that fetches a model may say nothing: a large one is checked for minutes.
const SILENCE: Duration = Duration::from_secs(900);

/// How an Ollama server is reached.
#[derive(Clone)]
pub struct OllamaConfig {
    /// The address; `None` where there is no server.
    pub base_url: Option<String>,
    /// The model of those who choose none.
    pub model: Option<String>,
    /// A key, for servers behind a gateway.
    pub api_key: Option<SecretString>,
    /// The largest context window that is asked for; a model may have less. The more, the more
    /// memory the server needs.
    pub context_window: u32,
    /// How long the model stays loaded after an answer.
    pub keep_alive: KeepAlive,
    /// Whether, and how hard, models that can think do so.
    pub think: Think,
    /// How the server is reached.
    pub access: Access,
}

impl fmt::Debug for OllamaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OllamaConfig")
            .field("model", &self.model)
            .field("context_window", &self.context_window)
            .field("keep_alive", &self.keep_alive)
            .field("think", &self.think)
            .finish_non_exhaustive()
    }
}

/// `5m`, `30s`, `2h`, `0` for «unload at once» or `-1` for «never unload».
pub fn keep_alive(text: &str) -> Option<KeepAlive> {
    let text = serde_json::Value::from(text);
    serde_json::from_value(text).ok()
}

/// The kind `ollama`.
#[derive(Debug)]
pub struct OllamaKind {
    config: OllamaConfig,
    models: Models<Option<u32>>,
}

impl OllamaKind {
    /// A backend as configured; what the configuration gets wrong is said when a model is opened.
    pub fn new(config: OllamaConfig) -> Self {
        let models = Models::default();
        Self { config, models }
    }

    fn server(&self, settings: &LlmSettings) -> Result<Server> {
        let config = &self.config;
        let configured = config.base_url.as_deref();
        if configured.is_none() && settings.base_url.is_none() {
            let message = "could not ask Ollama because its address is not known; \
                           set OLLAMA_BASE_URL, such as http://127.0.0.1:11434";
            return Err(Error::new(ErrorKind::Invalid, ADAPTER, "open", message));
        }
        let target = config
            .access
            .target(settings, configured.unwrap_or_default(), ADAPTER)?;
        let own = config.api_key.as_ref();
        let own = own.filter(|_| settings.base_url.is_none());
        let key = settings.api_key.as_ref().or(own);
        let headers = config.access.header_map(settings, key, ADAPTER)?;
        Ok(Server {
            target,
            headers,
            key: key.cloned(),
        })
    }
}

#[async_trait]
impl LlmKind for OllamaKind {
    fn name(&self) -> &'static str {
        ADAPTER
    }

    /// With an address and a model.
    fn is_ready(&self, settings: &LlmSettings) -> bool {
        let address = settings.base_url.as_ref().or(self.config.base_url.as_ref());
        let model = settings.model.as_ref().or(self.config.model.as_ref());
        address.is_some() && model.is_some()
    }

    fn open(&self, settings: &LlmSettings) -> Result<Arc<dyn Llm>> {
        let config = &self.config;
        let server = self.server(settings)?;
        let model = settings.model.as_ref().or(config.model.as_ref());
        let name = model.cloned().ok_or_else(|| {
            let message = "could not ask Ollama because no model is chosen; \
                           set OLLAMA_MODEL to one that `explainer models` lists";
            Error::new(ErrorKind::Invalid, ADAPTER, "open", message)
        })?;
        let shared = self
            .models
            .open(&server.target, &name, &config.access, ADAPTER, || None)?;
        Ok(Arc::new(OllamaModel {
            location: config.access.location(&server.target),
            name,
            window: config.context_window,
            keep_alive: config.keep_alive.clone(),
            think: config.think.clone(),
            timeout: config.access.timeout,
            server,
            shared,
        }))
    }

    async fn models(&self, settings: &LlmSettings) -> Result<Vec<OfferedModel>> {
        let server = self.server(settings)?;
        let http = client(&server.target, self.config.access.timeout, ADAPTER)?;
        offers::list(&server, &http, self.config.access.timeout).await
    }

    async fn pull(
        &self,
        settings: &LlmSettings,
        model: &str,
        progress: &dyn PullProgress,
    ) -> Result<()> {
        let server = self.server(settings)?;
        let http = client(&server.target, SILENCE, ADAPTER)?;
        offers::pull(&server, &http, model, progress).await
    }
}
