//! An answer that comes in, piece by piece, until it is a completion.

use explainer_core::{
    Error, ErrorKind, Result,
    ports::{Completion, FinishReason, LlmRequest, ProgressSink, TokenUsage},
};

/// The longest answer that is taken, in bytes. A specification has a few thousand.
const LONGEST: usize = 1 << 20;

/// What one event of a stream says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// More text.
    pub text: String,
    /// More of what a model says instead of an answer.
    pub refusal: String,
    /// Whether the model thought and did not tell what.
    pub thought: bool,
    /// Why the answer ended, in the server's word.
    pub finish: Option<String>,
    /// What was used so far.
    pub usage: Option<TokenUsage>,
    /// The model that answers.
    pub model: Option<String>,
}

/// As much of an answer as there is.
pub(super) struct Answer<'a> {
    progress: &'a dyn ProgressSink,
    so_far: Piece,
    tokens: u32,
}

impl<'a> Answer<'a> {
    /// The server begins to answer.
    pub(super) fn begin(progress: &'a dyn ProgressSink) -> Self {
        progress.tokens(0);
        Self {
            progress,
            so_far: Piece::default(),
            tokens: 0,
        }
    }

    /// Adds a piece.
    pub(super) fn add(&mut self, piece: Piece, adapter: &'static str) -> Result<()> {
        let so_far = &mut self.so_far;
        if !piece.text.is_empty() || !piece.refusal.is_empty() || piece.thought {
            self.tokens = self.tokens.saturating_add(1);
            self.progress.tokens(self.tokens);
        }
        so_far.text.push_str(&piece.text);
        so_far.refusal.push_str(&piece.refusal);
        so_far.finish = piece.finish.or(so_far.finish.take());
        so_far.model = so_far.model.take().or(piece.model);
        if let Some(usage) = piece.usage {
            self.progress.used(usage);
            so_far.usage = Some(usage);
        }
        if so_far.text.len() + so_far.refusal.len() > LONGEST {
            return Err(endless(adapter));
        }
        Ok(())
    }

    /// Whether the server has said why the answer ended.
    pub(super) fn is_whole(&self) -> bool {
        self.so_far.finish.is_some()
    }

    /// Whether there is any of it.
    #[cfg(feature = "llm-openai")]
    pub(super) fn has_text(&self) -> bool {
        !self.so_far.text.is_empty() || !self.so_far.refusal.is_empty()
    }

    /// The completion, of an answer that has come to its end. Where the server has not told what
    /// it used, that is estimated.
    pub(super) fn end(self, request: &LlmRequest, asked_for: &str) -> Completion {
        let Piece {
            text,
            refusal,
            finish,
            usage,
            model,
            ..
        } = self.so_far;
        let usage = usage.unwrap_or_else(|| {
            // A server that does not stream sends one piece, however long.
            let by_length = u32::try_from(text.len() / 4).unwrap_or(u32::MAX);
            TokenUsage {
                input: request.prompt_tokens,
                cached: 0,
                output: self.tokens.max(by_length),
            }
        });
        let refused = !refusal.is_empty();
        Completion {
            text: if refused {
                refusal
            } else {
                without_thoughts(text)
            },
            finish: if refused {
                FinishReason::Refusal
            } else {
                reason(&finish.unwrap_or_default())
            },
            usage,
            model: model.unwrap_or_else(|| asked_for.to_owned()),
        }
    }
}

/// The text after what a model has thought aloud, as models that reason do where nobody keeps it
/// apart: drafts are no answer.
fn without_thoughts(text: String) -> String {
    let thought = text.trim_start().strip_prefix("<think>");
    match thought.and_then(|rest| rest.split_once("</think>")) {
        Some((_, answer)) => answer.trim_start().to_owned(),
        None => text,
    }
}

fn reason(word: &str) -> FinishReason {
    match word {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Other(word.chars().take(60).collect()),
    }
}

/// The fault of an answer that does not end.
pub(super) fn endless(adapter: &'static str) -> Error {
    let message = "could not take the answer because it is longer than any specification; \
                   choose a model that keeps to the limit it is given";
    Error::new(ErrorKind::Protocol, adapter, "complete", message)
}

/// The fault of an answer that broke off.
pub(super) fn cut_off(host: &str, adapter: &'static str) -> Error {
    let message = format!(
        "could not take the answer because {host} broke off in the middle of it; try again later"
    );
    Error::new(ErrorKind::Unavailable, adapter, "complete", message)
}
