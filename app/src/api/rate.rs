//! How many requests one token may make in a minute.
//!
//! Counted in this process, by the token as it was sent. What is told to clients is that of
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>, revision 10.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use poem::{
    Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use tokio::time::Instant;

use super::problem::Problem;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");
/// What is counted together.
const WINDOW: Duration = Duration::from_secs(60);
/// How many tokens are counted at the same time.
const TOKENS: usize = 10_000;

/// Counts the requests of each token.
#[derive(Debug)]
pub(super) struct RateLimit {
    /// 0 for no limit.
    limit: u32,
    hasher: RandomState,
    windows: Mutex<HashMap<u64, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    ends: Instant,
    count: u32,
}

/// How a token stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    limit: u32,
    left: u32,
    resets_in: Duration,
    exceeded: bool,
}

impl RateLimit {
    /// So many requests in a minute; 0 for any number.
    pub(super) fn new(limit: u32) -> Self {
        Self {
            limit,
            hasher: RandomState::new(),
            windows: Mutex::default(),
        }
    }

    /// Counts a request; `None` where nothing is counted.
    pub(super) fn count(&self, request: &Request) -> Option<Standing> {
        self.count_at(Instant::now(), request)
    }

    fn count_at(&self, now: Instant, request: &Request) -> Option<Standing> {
        let token = request.headers().get(header::AUTHORIZATION)?;
        (self.limit > 0).then(|| self.count_one(now, self.hasher.hash_one(token.as_bytes())))
    }

    fn count_one(&self, now: Instant, token: u64) -> Standing {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= TOKENS && !windows.contains_key(&token) {
            make_room(&mut windows, now, self.limit / 2);
        }
        let anew = Window {
            ends: now + WINDOW,
            count: 0,
        };
        let window = windows.entry(token).or_insert(anew);
        if window.ends <= now {
            *window = anew;
        }
        window.count = window.count.saturating_add(1);
        Standing {
            limit: self.limit,
            left: self.limit.saturating_sub(window.count),
            resets_in: window.ends - now,
            exceeded: window.count > self.limit,
        }
    }
}

/// Forgets the windows that are over, then those that have not counted much: a flood of made-up
/// tokens must neither take all memory nor free a token that is near its limit.
fn make_room(windows: &mut HashMap<u64, Window>, now: Instant, much: u32) {
    windows.retain(|_, window| window.ends > now);
    if windows.len() >= TOKENS {
        windows.retain(|_, window| window.count > much);
    }
    if windows.len() >= TOKENS {
        windows.clear();
    }
}

impl Standing {
    /// The problem of a request too many.
    pub(super) fn problem(&self) -> Option<Problem> {
        let detail = format!(
            "this token has made its {} requests of a minute; try again once that is over",
            self.limit
        );
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail);
        self.exceeded
            .then(|| problem.with_retry_after(self.resets_in))
    }

    /// Tells the client.
    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        let window = WINDOW.as_secs();
        let policy = format!("\"token\";q={};w={window}", self.limit);
        let resets_in = self.resets_in.as_secs_f64().ceil();
        let standing = format!("\"token\";r={};t={resets_in}", self.left);
        for (name, text) in [(POLICY, policy), (STANDING, standing)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(token: &str) -> Request {
        let request = Request::builder().header(header::AUTHORIZATION, format!("Bearer {token}"));
        request.finish()
    }

    #[test]
    fn each_token_has_its_own_minute() {
        let limit = RateLimit::new(2);
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let left = |seconds, token: &str| {
            let standing = limit.count_at(at(seconds), &request(token)).unwrap();
            (standing.left, standing.exceeded)
        };
        assert_eq!(left(0, "ada"), (1, false));
        assert_eq!(left(20, "ada"), (0, false));
        assert_eq!(left(20, "ada"), (0, true));
        assert_eq!(left(20, "bob"), (1, false));
        let mut headers = HeaderMap::new();
        let standing = limit.count_at(at(20), &request("ada")).unwrap();
        standing.mark(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"token\";q=2;w=60");
        assert_eq!(headers["ratelimit"], "\"token\";r=0;t=40");
        assert!(standing.problem().is_some());
        assert_eq!(left(60, "ada"), (1, false));
    }

    #[test]
    fn what_has_no_token_or_no_limit_is_not_counted() {
        assert_eq!(RateLimit::new(2).count(&Request::default()), None);
        assert_eq!(RateLimit::new(0).count(&request("ada")), None);
    }

    #[test]
    fn a_flood_of_tokens_is_forgotten_before_one_that_is_at_its_limit() {
        let limit = RateLimit::new(4);
        for _ in 0..5 {
            limit.count(&request("ada"));
        }
        for number in 0..TOKENS * 2 {
            limit.count(&request(&number.to_string()));
        }
        assert!(limit.windows.lock().unwrap().len() <= TOKENS);
        assert!(limit.count(&request("ada")).unwrap().exceeded);
    }
}
