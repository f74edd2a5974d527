//! Event documents in a folder, a file or the program itself, read as a source of issues.
//!
//! There is no error tracker here to say which events belong together, so the core groups them.
//! Finding and reading the files is `folder`'s, making issues of them `index`'s, the search
//! language `search`'s.

mod folder;
mod index;
mod page;
mod search;

use std::{path::PathBuf, sync::Arc, time::Instant};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{Event, Issue, IssueQuery, Page, Project},
    explain::collect,
    ports::{Clock as _, IssueSource, SourceStatus},
};
use tokio::sync::Mutex;

use crate::system::SystemClock;
use folder::Folder;
use index::Index;

/// The name of this adapter in errors.
const ADAPTER: &str = "files";

/// Issues made of event documents: SDK events, answers of Sentry's Web API, envelopes, webhooks.
#[derive(Debug, Clone)]
pub struct FilesSource {
    documents: Documents,
    clock: Arc<SystemClock>,
}

#[derive(Debug, Clone)]
enum Documents {
    OnDisk {
        folder: Arc<Folder>,
        last: Arc<Mutex<Option<Look>>>,
    },
    BuiltIn(Arc<Index>),
}

/// What was found at one time.
#[derive(Debug)]
struct Look {
    begun: Instant,
    index: Arc<Index>,
}

impl FilesSource {
    /// The documents in a folder and the folders below it (`*.json`, `*.jsonl`, `*.envelope`), or
    /// in one file. Nothing is read yet; every call sees the files as they then are.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self {
            documents: Documents::OnDisk {
                folder: Arc::new(Folder::new(path.into())),
                last: Arc::default(),
            },
            clock: Arc::default(),
        }
    }

    /// Documents that are part of the program, each with a name for the log. `name` is the project
    /// of those that do not say theirs.
    pub fn of_documents(name: &str, documents: &[(&str, &[u8])]) -> Self {
        let events = documents.iter().flat_map(|(document, bytes)| {
            collect::read(bytes).unwrap_or_else(|why| {
                tracing::warn!(document, %why, "left out a built-in document");
                Vec::new()
            })
        });
        Self {
            documents: Documents::BuiltIn(Arc::new(Index::new(name, events.map(Arc::new)))),
            clock: Arc::default(),
        }
    }

    /// Marks every issue of built-in documents as a sample.
    #[must_use]
    pub fn as_samples(mut self) -> Self {
        if let Documents::BuiltIn(index) = &mut self.documents {
            Arc::make_mut(index).mark_as_samples();
        }
        self
    }

    async fn index(&self, operation: &'static str) -> Result<Arc<Index>> {
        match &self.documents {
            Documents::BuiltIn(index) => Ok(Arc::clone(index)),
            Documents::OnDisk { folder, last } => {
                let asked = Instant::now();
                let mut last = last.lock().await;
                // Whoever looked while this call waited for its turn saw what it would see.
                if let Some(look) = last.as_ref().filter(|look| look.begun >= asked) {
                    return Ok(Arc::clone(&look.index));
                }
                let (folder, begun) = (Arc::clone(folder), Instant::now());
                let read = tokio::task::spawn_blocking(move || folder.index(operation));
                let index = read.await.map_err(|error| {
                    let why = "could not read the files because the reader stopped; try again";
                    Error::new(ErrorKind::Internal, ADAPTER, operation, why).with_source(error)
                })??;
                *last = Some(Look {
                    begun,
                    index: Arc::clone(&index),
                });
                Ok(index)
            }
        }
    }
}

#[async_trait]
impl IssueSource for FilesSource {
    async fn check(&self) -> Result<SourceStatus> {
        let index = self.index("check").await?;
        Ok(SourceStatus {
            organization: None,
            projects: index.projects(),
        })
    }

    async fn projects(&self) -> Result<Vec<Project>> {
        Ok(self.index("projects").await?.projects())
    }

    async fn issues(&self, query: &IssueQuery) -> Result<Page<Issue>> {
        let wanted = search::parse(&query.query)?;
        let index = self.index("issues").await?;
        let in_project = |issue: &Issue| {
            let project = query.project.as_deref();
            project.is_none_or(|wanted| wanted == issue.project.id || wanted == issue.project.slug)
        };
        let since = query.period.map(|period| self.clock.now() - period);
        let recent = |issue: &Issue| since.is_none_or(|since| issue.last_seen >= Some(since));
        let happened_in = |issue: &Issue, wanted| {
            let (_, events) = index.get(&issue.id)?;
            let mut environments = events.iter().filter_map(|it| it.environment.as_ref());
            environments.find(|environment| *environment == wanted)
        };
        let in_environment = |issue: &Issue| {
            let wanted = query.environment.as_ref();
            wanted.is_none_or(|wanted| happened_in(issue, wanted).is_some())
        };
        let found = index.issues().filter(|issue| in_project(issue));
        let found = found.filter(|issue| recent(issue) && in_environment(issue));
        let found = found.filter(|issue| wanted.iter().all(|term| term.matches(issue)));
        page::cut(&found.collect::<Vec<_>>(), query)
    }

    async fn issue(&self, id: &str) -> Result<Option<Issue>> {
        let index = self.index("issue").await?;
        Ok(index.get(id).map(|(issue, _)| issue.clone()))
    }

    async fn events(&self, issue: &str, limit: u16) -> Result<Vec<Event>> {
        let index = self.index("events").await?;
        let Some((_, events)) = index.get(issue) else {
            let why = "could not read the events because there is no such issue; list the issues";
            return Err(Error::new(ErrorKind::NotFound, ADAPTER, "events", why));
        };
        let newest = events.iter().take(limit.into());
        Ok(newest.map(|event| Event::clone(event)).collect())
    }
}
