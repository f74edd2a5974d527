//! Documents as an issue source: those of a folder, of one file, or built into the program.
//!
//! What is in a document is the core's to read (`explain::collect`); here they are found, grouped
//! into issues, and looked through. A folder is looked at anew at each call and read again when
//! something in it has changed.

mod cursor;
mod folder;
mod index;
mod query;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{Event, Issue, IssueQuery, Page, Project},
    ports::{IssueSource, SourceStatus},
};

use self::{
    folder::{Listing, Reading},
    index::Index,
    query::Query,
};

/// What errors call this adapter.
const ADAPTER: &str = "files";

/// Issues made from event documents.
#[derive(Debug)]
pub struct FilesSource {
    documents: Documents,
}

#[derive(Debug)]
enum Documents {
    OnDisk(Arc<OnDisk>),
    BuiltIn {
        name: &'static str,
        documents: &'static [(&'static str, &'static [u8])],
        index: OnceLock<Arc<Index>>,
    },
}

/// A path, and what was last read from it.
#[derive(Debug)]
struct OnDisk {
    path: PathBuf,
    last: Mutex<Option<(Listing, Arc<Index>)>>,
}

impl FilesSource {
    /// Reads the folder or the file at `path`; fails with `Invalid` when there is neither.
    pub fn open(path: &Path) -> Result<Self> {
        let path = path.canonicalize().map_err(|error| {
            let message = format!(
                "could not read the events of {} because {error}; name a folder or a file that is there",
                path.display()
            );
            Error::new(ErrorKind::Invalid, ADAPTER, "open", message).with_source(error)
        })?;
        let on_disk = OnDisk {
            path,
            last: Mutex::default(),
        };
        Ok(Self {
            documents: Documents::OnDisk(Arc::new(on_disk)),
        })
    }

    /// Reads documents that are part of the program; their issues are marked as samples.
    pub fn of_documents(
        name: &'static str,
        documents: &'static [(&'static str, &'static [u8])],
    ) -> Self {
        Self {
            documents: Documents::BuiltIn {
                name,
                documents,
                index: OnceLock::new(),
            },
        }
    }

    async fn index(&self, operation: &'static str) -> Result<Arc<Index>> {
        match &self.documents {
            Documents::BuiltIn {
                name,
                documents,
                index,
            } => {
                let read = || {
                    let mut reading = Reading::default();
                    for (file, bytes) in *documents {
                        reading.document(file, bytes);
                    }
                    Arc::new(Index::of_samples(name, reading.events))
                };
                Ok(index.get_or_init(read).clone())
            }
            Documents::OnDisk(on_disk) => {
                let on_disk = on_disk.clone();
                let read = tokio::task::spawn_blocking(move || on_disk.read());
                let read = read.await.map_err(|error| fault(operation, &error))?;
                read.map_err(|error| fault(operation, &error))
            }
        }
    }
}

fn fault(operation: &'static str, error: &dyn std::fmt::Display) -> Error {
    let message = format!(
        "could not read the folder of events because {error}; check that it is there and may be read"
    );
    Error::new(ErrorKind::Unavailable, ADAPTER, operation, message)
}

impl OnDisk {
    fn read(&self) -> std::io::Result<Arc<Index>> {
        let listing = Listing::of(&self.path)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, index)) = &*last
            && *known == listing
        {
            return Ok(index.clone());
        }
        let name = self.path.file_stem().unwrap_or_default().to_string_lossy();
        let index = Arc::new(Index::new(&name, listing.read()));
        *last = Some((listing, index.clone()));
        Ok(index)
    }
}

#[async_trait]
impl IssueSource for FilesSource {
    async fn check(&self) -> Result<SourceStatus> {
        let projects = self.projects().await?;
        Ok(SourceStatus {
            organization: None,
            projects,
        })
    }

    async fn projects(&self) -> Result<Vec<Project>> {
        Ok(self.index("projects").await?.projects())
    }

    async fn issues(&self, query: &IssueQuery) -> Result<Page<Issue>> {
        let index = self.index("issues").await?;
        let wanted = Query::parse(&query.query);
        let of_project = |issue: &Issue| match &query.project {
            Some(project) => *project == issue.project.id || *project == issue.project.slug,
            None => true,
        };
        let issues = index
            .issues()
            .filter(|issue| of_project(issue) && wanted.matches(issue));
        cursor::page(issues, query.cursor.as_deref(), usize::from(query.limit))
    }

    async fn issue(&self, id: &str) -> Result<Option<Issue>> {
        Ok(self
            .index("issue")
            .await?
            .get(id)
            .map(|entry| entry.issue.clone()))
    }

    async fn events(&self, issue: &str, limit: u16) -> Result<Vec<Event>> {
        let index = self.index("events").await?;
        let events = index.get(issue).into_iter().flat_map(|entry| &entry.events);
        Ok(events.take(usize::from(limit)).cloned().collect())
    }
}
