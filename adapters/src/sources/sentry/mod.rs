//! Sentry, and servers that speak its API: sentry.io of any region, self-hosted, `GlitchTip`.
//!
//! Facts about the API are from the OpenAPI document of getsentry/sentry-api-schema and the source
//! of getsentry/sentry. How requests are sent is `client`'s, when they may be sent `gate`'s, what a
//! refusal means `fault`'s, what a document says `shapes`', what a webhook says `webhook`'s.

mod client;
mod config;
mod doors;
mod fault;
mod flights;
mod gate;
mod link;
mod shapes;
mod webhook;

use std::{cmp::Reverse, sync::Arc, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{Event, Issue, IssueQuery, Page, Project},
    ports::{IssueSource, Organization, SourceStatus},
};
use futures::future::join;

pub use config::{SentryConfig, SentryDefaults, SentryKind};

use client::{Answer, Client, Endpoint};
use fault::Refusal;

/// The name of this adapter in errors, and the kind workspaces choose it by.
const ADAPTER: &str = "sentry";
/// The largest document of one thing, in bytes.
const ONE: usize = 4 * 1024 * 1024;
/// The largest document of a list.
const LIST: usize = 16 * 1024 * 1024;
/// How long a list of issues is as good as new.
const FRESH: Duration = Duration::from_secs(5);
/// How long a list of projects is.
const LASTING: Duration = Duration::from_secs(60);
/// Pages of projects, 100 each: nobody has more, and a server whose pages do not end is not followed further.
const PROJECT_PAGES: usize = 50;

/// Issues of one organisation.
#[derive(Debug, Clone)]
pub struct SentrySource {
    client: Arc<Client>,
}

impl SentrySource {
    /// The parts of a path below the API's root, below this organisation.
    fn below<'a>(&'a self, rest: &[&'a str]) -> Vec<&'a str> {
        let mut path = vec!["organizations", self.client.organization()];
        path.extend(rest);
        path
    }

    async fn organization(&self) -> Result<Organization> {
        let answer = self.client.organization_document().await;
        let answer = answer.map_err(|refusal| refusal.into_error("check"))?;
        let document = answer.json("check")?;
        Ok(shapes::organization(&document, self.client.organization()))
    }

    /// The projects of the organisation, from all pages.
    async fn all_projects(&self, operation: &'static str) -> Result<Vec<Project>> {
        let path = self.below(&["projects"]);
        let mut projects: Vec<Project> = Vec::new();
        let mut query = vec![("per_page", "100".to_owned())];
        for _ in 0..PROJECT_PAGES {
            let got = self
                .client
                .get(Endpoint::Projects, &path, &query, LIST, LASTING);
            let answer = got.await.map_err(|refusal| refusal.into_error(operation))?;
            let before = projects.len();
            for project in answer.list(operation)?.iter().filter_map(shapes::project) {
                if projects.iter().all(|known| known.id != project.id) {
                    projects.push(project);
                }
            }
            match answer.links().next {
                Some(cursor) if projects.len() > before => {
                    query.truncate(1);
                    query.push(("cursor", cursor));
                }
                _ => break,
            }
        }
        Ok(projects)
    }

    /// The id of the project called so: older servers take no slugs.
    async fn project_id(&self, name: &str) -> Result<String> {
        let found = match self.all_projects("issues").await {
            Ok(projects) => projects
                .into_iter()
                .find(|it| it.id == name || it.slug == name)
                .map(|it| it.id),
            // A token that may not list projects may still read their issues.
            Err(error) if error.kind() == ErrorKind::Forbidden => Some(name.to_owned()),
            Err(error) => return Err(error),
        };
        found.ok_or_else(|| {
            let name: String = name.chars().take(60).collect();
            let message = format!(
                "could not list the issues because {} has no project {name:?}; \
                 GET /issues/projects lists those there are",
                self.client.organization()
            );
            Error::new(ErrorKind::NotFound, ADAPTER, "issues", message)
        })
    }

    fn no_environment(&self, name: &str) -> Error {
        let name: String = name.chars().take(64).collect();
        let message = format!(
            "could not list the issues because {} has no environment {name:?} that the token may \
             see; leave it out, or name one that Sentry shows",
            self.client.organization()
        );
        Error::new(ErrorKind::NotFound, ADAPTER, "issues", message)
    }

    /// The event that tells most in Sentry's judgement, or else the newest.
    async fn telling(&self, issue: &str, names: &[&str]) -> Result<Option<Answer>, Refusal> {
        let mut refused = None;
        for name in names {
            match self
                .of_issue(Endpoint::Event, issue, &["events", name], &[])
                .await
            {
                Ok(None) => {}
                Err(refusal) if refusal.may_lack_endpoint() => refused = Some(refusal),
                done => return done,
            }
        }
        refused.map_or(Ok(None), Err)
    }

    async fn listed(&self, issue: &str, limit: u16) -> Result<Option<Answer>, Refusal> {
        let query = [
            ("full", "true".to_owned()),
            ("per_page", limit.clamp(1, 100).to_string()),
        ];
        self.of_issue(Endpoint::Events, issue, &["events"], &query)
            .await
    }
}

#[async_trait]
impl IssueSource for SentrySource {
    async fn check(&self) -> Result<SourceStatus> {
        Ok(SourceStatus {
            organization: Some(self.organization().await?),
            projects: self.all_projects("check").await?,
        })
    }

    async fn projects(&self) -> Result<Vec<Project>> {
        self.all_projects("projects").await
    }

    async fn issues(&self, wanted: &IssueQuery) -> Result<Page<Issue>> {
        let mut query = vec![
            ("query", wanted.query.clone()),
            ("limit", wanted.limit.clamp(1, 100).to_string()),
            ("sort", "date".to_owned()),
        ];
        if let Some(cursor) = &wanted.cursor {
            query.push(("cursor", link::checked(cursor)?));
        }
        if let Some(project) = &wanted.project {
            query.push(("project", self.project_id(project).await?));
        }
        if let Some(environment) = &wanted.environment {
            query.push(("environment", environment.clone()));
        }
        if let Some(period) = wanted.period {
            query.push(("statsPeriod", stats_period(period)));
        }
        let path = self.below(&["issues"]);
        let answer = self
            .client
            .get(Endpoint::Issues, &path, &query, LIST, FRESH);
        let answer = answer.await.map_err(|refusal| match &wanted.environment {
            // Whose organisation is unknown hears of it without an environment.
            Some(name) if refusal.is_missing() => self.no_environment(name),
            _ => refusal.into_error("issues"),
        })?;
        let rows = answer.list("issues")?;
        let issues = rows.iter().filter_map(shapes::issue);
        let links = answer.links();
        // A cursor that leads to where one is would be followed for ever.
        let elsewhere = |cursor: &String| Some(cursor) != wanted.cursor.as_ref();
        Ok(Page {
            items: issues.take(wanted.limit.into()).collect(),
            next: links.next.filter(elsewhere),
            prev: links.prev.filter(elsewhere),
        })
    }

    async fn issue(&self, id: &str) -> Result<Option<Issue>> {
        if !shapes::is_issue_id(id) {
            return Ok(None);
        }
        let latest = self.telling(id, &["latest"]);
        let (document, newest) = join(self.issue_document(id), latest).await;
        let document = document.map_err(|refusal| refusal.into_error("issue"))?;
        let Some(mut issue) = document.as_ref().and_then(shapes::issue) else {
            return Ok(None);
        };
        match newest {
            Ok(Some(answer)) => {
                if let Some(event) = answer.events().into_iter().next() {
                    shapes::complete(&mut issue, event);
                }
            }
            Ok(None) => {}
            // The issue is there; what its newest event would add is not worth losing it.
            Err(refusal) => tracing::debug!(%refusal, "an issue without its newest event"),
        }
        Ok(Some(issue))
    }

    async fn events(&self, issue: &str, limit: u16) -> Result<Vec<Event>> {
        if !shapes::is_issue_id(issue) || limit == 0 {
            return Ok(Vec::new());
        }
        let telling = self.telling(issue, &["recommended", "latest"]);
        let (best, listed) = if limit == 1 {
            (telling.await, Ok(None))
        } else {
            join(telling, self.listed(issue, limit)).await
        };
        let events = |answer: Option<Answer>| answer.map_or(Vec::new(), |it| it.events());
        let (best, listed) = match (best, listed) {
            (Ok(best), Ok(listed)) => (events(best), events(listed)),
            (Ok(Some(best)), Err(refusal)) | (Err(refusal), Ok(Some(best))) => {
                tracing::debug!(%refusal, "only some of the events of an issue");
                (best.events(), Vec::new())
            }
            (Err(refusal), _) | (_, Err(refusal)) => return Err(refusal.into_error("events")),
        };
        Ok(newest_first(best, listed, limit.into()))
    }

    async fn comment(&self, issue: &str, text: &str) -> Result<()> {
        self.add_note(issue, text)
            .await
            .map_err(|refusal| refusal.into_error("comment"))
    }
}

/// As Sentry writes it: in days where it is full ones, as its own pages do.
fn stats_period(period: Duration) -> String {
    let hours = period.as_secs() / 3600;
    match hours % 24 {
        0 => format!("{}d", hours / 24),
        _ => format!("{hours}h"),
    }
}

/// The best event and the newest of the others, `limit` in all.
fn newest_first(best: Vec<Event>, others: Vec<Event>, limit: usize) -> Vec<Event> {
    let known: Vec<_> = best.iter().map(|event| event.id.clone()).collect();
    let mut others: Vec<_> = others
        .into_iter()
        .filter(|event| event.id.is_none() || !known.contains(&event.id))
        .collect();
    others.sort_by_key(|event| Reverse(event.timestamp));
    others.truncate(limit.saturating_sub(best.len()));
    let mut events: Vec<_> = best.into_iter().take(limit).chain(others).collect();
    events.sort_by_key(|event| Reverse(event.timestamp));
    events
}
