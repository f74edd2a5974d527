//! Remembering which requests were made, so that a repeated one is not carried out twice.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{
    Result,
    domain::{Sealed, Timestamp},
};

/// What became of a key that a request bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Nobody has used it: it is now taken by this request, which is to be carried out.
    Taken,
    /// The same request is being carried out.
    Busy,
    /// Another request has it.
    Different,
    /// The same request was carried out and answered so.
    Answered(Sealed),
}

/// A request that bears a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// Whose key it is and which, as a digest.
    pub key: String,
    /// What is asked, as a digest.
    pub request: String,
    /// Who carries it out: a value no other request ever has.
    pub token: String,
}

/// Remembers the keys of requests and how those were answered.
///
/// # Behaviour
/// - a new key is taken by the first request that bears it
/// - a key under way is busy for the same request and different for another
/// - of many simultaneous requests with one key one takes it and the others find it busy
/// - a kept answer is given to the same request and to no other
/// - a released key can be taken again
/// - a key whose time is over can be taken again
/// - who no longer has a key can neither keep an answer nor release it
#[async_trait]
pub trait IdempotencyKeys: Send + Sync + Debug + 'static {
    /// Takes the key for `request` until `until`, or tells who has it. Forgets the keys whose time
    /// is over by `now`.
    async fn take(
        &self,
        request: &KeyedRequest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState>;

    /// Keeps the answer of a request that has its key, until `until`; `false` when it has it no longer.
    async fn keep(&self, request: &KeyedRequest, answer: &Sealed, until: Timestamp)
    -> Result<bool>;

    /// Gives the key of a request free that was not carried out; nothing happens when it no longer has it.
    async fn release(&self, request: &KeyedRequest) -> Result<()>;
}
