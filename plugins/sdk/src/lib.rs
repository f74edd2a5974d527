//! Write an issue source for the Issue Explainer.
//!
//! Implement [`Source`] for a type, and export it:
//!
//! ```
//! use explainer_plugin_sdk::{Error, Event, Host, Issue, Page, Project, Query, Source};
//! # use explainer_plugin_sdk::{schemars, serde};
//!
//! /// What a workspace says about its tracker.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! # #[serde(crate = "explainer_plugin_sdk::serde")]
//! # #[schemars(crate = "explainer_plugin_sdk::schemars")]
//! struct Settings {
//!     /// Where it is.
//!     url: String,
//! }
//!
//! struct Tracker {
//!     settings: Settings,
//!     host: Host,
//! }
//!
//! impl Source for Tracker {
//!     type Settings = Settings;
//!     const KIND: &'static str = "tracker";
//!     const DESCRIPTION: &'static str = "Issues of a tracker";
//!
//!     fn open(settings: Settings, host: Host) -> Result<Self, Error> {
//!         Ok(Self { settings, host })
//!     }
//!
//!     async fn projects(&self) -> Result<Vec<Project>, Error> {
//!         let url = format!("{}/projects", self.settings.url);
//!         self.host.get(&url).send().await?.json()
//!     }
//!
//!     async fn issues(&self, query: Query) -> Result<Page, Error> {
//!         Ok(Page::default())
//!     }
//!
//!     async fn issue(&self, id: String) -> Result<Option<Issue>, Error> {
//!         Ok(None)
//!     }
//!
//!     async fn events(&self, issue: String, limit: u16) -> Result<Vec<Event>, Error> {
//!         Err(Error::not_found("could not read the events because there is no such issue"))
//!     }
//! }
//!
//! explainer_plugin_sdk::export!(Tracker);
//! # fn main() {}
//! ```
//!
//! Build it with `crate-type = ["cdylib"]`. What you `tracing::info!` reaches the host's log,
//! panics become errors of the call they happen in, and a call nobody waits for any more is
//! dropped at its next `.await`. Your futures run on one thread of the library's own: what blocks
//! belongs into `tokio::task::spawn_blocking`.

pub mod abi;
mod delivery;
mod error;
#[doc(hidden)]
pub mod export;
mod host;
mod http;
mod instance;
mod log;
mod messages;
mod no_abort;
mod paging;
mod runtime;
mod signal;
mod source;
pub mod testing;

pub use error::{Code, Error};
pub use host::Host;
pub use http::{Request, RequestHead, Response, ResponseHead};
pub use messages::{
    CommentRequest, Delivery, ErrorBody, Event, EventsRequest, Issue, IssueAnswer, IssueRequest,
    Level, Manifest, Nothing, Organization, Page, Project, ProjectsAnswer, Query, Secret, Status,
};
pub use signal::{Signal, SignalsAnswer};
pub use source::Source;
pub use {schemars, serde, serde_json, tracing};
