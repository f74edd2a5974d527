//! Issues of a Bugsink server, by its REST API (`/api/canonical/0/`, as of Bugsink 2.6).
//!
//! Bugsink stores events as SDKs send them, so they are passed on as they are. It knows no levels,
//! and its pages are of 250 issues whatever one asks for: `cursor` cuts them.

mod api;
mod cursor;
mod query;

use explainer_plugin_sdk::{Code, Error, Event, Host, Issue, Page, Project, Query, Secret, Source};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use api::Api;
use cursor::Cursor;
use query::Search;

/// How many events are read at the same time.
const AT_ONCE: usize = 8;
/// The longest id of an issue, in bytes: a UUID, or a project's name and a number.
const MAX_ID: usize = 100;

/// How to reach the server.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
pub struct Settings {
    /// The address of the server, such as `https://bugsink.example.com`.
    url: String,
    /// An API token, made under «Tokens» or by `bugsink-manage create_auth_token`.
    token: Secret,
}

/// The source.
#[derive(Debug)]
pub struct Bugsink {
    api: Api,
}

impl Source for Bugsink {
    type Settings = Settings;
    const KIND: &'static str = "bugsink";
    const DESCRIPTION: &'static str = "Issues of a Bugsink server";
    const HAS_COMMENT: bool = true;

    fn open(settings: Settings, host: Host) -> Result<Self, Error> {
        let api = Api::new(host, &settings.url, settings.token)?;
        Ok(Self { api })
    }

    async fn projects(&self) -> Result<Vec<Project>, Error> {
        let projects = self.api.projects().await?;
        Ok(projects.into_iter().map(Project::from).collect())
    }

    async fn issues(&self, query: Query) -> Result<Page, Error> {
        let cursor = Cursor::read(query.cursor.as_deref())?;
        let projects = self.projects().await?;
        let project = match &query.project {
            None => None,
            Some(wanted) => {
                let is_it = |it: &&Project| it.id == *wanted || it.slug == *wanted;
                let found = projects.iter().find(is_it);
                let none = || {
                    Error::not_found(
                        "could not list the issues because Bugsink has no such project; list the projects",
                    )
                };
                Some(found.ok_or_else(none)?.id.as_str())
            }
        };
        let search = Search::of(&query.query);
        let listed = self.api.issues(project, &search, cursor.upstream()).await;
        let listed = listed.map_err(|error| match error.code {
            // So it says when a cursor is not one of its own.
            Code::NotFound if query.cursor.is_some() => cursor::foreign(),
            _ => error,
        })?;
        let (range, next, prev) = cursor.cut(&listed, query.limit);
        let items = listed
            .results
            .into_iter()
            .skip(range.start)
            .take(range.len());
        Ok(Page {
            items: items.map(|issue| self.issue_of(issue, &projects)).collect(),
            next,
            prev,
        })
    }

    async fn issue(&self, id: String) -> Result<Option<Issue>, Error> {
        if !is_id(&id) {
            return Ok(None);
        }
        let found = match self.api.issue(&id).await {
            Err(error) if api::is_unknown(&error) => return Ok(None),
            found => found?,
        };
        Ok(Some(self.issue_of(found, &self.projects().await?)))
    }

    async fn events(&self, issue: String, limit: u16) -> Result<Vec<Event>, Error> {
        if !is_id(&issue) {
            return Err(api::no_such_issue());
        }
        let mut listed = self.api.events(&issue).await?.results;
        // They come in the order they arrived in, and clocks of clients differ.
        listed.sort_by(|a, b| b.moment().cmp(a.moment()));
        listed.truncate(limit.into());
        let read = |listed: api::ListedEvent| async move { self.api.event(&listed.id).await };
        let events = stream::iter(listed).map(read).buffered(AT_ONCE);
        let events: Vec<api::Event> = events.try_collect().await?;
        Ok(events.into_iter().map(|event| event.data.into()).collect())
    }

    async fn comment(&self, issue: String, text: String) -> Result<(), Error> {
        if !is_id(&issue) {
            return Err(api::no_such_issue());
        }
        self.api.comment(&issue, &text).await
    }
}

/// Whether Bugsink could have an issue with this id.
fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=MAX_ID).contains(&text.len()) && text.chars().all(plain)
}

impl Bugsink {
    fn issue_of(&self, issue: api::Issue, projects: &[Project]) -> Issue {
        let project = issue.project.to_string();
        let known = projects.iter().find(|it| it.id == project).cloned();
        let unknown = Project {
            slug: project.clone(),
            id: project,
            ..Project::default()
        };
        Issue {
            permalink: Some(self.api.page_of(&issue.id)),
            title: issue.title(),
            status: issue.status().to_owned(),
            metadata: issue.metadata(),
            culprit: Some(issue.transaction).filter(|it| !it.is_empty()),
            message: issue.calculated_value,
            project: known.unwrap_or(unknown),
            first_seen: issue.first_seen,
            last_seen: issue.last_seen,
            count: issue.digested_event_count,
            short_id: issue.friendly_id,
            id: issue.id,
            ..Issue::default()
        }
    }
}

explainer_plugin_sdk::export!(Bugsink);

#[cfg(test)]
mod tests {
    use explainer_plugin_sdk::{serde_json::json, testing};

    use super::*;

    #[test]
    fn settings_need_an_address_and_a_token() {
        let open = |url: &str| testing::open::<Bugsink>(json!({"url": url, "token": "t"}));
        for good in [
            "https://bugsink.example",
            "http://127.0.0.1:8000/",
            "https://a.example/bug/",
        ] {
            assert!(open(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "bugsink.example",
            "ftp://a.example",
            "https://a.example/?x",
            "https://a b",
        ] {
            assert_eq!(open(bad).unwrap_err().code, Code::InvalidArgument, "{bad}");
        }
        assert!(testing::open::<Bugsink>(json!({"url": "https://a.example"})).is_err());
        let shown = format!("{:?}", open("https://a.example").unwrap());
        assert!(!shown.contains("\"t\""), "{shown}");
    }
}
