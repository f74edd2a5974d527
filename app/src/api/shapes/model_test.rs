//! Trying a model: what is sent and what comes of it.

use explainer_core::services::{Change, ModelTested, ModelTrial, NotConnected};
use poem_openapi::Object;
use serde::Serialize;

/// What to try of OpenAI. What is left out, null, empty or `***` is taken from what is kept.
#[derive(Debug, Default, Object)]
pub(crate) struct OpenAiTest {
    /// The key.
    #[oai(nullable, validator(max_length = 1024))]
    openai_api_key: Option<String>,
}

/// What to try. What is left out, null, empty or `***` is taken from what is kept.
#[derive(Debug, Default, Object)]
pub(crate) struct ModelTest {
    /// The model, as a backend or as `backend/model`; the first one the workspace asks.
    #[oai(nullable, validator(max_length = 200))]
    model: Option<String>,
    /// A key to try instead of the one that is kept.
    #[oai(nullable, validator(max_length = 1024))]
    api_key: Option<String>,
}

/// Whether a model could be asked.
#[derive(Debug, Object, Serialize)]
#[oai(rename = "ModelTested")]
pub(crate) struct ModelTestedBody {
    /// Whether it could.
    connected: bool,
    /// One sentence: that it works, or what to do.
    message: String,
    /// The model that was tried.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    model_used: Option<String>,
    /// The tokens that took; none where the model was only looked up, at no cost.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_used: Option<u32>,
    /// `unauthorized`, `not_found`, `timeout`, `connection_error` or `api_error`.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<String>,
}

impl From<OpenAiTest> for ModelTrial {
    fn from(sent: OpenAiTest) -> Self {
        Self {
            model: Some("openai".to_owned()),
            api_key: Change::of_secret(sent.openai_api_key),
        }
    }
}

impl From<ModelTest> for ModelTrial {
    fn from(sent: ModelTest) -> Self {
        Self {
            model: sent.model.filter(|name| !name.trim().is_empty()),
            api_key: Change::of_secret(sent.api_key),
        }
    }
}

impl From<ModelTested> for ModelTestedBody {
    fn from(tested: ModelTested) -> Self {
        let ModelTested {
            kind,
            model,
            tokens,
        } = tested;
        let message = match kind.as_str() {
            "openai" => "OpenAI API key is valid and working".to_owned(),
            _ => format!("{kind}/{model} is there and working"),
        };
        Self {
            connected: true,
            message,
            model_used: Some(model),
            tokens_used: tokens,
            error_code: None,
        }
    }
}

impl From<NotConnected> for ModelTestedBody {
    fn from(not: NotConnected) -> Self {
        Self {
            connected: false,
            message: not.message,
            model_used: None,
            tokens_used: None,
            error_code: Some(not.code.to_owned()),
        }
    }
}
