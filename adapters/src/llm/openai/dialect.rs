//! What a server takes of what OpenAI's API has. It is found out by asking: a server that refuses
//! a field is asked again without it, and that is remembered for the model.

use explainer_core::ports::Structured;

use super::{OpenAiConfig, windows};
use crate::llm::refusal::Refusal;

/// How a model is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact about a server, and any of them may hold"
)]
pub(super) struct Dialect {
    /// How it is given a schema.
    pub structured: Structured,
    /// Whether that was configured, and is not to be found out.
    pub structured_is_fixed: bool,
    /// What the limit on the answer is called.
    pub limit: LimitField,
    /// Whether another name for it was tried.
    limit_was_renamed: bool,
    /// Whether it takes a temperature; reasoning models take none.
    pub temperature: bool,
    /// Whether it takes the wish for usage in a stream.
    pub stream_usage: bool,
    /// How many tokens prompt and answer may have together.
    pub context_window: u32,
    /// Whether that was configured.
    window_is_fixed: bool,
}

/// What the limit on the answer is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LimitField {
    /// By OpenAI, since its models reason.
    MaxCompletionTokens,
    /// By everyone else, and formerly by OpenAI.
    MaxTokens,
    /// It knows none.
    None,
}

/// What refusals of a field have in common.
const UNKNOWN_FIELD: [&str; 8] = [
    "unsupported",
    "not support",
    "unrecognized",
    "unknown",
    "not permitted",
    "extra_forbidden",
    "unexpected",
    "does not allow",
];

impl Dialect {
    /// What is taken for granted of a model nobody has asked yet.
    pub(super) fn new(config: &OpenAiConfig, model: &str, is_openai: bool) -> Self {
        Self {
            structured: config.structured.unwrap_or(Structured::JsonSchema),
            structured_is_fixed: config.structured.is_some(),
            limit: if is_openai {
                LimitField::MaxCompletionTokens
            } else {
                LimitField::MaxTokens
            },
            limit_was_renamed: false,
            temperature: true,
            stream_usage: true,
            context_window: config
                .context_window
                .unwrap_or_else(|| windows::by_name(model)),
            window_is_fixed: config.context_window.is_some(),
        }
    }

    /// Takes note of the window a server told, unless another was configured.
    pub(super) fn hear_of_window(&mut self, told: Option<u32>) {
        if let Some(window) = told
            && !self.window_is_fixed
        {
            self.context_window = window;
        }
    }

    /// The dialect that leaves out what a server refused; `None` when that is not what it refused.
    pub(super) fn without_what(&self, refusal: &Refusal) -> Option<Self> {
        if !matches!(refusal.status, 400 | 422 | 501) {
            return None;
        }
        let says = |words: &[&str]| words.iter().any(|word| refusal.says(word));
        let mut other = *self;
        let schema = [
            "response_format",
            "json_schema",
            "json_object",
            "text.format",
        ];
        if says(&schema) && !self.structured_is_fixed {
            other.structured = match self.structured {
                Structured::JsonSchema => Structured::JsonObject,
                Structured::JsonObject | Structured::Prompt => Structured::Prompt,
            };
        } else if says(&["stream_options"]) {
            other.stream_usage = false;
        } else if says(&["temperature"]) {
            other.temperature = false;
        } else if says(&["max_tokens", "max_completion_tokens", "max_output_tokens"])
            && says(&UNKNOWN_FIELD)
        {
            other.limit = match self.limit {
                LimitField::MaxCompletionTokens if !self.limit_was_renamed => LimitField::MaxTokens,
                LimitField::MaxTokens if !self.limit_was_renamed => LimitField::MaxCompletionTokens,
                _ => LimitField::None,
            };
            other.limit_was_renamed = true;
        }
        (other != *self).then_some(other)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::llm::{Access, openai::Api};

    fn dialect(is_openai: bool) -> Dialect {
        let config = OpenAiConfig {
            base_url: String::new(),
            api_key: None,
            model: String::new(),
            organization: None,
            api: Api::Chat,
            structured: None,
            context_window: None,
            access: Access::default(),
        };
        Dialect::new(&config, "some-model", is_openai)
    }

    fn refused(message: &str, param: &str) -> Refusal {
        let error = json!({"error": {"message": message, "param": param}});
        let mut refusal = Refusal::inside(&error).unwrap();
        refusal.status = 400;
        refusal
    }

    #[test]
    fn what_was_refused_is_left_out_step_by_step() {
        let first = dialect(false);
        let schema = refused(
            "This model does not support response format `json_schema`",
            "",
        );
        let object = first.without_what(&schema).unwrap();
        assert_eq!(object.structured, Structured::JsonObject);
        let object_too = refused("'response_format.type' must be 'json_schema' or 'text'", "");
        let prompt = object.without_what(&object_too).unwrap();
        assert_eq!(prompt.structured, Structured::Prompt);
        assert_eq!(prompt.without_what(&object_too), None);

        let limit = refused(
            "Unsupported parameter: 'max_tokens' is not supported with this model. \
             Use 'max_completion_tokens' instead.",
            "max_tokens",
        );
        let renamed = first.without_what(&limit).unwrap();
        assert_eq!(renamed.limit, LimitField::MaxCompletionTokens);
        assert_eq!(
            renamed.without_what(&limit).unwrap().limit,
            LimitField::None
        );

        let temperature = refused(
            "Unsupported value: 'temperature' does not support 0",
            "temperature",
        );
        assert!(!first.without_what(&temperature).unwrap().temperature);
        assert!(
            !first
                .without_what(&refused("unknown field stream_options", ""))
                .unwrap()
                .stream_usage
        );
    }

    #[test]
    fn other_refusals_are_not_taken_for_one_of_a_field() {
        let first = dialect(true);
        let too_much = refused(
            "max_tokens is too large: 99999. This model takes at most 4096",
            "",
        );
        assert_eq!(first.without_what(&too_much), None);
        assert_eq!(first.without_what(&refused("invalid model", "model")), None);
        let mut down = refused("response_format", "");
        down.status = 503;
        assert_eq!(first.without_what(&down), None);
    }
}
