//! OpenAI, and everything that speaks its API: vLLM, llama.cpp, LM Studio, Groq, and
//! whatever comes next. Requests go out through `async-openai`; what comes back is read by types
//! of ours, since few of these servers keep to the letter of OpenAI's.

mod api;
mod chat;
mod client;
mod dialect;
mod model;
mod responses;
mod windows;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::SecretString,
    ports::{Llm, LlmKind, LlmSettings, OfferedModel, Structured},
};

pub use api::Api;

use self::{client::Server, dialect::Dialect, model::OpenAiModel};
use super::{
    Access,
    shared::{Model, Models},
};
use crate::outbound::Target;

/// What this adapter is called in configuration and errors.
const ADAPTER: &str = "openai";
/// OpenAI's own address.
pub const OPENAI: &str = "https://api.openai.com/v1";

/// How OpenAI, or what stands in for it, is reached.
#[derive(Clone)]
pub struct OpenAiConfig {
    /// The address, up to and including `/v1`.
    pub base_url: String,
    /// The key, where the server wants one.
    pub api_key: Option<SecretString>,
    /// The model of those who choose none.
    pub model: String,
    /// The organisation that is billed, where an account has several.
    pub organization: Option<String>,
    /// Which of the two APIs is spoken.
    pub api: Api,
    /// How a schema is given; `None` finds out what the server takes.
    pub structured: Option<Structured>,
    /// How many tokens prompt and answer may have together; `None` goes by the model's name and
    /// by what the server tells.
    pub context_window: Option<u32>,
    /// How the server is reached.
    pub access: Access,
}

impl fmt::Debug for OpenAiConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiConfig")
            .field("model", &self.model)
            .field("api", &self.api)
            .field("structured", &self.structured)
            .field("context_window", &self.context_window)
            .finish_non_exhaustive()
    }
}

/// The kind `openai`.
#[derive(Debug)]
pub struct OpenAiKind {
    config: OpenAiConfig,
    models: Models<Dialect>,
}

impl OpenAiKind {
    /// A backend as configured; what the configuration gets wrong is said when a model is opened.
    pub fn new(config: OpenAiConfig) -> Self {
        let models = Models::default();
        Self { config, models }
    }

    /// The workspace's key; else the installation's, unless it would go to the workspace's address.
    fn key<'a>(&'a self, settings: &'a LlmSettings) -> Option<&'a SecretString> {
        let own = self.config.api_key.as_ref();
        let own = own.filter(|_| settings.base_url.is_none());
        settings.api_key.as_ref().or(own)
    }

    fn target(&self, settings: &LlmSettings) -> Result<Target> {
        self.config
            .access
            .target(settings, &self.config.base_url, ADAPTER)
    }

    fn server(&self, settings: &LlmSettings, model: &str) -> Result<(Server, Arc<Model<Dialect>>)> {
        let config = &self.config;
        let target = self.target(settings)?;
        let key = self.key(settings);
        if key.is_none() && is_openai(&target) {
            let message = "could not ask OpenAI because there is no key for it; \
                           set OPENAI_API_KEY, or a key in the workspace";
            return Err(Error::new(ErrorKind::Invalid, ADAPTER, "open", message));
        }
        let mut headers = config.access.header_map(settings, key, ADAPTER)?;
        if let (Some(organization), None) = (&config.organization, &settings.base_url)
            && let Ok(value) = organization.as_str().try_into()
        {
            headers.insert("openai-organization", value);
        }
        let first = || Dialect::new(config, model, is_openai(&target));
        let shared = self
            .models
            .open(&target, model, &config.access, ADAPTER, first)?;
        let server = Server::new(target, headers, key.cloned());
        Ok((server, shared))
    }
}

fn is_openai(target: &Target) -> bool {
    target.host() == "api.openai.com"
}

#[async_trait]
impl LlmKind for OpenAiKind {
    fn name(&self) -> &'static str {
        ADAPTER
    }

    /// With a key; without one where the address is not OpenAI's own.
    fn is_ready(&self, settings: &LlmSettings) -> bool {
        let elsewhere = || {
            self.target(settings)
                .is_ok_and(|target| !is_openai(&target))
        };
        self.key(settings).is_some() || elsewhere()
    }

    fn open(&self, settings: &LlmSettings) -> Result<Arc<dyn Llm>> {
        let model = settings.model.as_deref().unwrap_or(&self.config.model);
        let (server, shared) = self.server(settings, model)?;
        let location = self.config.access.location(server.target());
        Ok(Arc::new(OpenAiModel {
            name: model.to_owned(),
            api: self.config.api,
            timeout: self.config.access.timeout,
            location,
            server,
            shared,
        }))
    }

    async fn models(&self, settings: &LlmSettings) -> Result<Vec<OfferedModel>> {
        let model = settings.model.as_deref().unwrap_or(&self.config.model);
        let (server, shared) = self.server(settings, model)?;
        let listed = server.models(&shared.http, model, self.config.access.timeout);
        Ok(listed.await?.into_iter().map(|(model, _)| model).collect())
    }
}
