//! The language models this build can ask.

use std::sync::Arc;

use explainer_adapters::layers::TracedModels;
use explainer_core::{
    Result,
    ports::{LlmKind, LlmSettings, ModelProfile},
    services::backend_and_model,
};

use crate::config::Config;

/// Every kind of server in this build, as configured, in the order in which they are asked where
/// nobody says otherwise.
pub(crate) fn kinds(config: &Config) -> Vec<Arc<dyn LlmKind>> {
    [openai(config), ollama(config)]
        .into_iter()
        .flatten()
        .map(|kind| -> Arc<dyn LlmKind> { Arc::new(TracedModels::new(kind)) })
        .collect()
}

/// The servers that are asked unless a workspace says otherwise, in order, and what they are asked with.
pub(super) fn chain(
    kinds: &[Arc<dyn LlmKind>],
    names: &[String],
) -> Vec<(Arc<dyn LlmKind>, LlmSettings)> {
    let settings = LlmSettings::default();
    if names.is_empty() {
        let ready = kinds.iter().filter(|kind| kind.is_ready(&settings));
        return ready.map(|kind| (kind.clone(), settings.clone())).collect();
    }
    let link = |name: &String| {
        let (kind, model) = backend_and_model(name);
        let kind = kinds.iter().find(|it| it.name() == kind)?.clone();
        let settings = LlmSettings {
            model: model.map(str::to_owned),
            ..LlmSettings::default()
        };
        Some((kind, settings))
    };
    names.iter().filter_map(link).collect()
}

/// Looks, beside everything else, whether the models of the chain are there: the operator reads it
/// in the log, and what servers tell of their windows is known from then on.
pub(super) fn look_up(kinds: &[Arc<dyn LlmKind>], names: &[String]) {
    for (kind, settings) in chain(kinds, names) {
        tokio::spawn(async move {
            match look_at(&*kind, &settings).await {
                Ok(ModelProfile {
                    model,
                    context_window,
                    ..
                }) => {
                    tracing::info!(kind = kind.name(), model, context_window, "model is there");
                }
                Err(error) => tracing::warn!(kind = kind.name(), %error, "model is not there"),
            }
        });
    }
}

async fn look_at(kind: &dyn LlmKind, settings: &LlmSettings) -> Result<ModelProfile> {
    let llm = kind.open(settings)?;
    llm.check().await?;
    Ok(llm.profile())
}

#[cfg(feature = "llm-openai")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "without the feature there is none"
)]
fn openai(config: &Config) -> Option<Arc<dyn LlmKind>> {
    use explainer_adapters::llm::openai::{Api, OpenAiConfig, OpenAiKind};
    use explainer_core::ports;

    use crate::config::{OpenAiApi, Structured};

    let openai = &config.llm.openai;
    Some(Arc::new(OpenAiKind::new(OpenAiConfig {
        base_url: openai.base_url.clone(),
        api_key: openai.api_key.clone(),
        model: openai.model.clone(),
        organization: openai.organization.clone(),
        api: match openai.api {
            OpenAiApi::Chat => Api::Chat,
            OpenAiApi::Responses => Api::Responses,
        },
        structured: match openai.structured {
            Structured::Auto => None,
            Structured::JsonSchema => Some(ports::Structured::JsonSchema),
            Structured::JsonObject => Some(ports::Structured::JsonObject),
            Structured::Prompt => Some(ports::Structured::Prompt),
        },
        context_window: Some(openai.context_window).filter(|it| *it > 0),
        access: with_models::access(
            config,
            openai.timeout_seconds,
            openai.concurrency,
            &openai.headers,
            openai.location,
        ),
    })))
}

#[cfg(not(feature = "llm-openai"))]
fn openai(_: &Config) -> Option<Arc<dyn LlmKind>> {
    None
}

#[cfg(feature = "llm-ollama")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "without the feature there is none"
)]
fn ollama(config: &Config) -> Option<Arc<dyn LlmKind>> {
    use explainer_adapters::llm::ollama::{KeepAlive, OllamaConfig, OllamaKind, Think, keep_alive};

    use crate::config;

    let ollama = &config.llm.ollama;
    Some(Arc::new(OllamaKind::new(OllamaConfig {
        base_url: ollama.base_url.clone(),
        model: ollama.model.clone(),
        api_key: ollama.api_key.clone(),
        context_window: ollama.context_window,
        // Its form was checked with the rest of the configuration.
        keep_alive: keep_alive(&ollama.keep_alive).unwrap_or(KeepAlive::UnloadOnCompletion),
        think: match ollama.think {
            config::Think::Off => Think::False,
            config::Think::On => Think::True,
            config::Think::Low => Think::Low,
            config::Think::Medium => Think::Medium,
            config::Think::High => Think::High,
        },
        access: with_models::access(
            config,
            ollama.timeout_seconds,
            ollama.concurrency,
            &ollama.headers,
            ollama.location,
        ),
    })))
}

#[cfg(not(feature = "llm-ollama"))]
fn ollama(_: &Config) -> Option<Arc<dyn LlmKind>> {
    None
}

#[cfg(any(feature = "llm-openai", feature = "llm-ollama"))]
mod with_models {
    use std::time::Duration;

    use explainer_adapters::llm::{Access, Whereabouts};
    use explainer_core::{
        domain::{ExposeSecret, SecretString},
        ports::ModelLocation,
    };

    use crate::config::{Config, Location};

    /// How the servers of one kind are reached.
    pub(super) fn access(
        config: &Config,
        timeout_seconds: u64,
        concurrency: usize,
        headers: &[SecretString],
        location: Location,
    ) -> Access {
        let pair = |header: &SecretString| {
            let (name, value) = header.expose_secret().split_once(':')?;
            Some((name.to_owned(), value.trim().into()))
        };
        Access {
            headers: headers.iter().filter_map(pair).collect(),
            timeout: Duration::from_secs(timeout_seconds),
            concurrency,
            whereabouts: match location {
                Location::Auto => Whereabouts::Auto,
                Location::Local => Whereabouts::At(ModelLocation::Local),
                Location::Remote => Whereabouts::At(ModelLocation::Remote),
            },
            private_networks: config.outbound.private_networks,
        }
    }
}
