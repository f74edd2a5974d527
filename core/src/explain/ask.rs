//! Judges how a request to a model ended: what was cut, refused or filtered is no answer. Each way
//! it can go wrong has its name and its sentence in here.

use std::time::Duration;

use crate::{
    Error, ErrorKind,
    domain::{AnalysisError, Tokens},
    ports::{Completion, FinishReason, ModelProfile, TokenUsage},
};

/// How much of what a model said when it refused is told, in characters.
const EXCERPT: usize = 200;

/// The code of a prompt that the server found too long.
pub const TOO_LARGE: &str = "model_prompt_too_large";

/// The code of a day's money that does not suffice.
pub const SPENT: &str = "spend_limit_reached";

/// Why a model gave no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable snake-case name.
    pub code: &'static str,
    /// One sentence that says what to do.
    pub message: String,
    /// Whether asking again may help without anyone changing anything.
    pub retryable: bool,
    /// How long to wait first, where somebody said so.
    pub retry_after: Option<Duration>,
}

impl Fault {
    fn lasting(code: &'static str, message: String) -> Self {
        Self {
            code,
            message,
            retryable: false,
            retry_after: None,
        }
    }
}

impl From<Fault> for AnalysisError {
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code.to_owned(),
            message: fault.message,
            retryable: fault.retryable,
        }
    }
}

/// The name of a model beside others: `backend/name`.
pub fn name(profile: &ModelProfile) -> String {
    format!("{}/{}", profile.kind, profile.model)
}

/// Whether a completion is an answer.
pub fn judge(completion: &Completion, model: &str) -> Result<(), Fault> {
    let fault = |code, message| Err(Fault::lasting(code, message));
    match &completion.finish {
        FinishReason::Length => fault(
            "model_answer_cut",
            format!(
                "could not use the answer of {model} because the limit of its length cut it; raise \
                 llm.max_output_tokens or choose a model with a larger window"
            ),
        ),
        FinishReason::Refusal => fault(
            "model_refused",
            format!(
                "could not have the issue explained because {model} refused: «{}»; choose another \
                 model",
                excerpt(&completion.text)
            ),
        ),
        FinishReason::ContentFilter => fault(
            "model_content_filter",
            format!(
                "could not have the issue explained because the content filter of {model} stopped \
                 it; choose another model"
            ),
        ),
        // an unknown reason may be a good end: what was said is held to the schema all the same
        _ if !completion.text.trim().is_empty() => Ok(()),
        _ => fault(
            "model_answer_empty",
            format!(
                "could not use the answer of {model} because it is empty; ask again or choose \
                 another model"
            ),
        ),
    }
}

/// A fault of the port.
pub fn fault(error: &Error, model: &str) -> Fault {
    let code = match error.kind() {
        ErrorKind::Unauthorized | ErrorKind::Forbidden => "model_unauthorized",
        ErrorKind::NotFound => "model_not_found",
        ErrorKind::RateLimited => "model_rate_limited",
        ErrorKind::Exhausted => "model_quota_exhausted",
        ErrorKind::TooLarge => TOO_LARGE,
        ErrorKind::Unavailable => "model_unavailable",
        ErrorKind::Timeout => "model_timeout",
        ErrorKind::Protocol => "model_protocol",
        ErrorKind::Invalid => "model_refused_request",
        ErrorKind::Unsupported => "model_unsupported",
        _ => "model_failed",
    };
    let message = match error.kind() {
        ErrorKind::Internal => format!(
            "could not ask {model} because something went wrong on our side; the log has the details"
        ),
        _ => error.message().to_owned(),
    };
    Fault {
        code,
        message,
        retryable: error.kind().is_transient(),
        retry_after: error.retry_after(),
    }
}

/// An answer that is none, also after it was asked for again.
pub fn unusable(model: &str, complaint: &str) -> Fault {
    let message = format!(
        "could not use the answer of {model}, also after asking again: {}; choose another model",
        excerpt(complaint)
    );
    Fault::lasting("model_answer_unusable", message)
}

/// A window with no room for evidence.
pub fn too_small(message: &str) -> Fault {
    Fault::lasting("model_window_too_small", message.to_owned())
}

/// Data that the workspace keeps from this model.
pub fn against_policy(model: &str) -> Fault {
    let message = format!(
        "could not ask {model} because the question holds data the workspace keeps from remote \
         models; ask again"
    );
    Fault::lasting("model_not_allowed", message)
}

/// A limit that cannot be kept.
pub fn without_price(model: &str) -> Fault {
    let message = format!(
        "could not ask {model} because there is a daily spend limit and no price for this model; \
         add it to llm.prices"
    );
    Fault::lasting("model_without_price", message)
}

/// A day's money that does not suffice.
pub fn spent(model: &str, until_tomorrow: Duration) -> Fault {
    Fault {
        code: SPENT,
        message: format!(
            "could not ask {model} because the workspace's daily spend limit is reached; wait \
             until tomorrow (UTC) or raise it"
        ),
        retryable: true,
        retry_after: Some(until_tomorrow),
    }
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
