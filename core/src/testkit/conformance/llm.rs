//! The suite of [`Llm`].

use std::{fmt, sync::Arc, time::Duration};

use serde_json::json;

use super::{Case, Stop, Verdict};
use crate::{
    Error, ErrorKind, Result, cases, ensure,
    ports::{Completion, FinishReason, Llm, LlmRequest, Schema, TokenUsage},
    testkit::fakes::Heard,
};

/// A model and whoever moves the server behind it.
pub struct LlmSetup {
    /// The model held to its promises.
    pub llm: Arc<dyn Llm>,
    /// Has the server do this from now on; `false` where such a server never does.
    pub stage: Box<dyn Fn(Scene) -> bool + Send + Sync>,
}

impl fmt::Debug for LlmSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.llm.fmt(f)
    }
}

/// What the server does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Answers [`ANSWER`] and has used [`USED`].
    Answers,
    /// Answers [`ANSWER`], cut by the length limit.
    CutByLength,
    /// Declines with [`REFUSAL`].
    Refuses,
    /// Answers [`ANSWER`], stopped by a content filter.
    Filters,
    /// Answers [`ANSWER`], ended because of «wind».
    EndsForAnUnknownReason,
    /// Answers nothing at all.
    AnswersNothing,
    /// Does not know the credentials.
    KnowsNoCredentials,
    /// Does not have the model.
    KnowsNoModel,
    /// Has too much to do, and says to come back in 7 seconds.
    Throttles,
    /// Wants to be paid first.
    WantsMoney,
    /// Finds the prompt too long.
    FindsPromptTooLong,
    /// Is not there.
    IsGone,
    /// Has an error of its own.
    Fails,
    /// Breaks off after two pieces of an answer.
    BreaksOff,
    /// Answers something that is not its protocol.
    Babbles,
    /// Answers without end.
    NeverEnds,
    /// Takes the question and says nothing.
    SaysNothing,
}

/// What the server answers: more than ASCII, and in more than one piece.
pub const ANSWER: &str = "{\"summary\": \"Zwölf Boxkämpfer – 日本語 🦀\"}";
/// What the server says when it declines.
pub const REFUSAL: &str = "I cannot help with that.";
/// What the server says it used.
pub const USED: TokenUsage = TokenUsage {
    input: 57,
    cached: 0,
    output: 17,
};
/// How long a server that throttles asks us to wait.
pub const WAIT: Duration = Duration::from_secs(7);

/// Every promise of [`Llm`].
pub const CASES: &[Case<LlmSetup>] = cases![LlmSetup;
    "the profile names the model and its context window" =>
        the_profile_names_the_model_and_its_context_window,
    "a completion carries the text, why it ended and what it used" =>
        a_completion_carries_the_text_why_it_ended_and_what_it_used,
    "progress is told from when the answer begins, and what it used before the answer is given" =>
        progress_is_told_from_when_the_answer_begins_and_what_it_used_before_the_answer_is_given,
    "an answer cut by the length limit says so" => an_answer_cut_by_the_length_limit_says_so,
    "a refusal says so and carries what was said" => a_refusal_says_so_and_carries_what_was_said,
    "an answer stopped by a content filter says so" =>
        an_answer_stopped_by_a_content_filter_says_so,
    "an answer that ended for an unknown reason carries the server's word for it" =>
        an_answer_that_ended_for_an_unknown_reason_carries_the_server_s_word_for_it,
    "an empty answer is a completion without text" => an_empty_answer_is_a_completion_without_text,
    "wrong credentials are unauthorized" => wrong_credentials_are_unauthorized,
    "an unknown model is not found" => an_unknown_model_is_not_found,
    "a throttled request is rate limited and says how long to wait where the server did" =>
        a_throttled_request_is_rate_limited_and_says_how_long_to_wait_where_the_server_did,
    "an allowance that is used up is exhausted, not rate limited" =>
        an_allowance_that_is_used_up_is_exhausted_not_rate_limited,
    "a prompt that is too long is too large" => a_prompt_that_is_too_long_is_too_large,
    "a server that cannot be reached is unavailable" =>
        a_server_that_cannot_be_reached_is_unavailable,
    "a server that fails is unavailable" => a_server_that_fails_is_unavailable,
    "an answer that breaks off is unavailable, and progress has told how much there was" =>
        an_answer_that_breaks_off_is_unavailable_and_progress_has_told_how_much_there_was,
    "an answer that is not the protocol is a protocol error" =>
        an_answer_that_is_not_the_protocol_is_a_protocol_error,
    "an answer without end is a protocol error" => an_answer_without_end_is_a_protocol_error,
    "an answer that does not come in time is a timeout" =>
        an_answer_that_does_not_come_in_time_is_a_timeout,
    "check says that the server answers and has the model" =>
        check_says_that_the_server_answers_and_has_the_model,
];

impl LlmSetup {
    fn stage(&self, scene: Scene) -> Verdict {
        if (self.stage)(scene) {
            return Ok(());
        }
        Err(Stop::Skipped(format!("no such server {scene:?}")))
    }

    async fn ask(&self, scene: Scene) -> Result<(Result<Completion>, Heard), Stop> {
        self.stage(scene)?;
        let heard = Heard::default();
        let completion = self.llm.complete(&request(), &heard).await;
        Ok((completion, heard))
    }

    async fn answer(&self, scene: Scene) -> Result<Completion, Stop> {
        Ok(self.ask(scene).await?.0?)
    }

    async fn fault(&self, scene: Scene, kind: ErrorKind) -> Result<Error, Stop> {
        match self.ask(scene).await?.0 {
            Err(error) if error.kind() == kind => Ok(error),
            other => Err(Stop::Failed(format!("{scene:?} gave {other:?}"))),
        }
    }
}

fn request() -> LlmRequest {
    LlmRequest {
        system: "You explain errors.".to_owned(),
        user: "KeyError: 'sku'".to_owned(),
        schema: Schema::new(&json!({
            "type": "object", "additionalProperties": false, "required": ["summary"],
            "properties": {"summary": {"type": "string"}},
        })),
        max_output_tokens: 200,
        prompt_tokens: 60,
        timeout: Duration::from_secs(2),
    }
}

async fn the_profile_names_the_model_and_its_context_window(setup: &LlmSetup) -> Verdict {
    let profile = setup.llm.profile();
    ensure!(
        !profile.kind.is_empty() && !profile.model.is_empty() && profile.context_window > 0,
        "{profile:?}"
    );
    Ok(())
}

async fn a_completion_carries_the_text_why_it_ended_and_what_it_used(setup: &LlmSetup) -> Verdict {
    let completion = setup.answer(Scene::Answers).await?;
    ensure!(completion.text == ANSWER, "{completion:?}");
    ensure!(completion.finish == FinishReason::Stop, "{completion:?}");
    ensure!(completion.usage == USED, "{completion:?}");
    ensure!(!completion.model.is_empty(), "{completion:?}");
    Ok(())
}

async fn progress_is_told_from_when_the_answer_begins_and_what_it_used_before_the_answer_is_given(
    setup: &LlmSetup,
) -> Verdict {
    let (completion, heard) = setup.ask(Scene::Answers).await?;
    completion?;
    let tokens = heard.tokens();
    ensure!(tokens.first() == Some(&0), "{tokens:?}");
    ensure!(tokens.len() > 2 && tokens.is_sorted(), "{tokens:?}");
    ensure!(heard.used() == Some(USED), "{:?}", heard.used());
    Ok(())
}

async fn an_answer_cut_by_the_length_limit_says_so(setup: &LlmSetup) -> Verdict {
    let completion = setup.answer(Scene::CutByLength).await?;
    ensure!(completion.finish == FinishReason::Length, "{completion:?}");
    ensure!(completion.text == ANSWER, "{completion:?}");
    Ok(())
}

async fn a_refusal_says_so_and_carries_what_was_said(setup: &LlmSetup) -> Verdict {
    let completion = setup.answer(Scene::Refuses).await?;
    ensure!(completion.finish == FinishReason::Refusal, "{completion:?}");
    ensure!(completion.text == REFUSAL, "{completion:?}");
    Ok(())
}

async fn an_answer_stopped_by_a_content_filter_says_so(setup: &LlmSetup) -> Verdict {
    let completion = setup.answer(Scene::Filters).await?;
    let filtered = completion.finish == FinishReason::ContentFilter;
    ensure!(filtered, "{completion:?}");
    Ok(())
}

async fn an_answer_that_ended_for_an_unknown_reason_carries_the_server_s_word_for_it(
    setup: &LlmSetup,
) -> Verdict {
    let completion = setup.answer(Scene::EndsForAnUnknownReason).await?;
    let word = FinishReason::Other("wind".to_owned());
    ensure!(completion.finish == word, "{completion:?}");
    ensure!(completion.text == ANSWER, "{completion:?}");
    Ok(())
}

async fn an_empty_answer_is_a_completion_without_text(setup: &LlmSetup) -> Verdict {
    let completion = setup.answer(Scene::AnswersNothing).await?;
    ensure!(completion.text.is_empty(), "{completion:?}");
    ensure!(completion.finish == FinishReason::Stop, "{completion:?}");
    Ok(())
}

async fn wrong_credentials_are_unauthorized(setup: &LlmSetup) -> Verdict {
    let kind = ErrorKind::Unauthorized;
    setup.fault(Scene::KnowsNoCredentials, kind).await?;
    Ok(())
}

async fn an_unknown_model_is_not_found(setup: &LlmSetup) -> Verdict {
    let error = setup
        .fault(Scene::KnowsNoModel, ErrorKind::NotFound)
        .await?;
    let named = error.message().contains(&setup.llm.profile().model);
    ensure!(named, "it does not name the model: {error}");
    Ok(())
}

async fn a_throttled_request_is_rate_limited_and_says_how_long_to_wait_where_the_server_did(
    setup: &LlmSetup,
) -> Verdict {
    let error = setup
        .fault(Scene::Throttles, ErrorKind::RateLimited)
        .await?;
    ensure!(error.retry_after() == Some(WAIT), "{error:?}");
    Ok(())
}

async fn an_allowance_that_is_used_up_is_exhausted_not_rate_limited(setup: &LlmSetup) -> Verdict {
    setup.fault(Scene::WantsMoney, ErrorKind::Exhausted).await?;
    Ok(())
}

async fn a_prompt_that_is_too_long_is_too_large(setup: &LlmSetup) -> Verdict {
    let kind = ErrorKind::TooLarge;
    setup.fault(Scene::FindsPromptTooLong, kind).await?;
    Ok(())
}

async fn a_server_that_cannot_be_reached_is_unavailable(setup: &LlmSetup) -> Verdict {
    let (completion, heard) = setup.ask(Scene::IsGone).await?;
    let error = completion.err();
    ensure!(
        error.as_ref().map(Error::kind) == Some(ErrorKind::Unavailable),
        "{error:?}"
    );
    ensure!(heard.tokens().is_empty(), "{heard:?}");
    Ok(())
}

async fn a_server_that_fails_is_unavailable(setup: &LlmSetup) -> Verdict {
    setup.fault(Scene::Fails, ErrorKind::Unavailable).await?;
    Ok(())
}

async fn an_answer_that_breaks_off_is_unavailable_and_progress_has_told_how_much_there_was(
    setup: &LlmSetup,
) -> Verdict {
    let (completion, heard) = setup.ask(Scene::BreaksOff).await?;
    let kind = completion.as_ref().err().map(Error::kind);
    ensure!(kind == Some(ErrorKind::Unavailable), "{completion:?}");
    ensure!(heard.tokens().last() == Some(&2), "{heard:?}");
    Ok(())
}

async fn an_answer_that_is_not_the_protocol_is_a_protocol_error(setup: &LlmSetup) -> Verdict {
    setup.fault(Scene::Babbles, ErrorKind::Protocol).await?;
    Ok(())
}

async fn an_answer_without_end_is_a_protocol_error(setup: &LlmSetup) -> Verdict {
    setup.fault(Scene::NeverEnds, ErrorKind::Protocol).await?;
    Ok(())
}

async fn an_answer_that_does_not_come_in_time_is_a_timeout(setup: &LlmSetup) -> Verdict {
    setup.fault(Scene::SaysNothing, ErrorKind::Timeout).await?;
    Ok(())
}

async fn check_says_that_the_server_answers_and_has_the_model(setup: &LlmSetup) -> Verdict {
    setup.stage(Scene::Answers)?;
    setup.llm.check().await?;
    for (scene, kind) in [
        (Scene::KnowsNoModel, ErrorKind::NotFound),
        (Scene::Fails, ErrorKind::Unavailable),
        (Scene::IsGone, ErrorKind::Unavailable),
    ] {
        setup.stage(scene)?;
        let found = setup.llm.check().await.err();
        ensure!(
            found.as_ref().map(Error::kind) == Some(kind),
            "{scene:?} gave {found:?}"
        );
    }
    Ok(())
}
