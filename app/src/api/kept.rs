//! Answers that are asked for again before anything has changed: they are not made anew.
//!
//! What a token is told at one of these addresses follows from the store alone. So an answer is
//! good until something is written through this process, which the store counts; and for a tenth
//! of a second at most, since other processes may write to the same store.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use explainer_core::ports::Changes;
use poem::{
    PathPattern, Request, Response, Result,
    http::{HeaderMap, HeaderValue, header},
};
use sha2::{Digest, Sha256};

use super::{Shared, origin::WORKSPACE};

/// The addresses, as the OpenAPI document spells them.
const ADDRESSES: [&str; 5] = [
    "/api/v1/auth/me",
    "/api/v1/issues/processed",
    "/api/v1/issues/processed/{id}",
    "/api/v1/analyses",
    "/api/v1/analyses/{id}",
];
/// How long an answer is good while only other processes may have changed what it tells.
const GOOD_FOR: Duration = Duration::from_millis(100);
/// How much is kept at most, in bytes of bodies.
const ROOM: usize = 8 * 1024 * 1024;
/// How many answers are kept at most.
const ANSWERS: usize = 1024;

/// The answers that are good.
#[derive(Debug)]
pub(super) struct Kept {
    changes: Arc<dyn Changes>,
    shared: Arc<Shared>,
    answers: Mutex<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    by_question: HashMap<[u8; 32], Answer>,
    /// The bytes of their bodies.
    size: usize,
}

#[derive(Debug)]
struct Answer {
    asked: Moment,
    headers: HeaderMap,
    body: bytes::Bytes,
    route: PathPattern,
}

/// When a question was asked, and how much had been written by then.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Instant,
    written: u64,
}

/// Who asks what: a digest, so that no token is kept.
#[derive(Debug)]
pub(super) struct Question {
    digest: [u8; 32],
    asked: Moment,
}

impl Kept {
    /// None yet. `changes` counts what is written to the store that answers are made from.
    pub(super) fn new(changes: Arc<dyn Changes>, shared: Arc<Shared>) -> Self {
        Self {
            changes,
            shared,
            answers: Mutex::default(),
        }
    }

    /// What is asked; `None` where no token says who asks.
    pub(super) fn question(&self, request: &Request) -> Option<Question> {
        let token = request.headers().get(header::AUTHORIZATION)?;
        let workspace = request.headers().get(WORKSPACE);
        let mut digest = Sha256::new();
        digest.update(token.as_bytes());
        // No header holds the end of a line.
        digest.update(b"\n");
        digest.update(workspace.map_or(&b""[..], HeaderValue::as_bytes));
        digest.update(b"\n");
        digest.update(request.uri().path_and_query()?.as_str());
        Some(Question {
            digest: digest.finalize().into(),
            asked: self.now(),
        })
    }

    /// The answer that is still good.
    pub(super) fn answer(&self, question: &Question) -> Option<Response> {
        let answers = self.locked();
        let answer = answers.by_question.get(&question.digest)?;
        if !answer.is_good(question.asked) {
            return None;
        }
        let mut response = Response::default();
        response.headers_mut().clone_from(&answer.headers);
        response.set_body(answer.body.clone());
        response.set_data(answer.route.clone());
        Some(response)
    }

    /// Keeps an answer, if it is one that follows from the store alone.
    pub(super) async fn keep(&self, question: Question, response: &mut Response) -> Result<()> {
        let Some(route) = response.data::<PathPattern>().cloned() else {
            return Ok(());
        };
        let name = self.shared.names.name(Some(&route));
        if !ADDRESSES.contains(&&*name.0) {
            return Ok(());
        }
        let body = response.take_body().into_bytes().await?;
        response.set_body(body.clone());
        let answer = Answer {
            asked: question.asked,
            headers: response.headers().clone(),
            body,
            route,
        };
        let now = self.now();
        self.locked().add(question.digest, answer, now);
        Ok(())
    }

    fn now(&self) -> Moment {
        Moment {
            at: Instant::now(),
            written: self.changes.written(),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    /// Whether nothing can have changed since it was asked for.
    fn is_good(&self, now: Moment) -> bool {
        self.asked.written == now.written && now.at.duration_since(self.asked.at) < GOOD_FOR
    }
}

impl Answers {
    /// Adds one, if it is good and there is room for it.
    fn add(&mut self, question: [u8; 32], answer: Answer, now: Moment) {
        if !answer.is_good(now) {
            return;
        }
        let size = answer.body.len();
        if self.is_full(size) {
            self.by_question.retain(|_, kept| kept.is_good(now));
            self.size = self.by_question.values().map(|it| it.body.len()).sum();
        }
        if self.is_full(size) {
            return;
        }
        self.size += size;
        if let Some(former) = self.by_question.insert(question, answer) {
            self.size -= former.body.len();
        }
    }

    fn is_full(&self, more: usize) -> bool {
        self.size + more > ROOM || self.by_question.len() >= ANSWERS
    }
}
