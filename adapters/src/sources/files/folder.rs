//! Finds and reads the files, and reads again only what has changed.
//!
//! Everything here blocks; the caller keeps it off the async threads.

use std::{
    collections::BTreeMap,
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use explainer_core::{
    Error, ErrorKind, Result,
    domain::Event,
    explain::collect::{self, MAX_DOCUMENT},
};

use super::{ADAPTER, index::Index};

/// The most files read of one folder.
const MAX_FILES: usize = 5000;
/// The most bytes read of one folder.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// The deepest folder read, below the one named.
const MAX_DEPTH: usize = 8;

/// A folder of event documents, or one such file.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    known: Mutex<Known>,
}

/// What was read, and what it was made into.
#[derive(Debug, Default)]
struct Known {
    found: Option<Vec<(PathBuf, Stamp)>>,
    files: BTreeMap<PathBuf, ReadFile>,
    index: Arc<Index>,
}

#[derive(Debug)]
struct ReadFile {
    stamp: Stamp,
    events: Vec<Arc<Event>>,
}

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            known: Mutex::default(),
        }
    }

    /// The issues in the files as they are now.
    pub(super) fn index(&self, operation: &'static str) -> Result<Arc<Index>> {
        let found = find(&self.root).map_err(|error| unreadable(&self.root, operation, error))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.found.as_ref() != Some(&found) {
            let files: BTreeMap<_, _> = within_limits(found.clone())
                .into_iter()
                .map(|(path, stamp)| {
                    let read = known.files.remove(&path).filter(|file| file.stamp == stamp);
                    let read = read.unwrap_or_else(|| read_file(&path, stamp));
                    (path, read)
                })
                .collect();
            let events = files.values().flat_map(|file| file.events.iter().cloned());
            let index = Arc::new(Index::new(&name_of(&self.root), events));
            *known = Known {
                found: Some(found),
                files,
                index,
            };
        }
        Ok(Arc::clone(&known.index))
    }
}

fn name_of(root: &Path) -> String {
    let whole = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let name = if whole.is_file() {
        whole.file_stem()
    } else {
        whole.file_name()
    };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

fn unreadable(root: &Path, operation: &'static str, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::PermissionDenied => ErrorKind::Forbidden,
        _ => ErrorKind::Unavailable,
    };
    let why = format!(
        "could not read {} because {error}; name a folder or file that this service may read",
        root.display()
    );
    Error::new(kind, ADAPTER, operation, why).with_source(error)
}

/// The documents below `root`, by path.
fn find(root: &Path) -> io::Result<Vec<(PathBuf, Stamp)>> {
    let root = root.canonicalize()?;
    let metadata = root.metadata()?;
    if metadata.is_file() {
        return Ok(vec![(root, stamp(&metadata))]);
    }
    let mut files = Vec::new();
    let mut folders = vec![(root.clone(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(error),
            Err(error) => {
                tracing::debug!(folder = %folder.display(), %error, "left out a folder");
                continue;
            }
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            match look(&root, &path) {
                Some(metadata) if metadata.is_dir() && depth < MAX_DEPTH => {
                    folders.push((path, depth + 1));
                }
                Some(metadata) if metadata.is_file() && is_document(&path) => {
                    files.push((path, stamp(&metadata)));
                }
                _ => {}
            }
        }
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(files)
}

/// What is at `path`; nothing where it is hidden or a link to a folder or out of `root`.
fn look(root: &Path, path: &Path) -> Option<Metadata> {
    let is_hidden = path.file_name()?.to_string_lossy().starts_with('.');
    let metadata = path.symlink_metadata().ok()?;
    if is_hidden || !metadata.is_symlink() {
        return (!is_hidden).then_some(metadata);
    }
    let target = path.canonicalize().ok()?;
    let metadata = target.metadata().ok()?;
    (target.starts_with(root) && metadata.is_file()).then_some(metadata)
}

fn is_document(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    ["json", "jsonl", "envelope"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

fn stamp(metadata: &Metadata) -> Stamp {
    Stamp {
        modified: metadata.modified().ok(),
        size: metadata.len(),
    }
}

/// Leaves out what goes beyond the limits, and says so.
fn within_limits(mut files: Vec<(PathBuf, Stamp)>) -> Vec<(PathBuf, Stamp)> {
    let mut bytes = 0_u64;
    let fit = files.iter().take(MAX_FILES).take_while(|(_, stamp)| {
        bytes = bytes.saturating_add(stamp.size);
        bytes <= MAX_BYTES
    });
    let fit = fit.count();
    if let Some((first, _)) = files.get(fit) {
        let (first, left_out) = (first.display(), files.len() - fit);
        tracing::warn!(%first, left_out, "left out files because there are too many or they are too large");
    }
    files.truncate(fit);
    files
}

/// The events in one file; none where it is broken.
fn read_file(path: &Path, stamp: Stamp) -> ReadFile {
    let events = read_document(path).unwrap_or_else(|why| {
        tracing::warn!(file = %path.display(), why, "left out a file");
        Vec::new()
    });
    let events = events.into_iter().map(Arc::new).collect();
    ReadFile { stamp, events }
}

fn read_document(path: &Path) -> Result<Vec<Event>, String> {
    let mut document = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let limit = MAX_DOCUMENT as u64 + 1;
    file.take(limit)
        .read_to_end(&mut document)
        .map_err(|error| error.to_string())?;
    collect::read(&document).map_err(|why| why.to_string())
}
