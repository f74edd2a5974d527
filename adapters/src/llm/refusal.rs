//! What a server says when it does not answer, and what that means. The bodies are those of
//! OpenAI, Ollama, vLLM, llama.cpp, LM Studio and of the proxies in front of them.

use std::{fmt, time::Duration};

use explainer_core::{
    Error, ErrorKind,
    domain::{ExposeSecret, SecretString},
};
use reqwest::{Response, header::HeaderMap};
use serde_json::Value;

/// The longest wait a server can ask for; whoever asks for more means «not today».
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// The most of an error's body that is read.
const MOST_READ: usize = 64 << 10;
/// The most of a server's words that is passed on, in characters.
const MOST_TOLD: usize = 200;

/// A server's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status, be it that of the answer or one told inside it; 0 where there is none.
    pub status: u16,
    /// The error's `type`, `code` and `param`, each on a line, in lower case.
    pub marks: String,
    /// The error's text, one line.
    pub message: String,
    /// How long to wait.
    pub retry_after: Option<Duration>,
    /// The model's window, where the error names it.
    pub context_window: Option<u32>,
}

/// What was asked of whom; for the error's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub adapter: &'static str,
    pub operation: &'static str,
    pub model: &'a str,
    pub host: &'a str,
    /// Where the key is set.
    pub key: &'static str,
    /// What to do when there is no such model.
    pub get_model: &'a str,
}

impl Refusal {
    /// Reads an answer whose status says that it is none. `secret` is cut out of what was said.
    pub(super) async fn read(mut response: Response, secret: Option<&SecretString>) -> Self {
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let mut body = Vec::new();
        while body.len() < MOST_READ {
            // Of a refusal that breaks off, what was said so far will do.
            let Ok(Some(piece)) = response.chunk().await else {
                break;
            };
            body.extend_from_slice(&piece);
        }
        let text = String::from_utf8_lossy(&body);
        let mut refusal = match serde_json::from_str::<Value>(&text) {
            Ok(value) => Self::of_json(&value),
            Err(_) => Self::of_text(&text),
        };
        refusal.status = status;
        refusal.retry_after = retry_after;
        if let Some(secret) = secret.map(ExposeSecret::expose_secret)
            && !secret.is_empty()
        {
            refusal.message = refusal.message.replace(secret, "***");
        }
        refusal
    }

    /// Reads an error inside an answer; `None` where there is none.
    pub(super) fn inside(value: &Value) -> Option<Self> {
        let is_error = !value["error"].is_null() || value["object"] == "error";
        is_error.then(|| Self::of_json(value))
    }

    /// `{"error": {…}}`, `{"error": "…"}`, `{"object": "error", …}` or `{"detail": …}`.
    fn of_json(value: &Value) -> Self {
        let error = match &value["error"] {
            Value::Null => value,
            error => error,
        };
        let said = [error, &error["message"], &error["detail"], &error["error"]];
        let message = said.into_iter().find_map(Value::as_str);
        let message = message.map_or_else(|| error.to_string(), str::to_owned);
        let marks = ["type", "code", "param"].map(|field| match &error[field] {
            Value::String(text) => text.to_lowercase(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        });
        let status = [&error["code"], &error["status"], &error["status_code"]];
        let status = status.into_iter().find_map(|told| {
            let number = told.as_u64().or_else(|| told.as_str()?.parse().ok())?;
            u16::try_from(number)
                .ok()
                .filter(|it| (400..600).contains(it))
        });
        let told = error["n_ctx"]
            .as_u64()
            .and_then(|it| u32::try_from(it).ok());
        Self {
            status: status.unwrap_or_default(),
            marks: marks.join("\n"),
            retry_after: None,
            context_window: told.or_else(|| named_window(&message)),
            message: one_line(&message),
        }
    }

    /// Plain text, or a page.
    fn of_text(text: &str) -> Self {
        let title = text
            .split_once("<title>")
            .and_then(|(_, rest)| rest.split_once("</title>"));
        let is_page = text.trim_start().starts_with('<');
        let message = match title {
            Some((title, _)) => title,
            None if is_page => "a web page",
            None => text,
        };
        Self {
            status: 0,
            marks: String::new(),
            message: one_line(message),
            retry_after: None,
            context_window: None,
        }
    }

    /// What it means.
    pub(super) fn kind(&self) -> ErrorKind {
        let says = |words: &[&str]| words.iter().any(|word| self.says(word));
        match self.status {
            401 => ErrorKind::Unauthorized,
            402 => ErrorKind::Exhausted,
            403 => ErrorKind::Forbidden,
            _ if says(&QUOTA) => ErrorKind::Exhausted,
            // More than a whole minute's allowance in one request: no wait makes it fit.
            429 if says(&["request too large"]) => ErrorKind::TooLarge,
            429 => ErrorKind::RateLimited,
            413 => ErrorKind::TooLarge,
            // llama.cpp before 2025 has 500 for a prompt that is too long.
            0 | 400 | 422 | 500 if says(&TOO_LONG) => ErrorKind::TooLarge,
            404 => ErrorKind::NotFound,
            400 | 422 if says(&["model_not_found", "does not exist"]) => ErrorKind::NotFound,
            408 | 504 | 524 => ErrorKind::Timeout,
            0 if says(&["does not exist", "not found"]) => ErrorKind::NotFound,
            0 if says(&["rate_limit"]) => ErrorKind::RateLimited,
            0 | 409 | 425 | 500.. => ErrorKind::Unavailable,
            200..400 => ErrorKind::Protocol,
            _ => ErrorKind::Invalid,
        }
    }

    /// Whether the server would not take the prompt for what is in it.
    #[cfg(feature = "llm-openai")]
    pub(super) fn is_filtered(&self) -> bool {
        matches!(self.status, 0 | 400 | 403 | 422)
            && [
                "content_filter",
                "content_policy",
                "responsibleaipolicyviolation",
            ]
            .iter()
            .any(|word| self.says(word))
    }

    /// Whether it holds this word, in lower case, in its marks or its text.
    pub(super) fn says(&self, word: &str) -> bool {
        self.marks.contains(word) || self.message.to_lowercase().contains(word)
    }

    /// The fault, as a sentence that says what to do.
    pub(super) fn fault(&self, asked: &Asked<'_>) -> Error {
        let Asked {
            model,
            host,
            key,
            get_model,
            ..
        } = *asked;
        let kind = self.kind();
        let why = match kind {
            ErrorKind::Unauthorized => {
                format!("{host} does not accept the key{self}; set a valid one ({key})")
            }
            ErrorKind::Forbidden => {
                format!("{host} does not allow it{self}; use a key that may, or another model")
            }
            ErrorKind::NotFound => format!("{host} does not have it{self}; {get_model}"),
            ErrorKind::RateLimited => {
                format!("{host} takes no more requests for now{self}; try again later")
            }
            ErrorKind::Exhausted => {
                format!("the allowance at {host} is used up{self}; top it up, or use another model")
            }
            ErrorKind::TooLarge => format!(
                "{host} takes no prompt of this length{self}; \
                 lower analysis.token_budget, or use a model with a larger context window"
            ),
            ErrorKind::Timeout => format!("{host} gave up waiting for it{self}; try again later"),
            ErrorKind::Unavailable => format!("{host} failed{self}; try again later"),
            ErrorKind::Protocol => {
                format!("{host} does not speak its API{self}; check the address")
            }
            _ => format!("{host} refused the request{self}; check the model and the address"),
        };
        let message = format!("could not ask `{model}` because {why}");
        let error = Error::new(kind, asked.adapter, asked.operation, message);
        match self.retry_after {
            Some(wait) if kind.is_transient() => error.with_retry_after(wait),
            _ => error,
        }
    }
}

/// Reads on after a clause: ` (HTTP 503: "overloaded")`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status, self.message.as_str()) {
            (0, "") => Ok(()),
            (0, message) => write!(f, " (\"{message}\")"),
            (status, "") => write!(f, " (HTTP {status})"),
            (status, message) => write!(f, " (HTTP {status}: \"{message}\")"),
        }
    }
}

impl std::error::Error for Refusal {}

/// What tells an account that is empty from one that is busy.
const QUOTA: [&str; 5] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "insufficient_credits",
    "credit balance",
];

/// What tells that a prompt was too long.
const TOO_LONG: [&str; 9] = [
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "exceeds the context",
    "exceeds the available context",
    "prompt is too long",
    "exceed context window",
    "exceeds the maximum number of tokens",
    "reduce the length",
];

/// The window in «This model's maximum context length is 4097 tokens.»
fn named_window(message: &str) -> Option<u32> {
    let (_, rest) = message.split_once("maximum context length is ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|it| *it > 0)
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|it| !it.is_empty())
        .collect();
    words.join(" ").chars().take(MOST_TOLD).collect()
}

/// `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), which is held
/// against the `Date` of the same answer. What is no wait is none; what is too long is capped.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|it| it.to_str().ok())
            .map(str::trim)
    };
    let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|it| *it >= 0.0);
    let seconds = number("retry-after-ms").map(|it| it / 1000.0);
    let seconds = seconds.or_else(|| number("retry-after"));
    let wait = if let Some(seconds) = seconds {
        Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_WAIT)
    } else {
        let until = httpdate::parse_http_date(text("retry-after")?).ok()?;
        let now = httpdate::parse_http_date(text("date")?).ok()?;
        until.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(LONGEST_WAIT))
}
