//! A circuit breaker over a model: one that has failed often in a row is left alone for a while,
//! so that a server that is down costs nobody a time-out and is not kept down by us.
//!
//! Only what says that the server itself is in trouble counts: unreachable, failing, too late. When
//! the rest is over, one request goes through; as that ends, the circuit closes or opens again.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::Timestamp,
    ports::{
        Clock, Completion, Llm, LlmKind, LlmRequest, LlmSettings, ModelProfile, OfferedModel,
        ProgressSink, PullProgress,
    },
};

/// The target of the events that say that a circuit opened or closed, with the model and `open`.
pub const BREAKER: &str = "explainer::breaker";

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRules {
    /// After so many failures in a row, at least 1.
    pub failures: u32,
    /// How long the model is left alone.
    pub rest: Duration,
}

/// A model with a circuit breaker.
#[derive(Debug)]
pub struct Breaker {
    llm: Arc<dyn Llm>,
    rules: BreakerRules,
    clock: Arc<dyn Clock>,
    circuit: Mutex<Circuit>,
}

#[derive(Debug, Default)]
struct Circuit {
    failures: u32,
    /// Until when nothing is let through.
    open_until: Option<Timestamp>,
}

impl Breaker {
    /// A breaker over `llm`, closed.
    pub fn new(llm: Arc<dyn Llm>, rules: BreakerRules, clock: Arc<dyn Clock>) -> Self {
        let circuit = Mutex::default();
        Self {
            llm,
            rules,
            clock,
            circuit,
        }
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a request through, or says how long to wait.
    fn enter(&self) -> Result<()> {
        let now = self.clock.now();
        let mut circuit = self.circuit();
        match circuit.open_until {
            Some(until) if now < until => {
                let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
                Err(self.resting(left))
            }
            Some(_) => {
                // this one tries; the others wait for how that ends
                circuit.open_until = Some(now + self.rules.rest);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn resting(&self, left: Duration) -> Error {
        let ModelProfile { kind, model, .. } = self.llm.profile();
        let message = format!(
            "could not ask {kind}/{model} because it failed {} times in a row and is left alone \
             for now; wait, and look after its server",
            self.rules.failures
        );
        Error::new(ErrorKind::Unavailable, "breaker", "complete", message).with_retry_after(left)
    }

    fn note(&self, failed: bool) {
        let mut circuit = self.circuit();
        let was_open = circuit.open_until.is_some();
        if failed {
            circuit.failures = circuit.failures.saturating_add(1);
            if circuit.failures >= self.rules.failures {
                circuit.open_until = Some(self.clock.now() + self.rules.rest);
            }
        } else {
            *circuit = Circuit::default();
        }
        let open = circuit.open_until.is_some();
        drop(circuit);
        if open != was_open {
            let ModelProfile { kind, model, .. } = self.llm.profile();
            tracing::warn!(target: BREAKER, kind, model, open, "a model is left alone, or asked again");
        }
    }
}

#[async_trait]
impl Llm for Breaker {
    fn profile(&self) -> ModelProfile {
        self.llm.profile()
    }

    async fn complete(
        &self,
        request: &LlmRequest,
        progress: &dyn ProgressSink,
    ) -> Result<Completion> {
        self.enter()?;
        let ended = self.llm.complete(request, progress).await;
        let in_trouble =
            |error: &Error| matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout);
        self.note(ended.as_ref().is_err_and(in_trouble));
        ended
    }

    async fn check(&self) -> Result<()> {
        self.llm.check().await
    }
}

/// A backend whose models have circuit breakers.
#[derive(Debug)]
pub struct BreakerKind {
    kind: Arc<dyn LlmKind>,
    rules: BreakerRules,
    clock: Arc<dyn Clock>,
}

impl BreakerKind {
    /// Puts a breaker over every model of `kind`.
    pub fn new(kind: Arc<dyn LlmKind>, rules: BreakerRules, clock: Arc<dyn Clock>) -> Self {
        Self { kind, rules, clock }
    }
}

#[async_trait]
impl LlmKind for BreakerKind {
    fn name(&self) -> &str {
        self.kind.name()
    }

    fn is_ready(&self, settings: &LlmSettings) -> bool {
        self.kind.is_ready(settings)
    }

    fn open(&self, settings: &LlmSettings) -> Result<Arc<dyn Llm>> {
        let llm = self.kind.open(settings)?;
        Ok(Arc::new(Breaker::new(llm, self.rules, self.clock.clone())))
    }

    async fn models(&self, settings: &LlmSettings) -> Result<Vec<OfferedModel>> {
        self.kind.models(settings).await
    }

    async fn pull(
        &self,
        settings: &LlmSettings,
        model: &str,
        progress: &dyn PullProgress,
    ) -> Result<()> {
        self.kind.pull(settings, model, progress).await
    }
}

#[cfg(test)]
mod tests {
    use explainer_core::testkit::{
        conformance::llm::ANSWER,
        fakes::{FakeLlm, FixedClock, Heard},
    };
    use futures::executor::block_on;

    use super::*;

    const RULES: BreakerRules = BreakerRules {
        failures: 2,
        rest: Duration::from_secs(30),
    };

    fn breaker() -> (Arc<FakeLlm>, FixedClock, Breaker) {
        let (llm, clock) = (Arc::new(FakeLlm::default()), FixedClock::default());
        let breaker = Breaker::new(llm.clone(), RULES, Arc::new(clock.clone()));
        (llm, clock, breaker)
    }

    fn ask(breaker: &Breaker) -> Result<Completion> {
        let request = LlmRequest {
            system: String::new(),
            user: String::new(),
            schema: explainer_core::ports::Schema::new(&serde_json::Value::Null),
            max_output_tokens: 10,
            prompt_tokens: 10,
            timeout: Duration::from_secs(1),
        };
        block_on(breaker.complete(&request, &Heard::default()))
    }

    #[test]
    fn a_model_that_failed_often_in_a_row_is_left_alone_and_tried_again_by_one() {
        let (llm, clock, breaker) = breaker();
        llm.fail(ErrorKind::Unavailable);
        llm.fail(ErrorKind::Timeout);
        assert_eq!(ask(&breaker).unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(ask(&breaker).unwrap_err().kind(), ErrorKind::Timeout);
        clock.advance(Duration::from_secs(10));
        let resting = ask(&breaker).unwrap_err();
        assert_eq!(resting.kind(), ErrorKind::Unavailable);
        assert_eq!(resting.retry_after(), Some(Duration::from_secs(20)));
        assert_eq!(llm.requests().len(), 2, "it was asked while it rested");

        clock.advance(Duration::from_secs(20));
        llm.fail(ErrorKind::Unavailable);
        assert_eq!(ask(&breaker).unwrap_err().retry_after(), None);
        assert_eq!(
            ask(&breaker).unwrap_err().retry_after(),
            Some(RULES.rest),
            "the failed try begins another rest"
        );

        clock.advance(RULES.rest);
        llm.answer(ANSWER);
        llm.fail(ErrorKind::Unavailable);
        llm.answer(ANSWER);
        assert!(ask(&breaker).is_ok());
        assert!(ask(&breaker).is_err());
        assert!(ask(&breaker).is_ok(), "one failure alone opens nothing");
    }

    #[test]
    fn what_is_wrong_with_the_request_opens_nothing() {
        let (llm, _, breaker) = breaker();
        for kind in [
            ErrorKind::Unauthorized,
            ErrorKind::RateLimited,
            ErrorKind::Invalid,
            ErrorKind::Protocol,
        ] {
            llm.fail(kind);
            assert_eq!(ask(&breaker).unwrap_err().kind(), kind);
        }
        llm.answer(ANSWER);
        assert!(ask(&breaker).is_ok());
    }
}
