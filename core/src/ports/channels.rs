//! The ways out for notifications: mail, and requests to programs.

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

use crate::{
    Result,
    domain::{SecretString, Timestamp},
};

/// A mail to one mailbox. None of its texts holds a line of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What its `Message-ID` is made of: the same however often it is sent.
    pub id: String,
    /// When what it tells of happened.
    pub at: Timestamp,
    /// The mailbox.
    pub to: String,
    /// One line.
    pub subject: String,
    /// What it says.
    pub plain: String,
    /// The same as a page.
    pub html: String,
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync + Debug + 'static {
    /// Hands the mail over to a server that takes it from there.
    ///
    /// A fault that may pass is `Unavailable`, `Timeout` or `Unauthorized` (the operator mends that);
    /// a mail that is refused for good is `Invalid`.
    async fn send(&self, mail: &Mail) -> Result<()>;
}

/// A request to a program, to be signed.
#[derive(Debug, Clone)]
pub struct SignedPost {
    /// What it is known by, however often it is sent.
    pub id: String,
    /// When it is sent.
    pub at: Timestamp,
    /// Where to.
    pub url: String,
    /// The JSON it carries.
    pub body: String,
    /// What it is signed with, each for itself.
    pub secrets: Vec<SecretString>,
}

/// How a program answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostAnswer {
    /// The HTTP status.
    pub status: u16,
    /// How long it asks us to wait.
    pub retry_after: Option<Duration>,
}

/// Sends requests as Standard Webhooks describes them
/// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
#[async_trait]
pub trait WebhookSender: Send + Sync + Debug + 'static {
    /// Refuses an address that requests must not go to, as far as that can be told without asking.
    fn check(&self, url: &str) -> Result<()>;

    /// A new secret to sign with: `whsec_` and 256 bits of chance in base64.
    fn new_secret(&self) -> Result<SecretString>;

    /// Sends a request. An answer, whatever its status, is no fault; a place that must not be
    /// reached is `Invalid`.
    async fn post(&self, post: &SignedPost) -> Result<PostAnswer>;
}
