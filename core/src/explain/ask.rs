//! Judges how a model's answer ended: what was cut, refused or filtered is no answer.

use crate::{
    Error, ErrorKind,
    domain::{AnalysisError, Tokens},
    ports::{Completion, FinishReason, ModelProfile, TokenUsage},
};

/// How much of what a model said when it refused is told, in characters.
const EXCERPT: usize = 200;

/// The text of a completion, or why there is none that can be used.
pub fn judge(completion: &Completion, model: &str) -> Result<(), AnalysisError> {
    let fault = |code: &str, message: String, retryable| {
        Err(AnalysisError {
            code: code.to_owned(),
            message,
            retryable,
        })
    };
    match &completion.finish {
        FinishReason::Length => fault(
            "model_answer_cut",
            format!(
                "could not use the answer of {model} because the limit of its length cut it; raise llm.max_output_tokens or choose a model with a larger window"
            ),
            false,
        ),
        FinishReason::Refusal => fault(
            "model_refused",
            format!(
                "could not have the issue explained because {model} refused: «{}»; choose another model",
                excerpt(&completion.text)
            ),
            false,
        ),
        FinishReason::ContentFilter => fault(
            "model_content_filter",
            format!(
                "could not have the issue explained because the content filter of {model} stopped it; choose another model"
            ),
            false,
        ),
        FinishReason::Stop if completion.text.trim().is_empty() => fault(
            "model_answer_empty",
            format!(
                "could not use the answer of {model} because it is empty; ask again or choose another model"
            ),
            true,
        ),
        // an unknown reason may be a good end: the answer tells, and is held to the schema
        _ => Ok(()),
    }
}

/// What the client is told of a fault of the port.
pub fn fault(error: &Error, model: &str) -> AnalysisError {
    let (code, retryable) = match error.kind() {
        ErrorKind::Unauthorized | ErrorKind::Forbidden => ("model_unauthorized", false),
        ErrorKind::NotFound => ("model_not_found", false),
        ErrorKind::RateLimited => ("model_rate_limited", true),
        ErrorKind::Exhausted => ("model_quota_exhausted", false),
        ErrorKind::TooLarge => ("model_prompt_too_large", false),
        ErrorKind::Unavailable => ("model_unavailable", true),
        ErrorKind::Timeout => ("model_timeout", true),
        ErrorKind::Protocol => ("model_protocol", false),
        ErrorKind::Invalid => ("model_refused_request", false),
        ErrorKind::Unsupported => ("model_unsupported", false),
        _ => ("model_failed", false),
    };
    let message = match error.kind() {
        ErrorKind::Internal => format!(
            "could not ask {model} because something went wrong on our side; the log has the details"
        ),
        _ => error.message().to_owned(),
    };
    AnalysisError {
        code: code.to_owned(),
        message,
        retryable,
    }
}

/// The name of a model beside others: `backend/name`.
pub fn name(profile: &ModelProfile) -> String {
    format!("{}/{}", profile.kind, profile.model)
}

impl From<TokenUsage> for Tokens {
    fn from(usage: TokenUsage) -> Self {
        Self {
            input: usage.input.into(),
            cached: usage.cached.into(),
            output: usage.output.into(),
        }
    }
}

fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
