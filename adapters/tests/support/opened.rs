//! The adapters of language models, opened at a server that replays.

use std::{sync::Arc, time::Duration};

use explainer_adapters::llm::{
    Access,
    ollama::{OllamaConfig, OllamaKind, Think, keep_alive},
    openai::{Api, OpenAiConfig, OpenAiKind},
};
use explainer_core::ports::{Llm, LlmKind, LlmSettings};

use super::wire::{MODEL, Wire};

/// The kind that speaks this protocol, at this address.
pub(crate) fn kind(wire: Wire, url: &str) -> Arc<dyn LlmKind> {
    kind_with(wire, url, false)
}

/// The same, and workspaces may name addresses in private networks.
pub(crate) fn kind_for_private_networks(wire: Wire, url: &str) -> Arc<dyn LlmKind> {
    kind_with(wire, url, true)
}

fn kind_with(wire: Wire, url: &str, private_networks: bool) -> Arc<dyn LlmKind> {
    let access = Access {
        headers: vec![("x-operator".to_owned(), "yes".into())],
        timeout: Duration::from_secs(5),
        private_networks,
        ..Access::default()
    };
    let key = Some("sk-very-secret".into());
    match wire {
        Wire::Chat | Wire::Responses => Arc::new(OpenAiKind::new(OpenAiConfig {
            base_url: format!("{url}/v1"),
            api_key: key,
            model: MODEL.to_owned(),
            organization: None,
            api: if wire == Wire::Chat {
                Api::Chat
            } else {
                Api::Responses
            },
            structured: None,
            context_window: None,
            access,
        })),
        Wire::Ollama => Arc::new(OllamaKind::new(OllamaConfig {
            base_url: Some(url.to_owned()),
            model: Some(MODEL.to_owned()),
            api_key: key,
            context_window: 16_384,
            keep_alive: keep_alive("5m").unwrap(),
            think: Think::False,
            access,
        })),
    }
}

/// The model that speaks this protocol, at this address.
pub(crate) fn model(wire: Wire, url: &str) -> Arc<dyn Llm> {
    kind(wire, url).open(&LlmSettings::default()).unwrap()
}
