//! What an author implements.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Delivery, Error, Event, Host, Issue, Page, Project, Query, Signal, Status};

/// An issue source. Write its methods as `async fn`.
///
/// `explainer plugin check` holds it to what the host expects: missing is `None` and not an error,
/// cursors that are not yours are [`Error::invalid`], ids and cursors may be hostile text.
pub trait Source: Send + Sync + Sized + 'static {
    /// What a workspace says to open it. Doc comments become descriptions in the settings' schema;
    /// make a secret a [`crate::Secret`].
    type Settings: DeserializeOwned + JsonSchema;

    /// The name workspaces choose it by: lower-case letters, digits and `-`.
    const KIND: &'static str;
    /// One line for people.
    const DESCRIPTION: &'static str;
    /// Fields of events that tell of people: `tags.NAME`, `extra.NAME`, `contexts.NAME`.
    const SENSITIVE: &'static [&'static str] = &[];
    /// Whether [`Source::webhook`] is implemented.
    const HAS_WEBHOOK: bool = false;
    /// Whether [`Source::comment`] is implemented.
    const HAS_COMMENT: bool = false;

    /// Opens it. Check the settings here; speak to the tracker later.
    fn open(settings: Self::Settings, host: Host) -> Result<Self, Error>;

    /// Whether the tracker can be reached with these settings; unless you know more to try, that
    /// is whether it lists its projects.
    fn check(&self) -> impl Future<Output = Result<Status, Error>> + Send {
        async {
            Ok(Status {
                organization: None,
                projects: self.projects().await?,
            })
        }
    }

    /// The projects that can be read.
    fn projects(&self) -> impl Future<Output = Result<Vec<Project>, Error>> + Send;

    /// One page of issues, the most recently seen first.
    fn issues(&self, query: Query) -> impl Future<Output = Result<Page, Error>> + Send;

    /// One issue; `None` when there is none with this id.
    fn issue(&self, id: String) -> impl Future<Output = Result<Option<Issue>, Error>> + Send;

    /// At most `limit` events of an issue, the newest first.
    fn events(
        &self,
        issue: String,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Event>, Error>> + Send;

    /// What a webhook delivery says, once its signature has been checked over the raw body:
    /// [`Delivery::verify`] does that for most trackers. Anybody may send one, so say what is not
    /// signed is [`Error::unauthenticated`], and do no more than read it; it is answered within 5 s.
    fn webhook(
        &self,
        _delivery: Delivery,
    ) -> impl Future<Output = Result<Vec<Signal>, Error>> + Send {
        async {
            Err(Error::unsupported(
                "could not take the webhook because this source has none",
            ))
        }
    }

    /// Writes a comment on an issue.
    fn comment(
        &self,
        _issue: String,
        _text: String,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async {
            Err(Error::unsupported(
                "could not comment because this source is read-only",
            ))
        }
    }
}
