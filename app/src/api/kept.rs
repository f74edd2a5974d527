//! Answers that are asked for again before anything has changed: they are not made anew.
//!
//! What a token is told at one of these addresses follows from the store alone. So an answer is
//! good until something is written through this process, which the store counts; and for a quarter
//! of a second at most, since other processes may write to the same store. A moment before that is
//! over, one of those who ask makes it anew, while the others are still given the one that is kept:
//! else all of them would make it at once.

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

use super::origin::WORKSPACE;

/// The addresses, as the OpenAPI document spells them. None looks at a header beside those that a
/// [`Question`] is made of.
const ADDRESSES: [&str; 5] = [
    "/api/v1/auth/me",
    "/api/v1/issues/processed",
    "/api/v1/issues/processed/{id}",
    "/api/v1/analyses",
    "/api/v1/analyses/{id}",
];
/// How long an answer is good while only other processes may have changed what it tells.
const GOOD_FOR: Duration = Duration::from_millis(250);
/// When it begins to be made anew.
const OLD_AFTER: Duration = Duration::from_millis(200);
/// How much is kept at most, in bytes of bodies.
const ROOM: usize = 8 * 1024 * 1024;
/// How many answers are kept at most.
const ANSWERS: usize = 1024;

/// The answers that are good.
#[derive(Debug)]
pub(super) struct Kept {
    changes: Arc<dyn Changes>,
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
    /// Whether somebody makes it anew.
    is_renewed: bool,
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
    pub(super) fn new(changes: Arc<dyn Changes>) -> Self {
        Self {
            changes,
            answers: Mutex::default(),
        }
    }

    /// What is asked; `None` where it is no such address, or no token says who asks.
    pub(super) fn question(&self, request: &Request) -> Option<Question> {
        if !is_one(request.uri().path()) {
            return None;
        }
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

    /// The answer that is still good; `None` where it is to be made.
    pub(super) fn answer(&self, question: &Question) -> Option<Response> {
        let mut answers = self.locked();
        let answer = answers.find(&question.digest, question.asked)?;
        let mut response = Response::default();
        response.headers_mut().clone_from(&answer.headers);
        response.set_body(answer.body.clone());
        response.set_data(answer.route.clone());
        Some(response)
    }

    /// Keeps an answer.
    pub(super) async fn keep(&self, question: Question, response: &mut Response) -> Result<()> {
        let Some(route) = response.data::<PathPattern>().cloned() else {
            return Ok(());
        };
        let body = response.take_body().into_bytes().await?;
        response.set_body(body.clone());
        let answer = Answer {
            asked: question.asked,
            headers: response.headers().clone(),
            body,
            route,
            is_renewed: false,
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

/// Whether a path is one of the addresses.
fn is_one(path: &str) -> bool {
    let matches = |address: &&str| match address.strip_suffix("{id}") {
        Some(folder) => path
            .strip_prefix(folder)
            .is_some_and(|id| !id.contains('/')),
        None => path == *address,
    };
    ADDRESSES.iter().any(matches)
}

impl Answer {
    /// Whether nothing can have changed since it was asked for.
    fn is_good(&self, now: Moment) -> bool {
        self.asked.written == now.written && now.at.duration_since(self.asked.at) < GOOD_FOR
    }
}

impl Answers {
    /// One that is good, unless whoever asks is to make it anew.
    fn find(&mut self, question: &[u8; 32], now: Moment) -> Option<&Answer> {
        let answer = self.by_question.get_mut(question)?;
        let is_old = now.at.duration_since(answer.asked.at) >= OLD_AFTER;
        if !answer.is_good(now) || (is_old && !answer.is_renewed) {
            answer.is_renewed = true;
            return None;
        }
        Some(answer)
    }

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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn answer(body: &'static [u8], asked: Moment) -> Answer {
        Answer {
            asked,
            headers: HeaderMap::new(),
            body: body.into(),
            route: PathPattern("/a".into()),
            is_renewed: false,
        }
    }

    fn at(begin: Instant, milliseconds: u64, written: u64) -> Moment {
        let at = begin + Duration::from_millis(milliseconds);
        Moment { at, written }
    }

    #[test]
    fn nothing_but_the_address_and_who_asks_makes_a_difference() {
        let document = include_str!("../../../config/openapi.json");
        let document: Value = serde_json::from_str(document).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let kept = paths
            .keys()
            .filter(|path| is_one(path.trim_end_matches('/')));
        assert_eq!(kept.count(), ADDRESSES.len());
        for address in ADDRESSES {
            let spelled = [address.to_owned(), format!("{address}/")];
            let path = spelled.iter().find_map(|it| paths.get(it)).unwrap();
            let get = &path["get"];
            assert!(get.is_object(), "{address}");
            let mut parameters = get["parameters"].as_array().into_iter().flatten();
            let of_the_address = |it: &Value| it["in"] == "path" || it["in"] == "query";
            assert!(parameters.all(of_the_address), "{address}");
        }
    }

    #[test]
    fn an_answer_is_good_until_something_is_written_or_a_moment_is_over() {
        let begin = Instant::now();
        let mut answers = Answers::default();
        answers.add([1; 32], answer(b"one", at(begin, 0, 7)), at(begin, 5, 7));
        assert!(answers.find(&[1; 32], at(begin, 100, 7)).is_some());
        assert!(answers.find(&[2; 32], at(begin, 100, 7)).is_none());
        assert!(answers.find(&[1; 32], at(begin, 100, 8)).is_none());
        answers.add([3; 32], answer(b"late", at(begin, 0, 7)), at(begin, 5, 8));
        assert!(answers.find(&[3; 32], at(begin, 5, 7)).is_none());
    }

    #[test]
    fn one_of_those_who_ask_makes_an_old_answer_anew() {
        let begin = Instant::now();
        let mut answers = Answers::default();
        answers.add([1; 32], answer(b"one", at(begin, 0, 7)), at(begin, 5, 7));
        assert!(answers.find(&[1; 32], at(begin, 210, 7)).is_none());
        assert!(answers.find(&[1; 32], at(begin, 211, 7)).is_some());
        assert!(answers.find(&[1; 32], at(begin, 250, 7)).is_none());
        answers.add(
            [1; 32],
            answer(b"anew", at(begin, 210, 7)),
            at(begin, 251, 7),
        );
        let anew = answers.find(&[1; 32], at(begin, 252, 7));
        assert_eq!(anew.map(|it| &*it.body), Some(&b"anew"[..]));
        assert_eq!(answers.size, 4);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        static LARGE: [u8; ROOM / 2] = [0; ROOM / 2];
        let begin = Instant::now();
        let mut answers = Answers::default();
        for number in 0..3 {
            let large = answer(&LARGE, at(begin, 0, 7));
            answers.add([number; 32], large, at(begin, 1, 7));
        }
        assert_eq!((answers.by_question.len(), answers.size), (2, ROOM));
        // What is good no more makes room.
        answers.add([9; 32], answer(b"one", at(begin, 2, 8)), at(begin, 3, 8));
        assert_eq!((answers.by_question.len(), answers.size), (1, 3));
    }
}
